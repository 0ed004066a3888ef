"""`riverchief account`: who may sign in to the board, from the command line.

No password is given there, and none is shown but the one that works once.
"""

from __future__ import annotations

import getpass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from dashboard.casework.tables.accounts import Account
from dashboard.rights import STAFF
from deploy.office.books_command import books_options, now_ms, opened

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

#: Taken and not needed: whoever gives it to the other commands gives it to these too.
_site_unused = click.option("--site", type=_FOLDER, expose_value=False, help="Not needed; taken as elsewhere.")

_site = click.option("--site", type=_FOLDER, required=True, help="The site's folder: its departments, rivers, grids.")


@click.group()
def command() -> None:
    """Who may sign in to the board: add, list, disable, enable, give a one-time password, another role.

    What is done here is in the audit trail as done by whoever runs the command.
    """


@command.command()
@click.argument("account")
@click.argument("name")
@click.option("--role", type=click.Choice(STAFF), required=True)
@click.option("--department", help="Department, needed for that role.")
@click.option(
    "--river", "rivers", multiple=True, help="River of the person's area; may be given often.  [default: all]"
)
@click.option("--grid", "grids", multiple=True, help="Grid of the person's area; may be given often.  [default: all]")
@click.option("--contact", "contacts", multiple=True, metavar="CHANNEL=ADDRESS", help="May be given often.")
@click.option("--channels", type=_FILE, help="Channels file: contacts go by its names.  [default: kinds of channels]")
@click.option("--oidc-subject", help="Who the person is at the identity provider; no password then.")
@_site
@books_options
def add(
    account: str, name: str, role: str, department: str | None, rivers: tuple[str, ...], grids: tuple[str, ...],
    contacts: tuple[str, ...], channels: Path | None, oidc_subject: str | None, site: Path, books: str,
    files: Path | None,
) -> None:  # fmt: skip
    """Make an ACCOUNT for a person called NAME, and tell its one-time password."""
    from dashboard.accounts import people
    from dashboard.alerts.channels import MODULES
    from dashboard.alerts.contacts import load_outside
    from sensors.site import load_site

    pairs = [one.partition("=") for one in contacts]
    if not all(channel and address for channel, _, address in pairs):
        raise click.UsageError("--contact: accepted: CHANNEL=ADDRESS")
    known = load_site(site)
    accepted = sorted(load_outside(channels, known).channels if channels else MODULES)
    if unknown := [channel for channel, _, _ in pairs if channel not in accepted]:
        raise click.UsageError(
            f"--contact {unknown[0]!r:.60}: found no such channel; accepted: {', '.join(accepted)}"
            + ("" if channels else "; names of your own with --channels FILE")
        )
    held = {channel: address for channel, _, address in pairs}
    details = people.Details(name, role, department, rivers, grids, held, oidc_subject)
    with opened(books, files) as there:
        once = people.add(
            there, known, _actor(), now_ms(), account, details, password=oidc_subject is None
        )  # fmt: skip
    click.echo(f"{account}: made" + (f"; password for once: {once}" if once else ""))


@command.command("list")
@_site
@books_options
def list_(site: Path, books: str, files: Path | None) -> None:
    """List all accounts."""
    from dashboard.accounts import people
    from dashboard.accounts.settings import AccessSettings
    from sensors.site import load_site

    zone = ZoneInfo(load_site(site).timezone)
    with opened(books, files, must_exist=True) as there, there.read() as session:
        rows = people.accounts(session)
        closed = people.closed_until(session, [row.id for row in rows], AccessSettings())
    for row in rows:
        area = ",".join([*row.rivers, *row.grids]) or "all"
        state = _state(row)
        if (until := closed.get(row.id, 0)) > now_ms() and not row.disabled:
            state += f", closed until {datetime.fromtimestamp(until / 1000, zone):%Y-%m-%d %H:%M}"
        click.echo(f"{row.id:20} {row.role:13} {row.department or '-':16} {area:20} {row.name} ({state})")
    click.echo(f"{len(rows)} accounts")


@command.command()
@click.argument("account")
@_site_unused
@books_options
def disable(account: str, books: str, files: Path | None) -> None:
    """Switch an ACCOUNT off; its sessions end within seconds."""
    from dashboard.accounts.people import set_disabled

    with opened(books, files, must_exist=True) as there:
        set_disabled(there, _actor(), now_ms(), account, True)
    click.echo(f"{account}: off")


@command.command()
@click.argument("account")
@_site_unused
@books_options
def enable(account: str, books: str, files: Path | None) -> None:
    """Switch an ACCOUNT on, or open it where failures have closed it."""
    from dashboard.accounts.people import set_disabled

    with opened(books, files, must_exist=True) as there:
        set_disabled(there, _actor(), now_ms(), account, False)
    click.echo(f"{account}: on")


@command.command()
@click.argument("account")
@_site_unused
@books_options
def password(account: str, books: str, files: Path | None) -> None:
    """Give an ACCOUNT a one-time password, and tell it; its sessions end."""
    from dashboard.accounts.people import reset_password

    with opened(books, files, must_exist=True) as there:
        once = reset_password(there, _actor(), now_ms(), account)
    click.echo(f"{account}: password for once: {once}")


@command.command()
@click.argument("account")
@click.argument("role", type=click.Choice(STAFF))
@click.option("--department", help="Department, needed for that role.  [default: as it is]")
@_site
@books_options
def role(account: str, role: str, department: str | None, site: Path, books: str, files: Path | None) -> None:
    """Give an ACCOUNT another ROLE; area and contacts stay."""
    from dashboard.accounts import people
    from sensors.errors import UsageError
    from sensors.site import load_site

    with opened(books, files, must_exist=True) as there:
        with there.read() as session:
            row = session.get(Account, account)
        if row is None:
            raise UsageError(f"there is no account {account!r:.60}")
        held = people.Details(row.name, role, department or row.department, row.rivers, row.grids, row.contacts,
                              row.oidc_subject)  # fmt: skip
        people.change(there, load_site(site), _actor(), now_ms(), account, held, "another role")
    click.echo(f"{account}: {role}")


def _state(row: Account) -> str:
    if row.disabled:
        return "off"
    if row.password_hash:
        return "one-time password" if row.must_change else "on"
    return "single sign-on" if row.oidc_subject else "no password"


def _actor() -> str:
    """Who runs the command, as the audit trail names them."""
    return f"cli:{getpass.getuser()}"[:80]
