"""`riverchief certs`: who may speak on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group()
def command() -> None:
    """Issue, renew and revoke the certificates by which services know each other."""


@command.command("init")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--days", type=click.IntRange(30, 7300), default=3650, show_default=True, help="Validity.")
def certs_init(folder: Path, days: int) -> None:
    """Make a private authority in DIR. Keep DIR off the gateways: its key makes anybody anybody."""
    from deploy.broker.certs import Authority

    Authority.create(folder, datetime.now(UTC), days)
    click.echo(f"{folder}: a new authority. Next: riverchief certs issue {folder} --server HOST")


@command.command("issue")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.option("--server", "hosts", multiple=True, help="Name or address of the broker; may be given often.")
@click.option("--gateway", "gateways", multiple=True, help="Id of a gateway; may be given often.")
@click.option("--hub", is_flag=True)
@click.option("--shard", type=click.IntRange(0, 999), help="For a hub that takes this shard only.")
@click.option("--board", is_flag=True)
@click.option("--operator", is_flag=True, help="For whoever may give commands to gateways.")
@click.option("--days", type=click.IntRange(1, 825), help="Validity.  [default: server 397, else 180]")
def certs_issue(
    folder: Path, hosts: tuple[str, ...], gateways: tuple[str, ...], hub: bool, shard: int | None, board: bool,
    operator: bool, days: int | None,
) -> None:  # fmt: skip
    """Issue certificates to the broker (--server), gateways, the hub, the board or operators."""
    from deploy.broker.certs import BOARD, OPERATOR, SERVER, Authority, gateway_name, hub_name

    if shard is not None and not hub:
        raise click.UsageError("--shard goes with --hub")
    names = [SERVER] * bool(hosts) + [gateway_name(gateway) for gateway in gateways]
    names += [hub_name(shard)] * hub + [BOARD] * board + [OPERATOR] * operator
    if not names:
        raise click.UsageError("say for whom: --server HOST, --gateway ID, --hub, --board or --operator")
    authority = Authority(folder)
    for name in names:
        pair = authority.issue(name, datetime.now(UTC), hosts=hosts if name == SERVER else (), days=days)
        click.echo(f"{pair.certificate} and {pair.key.name}, until {pair.x509.not_valid_after_utc:%Y-%m-%d}")


@command.command("renew")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--days", type=click.IntRange(1, 825), help="Validity.  [default: server 397, else 180]")
def certs_renew(folder: Path, names: tuple[str, ...], days: int | None) -> None:
    """Renew certificates by NAME as `certs list` shows it; without one, all that are due."""
    from deploy.broker.certs import Authority

    authority = Authority(folder)
    chosen = names or authority.due(datetime.now(UTC))
    for name in chosen:
        pair = authority.renew(name, datetime.now(UTC), days=days)
        click.echo(f"{pair.certificate} and {pair.key.name}, until {pair.x509.not_valid_after_utc:%Y-%m-%d}")
    if not chosen:
        click.echo("Nothing is due.")


@command.command("revoke")
@click.argument("folder", metavar="DIR", type=_FOLDER)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def certs_revoke(folder: Path, names: tuple[str, ...]) -> None:
    """Revoke every certificate of a NAME, e.g. gateway.gw-01 of a box that was stolen."""
    from deploy.broker.certs import Authority

    authority = Authority(folder)
    for name in names:
        click.echo(f"{name}: {authority.revoke(name, datetime.now(UTC))} revoked")
    click.echo("Now run riverchief broker-config again and restart the broker: until then they still work.")


@command.command("list")
@click.argument("folder", metavar="DIR", type=_FOLDER)
def certs_list(folder: Path) -> None:
    """Show every certificate and the days it has left."""
    from deploy.broker.certs import Authority

    for entry in Authority(folder).entries(datetime.now(UTC)):
        line = f"{entry.name:24} {entry.days_left:5} days  {entry.until:%Y-%m-%d}  {entry.state:8}"
        click.echo(f"{line}  {', '.join(entry.hosts)}".rstrip())
