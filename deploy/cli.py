"""The `riverchief` command. Commands import what they need when they run, so that a gateway loads no board."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import click

from sensors.errors import ConfigError, RiverChiefError
from sensors.place import WaterBody

#: The site that ships with the project.
EXAMPLE_SITE = Path(__file__).parent / "sites" / "xietang"

OWN_PACKAGES = ("sensors", "collectors", "analytics", "dashboard", "deploy")

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_BROKER_HELP = "mqtt://HOST:PORT, or mqtts://HOST:PORT for an encrypted connection."


def _tls_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options for the files of an encrypted connection."""
    for name, help_ in {
        "--key": "Its private key.",
        "--cert": "This service's own certificate.",
        "--ca": "Authority that vouches for the broker (mqtts).  [default: the system's]",
    }.items():
        command = click.option(name, type=_FILE, help=help_)(command)
    return command


#: Commands in modules of their own, ``module`` or ``module:name``; a module is imported when its command is asked for.
MODULES = {
    "account": "deploy.office.account_command",
    "alert": "deploy.office.alert_command",
    "audit": "deploy.office.audit_command",
    "backup": "deploy.backup.command",
    "books": "deploy.office.books_command",
    "certs": "deploy.broker.command",
    "city": "deploy.city.command",
    "command": "deploy.command_command",
    "doctor": "deploy.doctor.command",
    "fleet": "deploy.fleet.command",
    "hub": "deploy.hub.command",
    "orders": "deploy.office.orders_command",
    "probe": "deploy.commissioning.probe_command",
    "qc": "deploy.qc_command",
    "quarantine": "deploy.store.quarantine_command",
    "replay": "deploy.replay.command:replay",
    "report": "deploy.office.report_command",
    "restore": "deploy.backup.restore_command",
    "scan": "deploy.commissioning.scan_command",
    "site": "deploy.site.importing:site",
    "store": "deploy.store.command",
    "upgrade-check": "deploy.doctor.upgrade_check",
}


class Commands(click.Group):
    """The commands of this module and those of `MODULES`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in order."""
        return sorted([*super().list_commands(ctx), *MODULES])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Command of that name, loaded where it has not been yet."""
        if cmd_name not in MODULES:
            return super().get_command(ctx, cmd_name)
        module, _, name = MODULES[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name or "command")
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("riverchief"), prog_name="riverchief")
def cli() -> None:
    """Watch the rivers of a sub-district: from probes to classes on a board."""


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
@click.option("--data", type=_FOLDER, help="Where readings and logs are kept.  [default: var/SITE]")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the board.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address of the board; 0.0.0.0 for other machines."
)
@click.option("--embedded-broker", is_flag=True, help="Use the embedded broker even where mosquitto is installed.")
def run(site: Path, data: Path | None, port: int, host: str, embedded_broker: bool) -> None:
    """Run the whole system on this machine, polling the probes that SITE names."""
    from deploy.local.local import Options, run_local

    run_local(Options(site, data, port, embedded_broker, host=host), click.echo)


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
@click.option("--data", type=_FOLDER, help="Where readings and logs are kept.  [default: var/SITE-virtual]")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the board.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address of the board; 0.0.0.0 for other machines."
)
@click.option("--embedded-broker", is_flag=True, help="Use the embedded broker even where mosquitto is installed.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, other weather and discharges.")
@click.option("--history", type=click.IntRange(0, 720), default=24, show_default=True,
              help="Hours before the first start that the gateways have in their spools.")  # fmt: skip
@click.option("--replay", type=_FILE, help="Tidy table (time, station, determinand, value) to play instead.")
@click.option("--stations", type=_FILE, help="Its stations and water bodies.  [default: stations.csv beside it]")
@click.option("--expected", type=_FILE, help="Classes to compare with.  [default: expected.csv beside it]")
@click.option("--station", "names", multiple=True, help="Play this station of the table; may be given often.")
@click.option("--day", help="Day to play, YYYY-MM-DD in the site's time zone.  [default: the fullest]")
@click.option("--speed", type=click.FloatRange(1, 100_000), default=1440, show_default=True,
              help="Seconds of the record per second.")  # fmt: skip
@click.option("--once", is_flag=True, help="End when the record has been played and judged.")
def simulate(
    site: Path, data: Path | None, port: int, host: str, embedded_broker: bool, seed: int, history: int,
    replay: Path | None,
    stations: Path | None, expected: Path | None, names: tuple[str, ...], day: str | None, speed: float, once: bool,
) -> None:  # fmt: skip
    """Run the whole system on virtual probes: rivers that behave, or a record that is played through the registers."""
    from deploy.local.local import Options, Played, run_local

    played = Played(replay, stations, expected, names, day, speed, once) if replay else None
    for name, given in {"--stations": stations, "--expected": expected, "--station": names, "--day": day}.items():
        if given and not replay:
            raise click.UsageError(f"{name} goes with --replay FILE")
    if once and not replay:
        raise click.UsageError("--once goes with --replay FILE")
    run_local(Options(site, data, port, embedded_broker, True, seed, history, played, host), click.echo)


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
def check(site: Path) -> None:
    """Report every mistake in a SITE folder, with file, line and what is accepted."""
    from deploy.site.check import check_site

    found = check_site(site)
    click.echo(
        f"{found.name}: {len(found.rivers)} rivers, {sum(r.length_m for r in found.reaches.values()) / 1000:.1f} km, "
        f"{len(found.stations)} stations, {len(found.outfalls)} outfalls, {len(found.grids)} grids. No mistake found."
    )


@cli.command()
def profiles() -> None:
    """List the instrument profiles that a station may name."""
    from sensors.profile import load_profiles

    for profile in load_profiles().values():
        click.echo(f"{profile.id:20} {profile.vendor} {profile.model}: {', '.join(profile.determinands)}")


@cli.command()
@click.argument("readings", type=_FILE)
@click.option("--stations", type=_FILE, help="Table with station and water_body (river or lake).")
@click.option("--out", type=_FILE, required=True, help="Where the classes go: .parquet or .csv.")
@click.option("--timezone", help="Zone of times that carry none: Asia/Shanghai or +08:00.")
@click.option("--water-body", type=click.Choice(["river", "lake"]), default="river", show_default=True,
              help="Of every station, where no stations file says otherwise.")  # fmt: skip
def grade(readings: Path, stations: Path | None, out: Path, timezone: str | None, water_body: WaterBody) -> None:
    """Class of every record in a tidy table READINGS (.parquet or .csv: time, station, determinand, value)."""
    from deploy.grade import grade_file

    click.echo(str(grade_file(readings, stations, out, timezone=timezone, water_body=water_body)))


@cli.command()
@click.argument("source")
@click.option("--site", type=_FOLDER, required=True, help="Site whose stations they are.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for classes, evaluations and trends.")
@click.option("--cluster", metavar="ADDRESS", help="Dask scheduler that does the work, e.g. tcp://scheduler:8786.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine.  [default: its cores]")
@click.option("--grades-only", is_flag=True, help="Only a class for each record: no evaluations, no trends.")
def regrade(
    source: str, site: Path, out: Path, cluster: str | None, workers: int | None, grades_only: bool
) -> None:  # fmt: skip
    """Grade, evaluate and find trends in a history: SOURCE is a Parquet file, a folder of them, or a store's URL."""
    from deploy.regrade.progress import Bars
    from deploy.regrade.run import regrade as regrade_history

    if cluster and workers:
        raise click.UsageError("--workers is for this machine; a --cluster has its own")
    with Bars() as bars:
        summary = regrade_history(
            source, site, out, cluster=cluster, workers=workers, grades_only=grades_only, progress=bars
        )
    click.echo(str(summary))


@cli.command()
@click.argument("site", type=_FOLDER)
@click.option("--gateway", "names", multiple=True, help="Id of the gateway to be; may be given often.  [default: all]")
@click.option("--broker", required=True, help=_BROKER_HELP)
@click.option("--data", type=_FOLDER, required=True, help="Where the spool is kept.")
@click.option("--keep", "keep_hours", type=click.FloatRange(0, 720), default=0, show_default=True, metavar="HOURS",
              help="Keep what the hub has stored for so long: for a hub that is restored from a backup.")  # fmt: skip
@click.option("--metrics", metavar="HOST:PORT", envvar="RIVERCHIEF_METRICS",
              help="Serve /metrics, /healthz and /readyz there.")  # fmt: skip
@_tls_options
def gateway(
    site: Path, names: tuple[str, ...], broker: str, data: Path, keep_hours: float, metrics: str | None,
    ca: Path | None, cert: Path | None, key: Path | None,
) -> None:  # fmt: skip
    """Poll probes, keep readings on disk, publish them."""
    from deploy.broker.tls import TlsFiles
    from deploy.gateway.gateway import serve

    serve(site, names, broker, data, TlsFiles(ca, cert, key), metrics=metrics, keep_hours=keep_hours)


@cli.command("broker-config")
@click.argument("site", type=_FOLDER)
@click.option("--certs", "folder", type=_FOLDER, required=True, help="Folder of `riverchief certs`.")
@click.option("--out", type=_FOLDER, required=True, help="Where the files go; a folder of their own.")
@click.option("--home", type=_FOLDER, help="Where that folder is on the broker's machine.  [default: --out]")
@click.option("--state", type=_FOLDER, default=Path("/var/lib/mosquitto"), show_default=True,
              help="Folder in which the broker may write.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), default=8883, show_default=True)
@click.option("--bind", default="", help="Address that the broker listens on.  [default: every one of the machine]")
def broker_config(site: Path, folder: Path, out: Path, home: Path | None, state: Path, port: int, bind: str) -> None:
    """Write mosquitto's configuration and access list for a SITE, with everything that they need."""
    from deploy.broker.certs import Authority
    from deploy.broker.config import BrokerPlan, write
    from sensors.site import load_site

    plan = BrokerPlan((home or out).absolute(), state.absolute(), port, bind)
    written = write(load_site(site), Authority(folder), out, plan, datetime.now(UTC))
    for warning in written.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{out}: {', '.join(written.changed) or 'nothing'} changed")


@cli.command()
@click.argument("site", type=_FOLDER)
@click.argument("gateway", metavar="GATEWAY")
@click.option("--certs", "folder", type=_FOLDER, required=True, help="Folder of `riverchief certs`.")
@click.option("--broker", required=True, help="mqtts://HOST[:8883] as it is reached from the river.")
@click.option("--out", type=_FILE, required=True, help="The archive, e.g. gw-01.tar.gz. It carries a private key.")
@click.option("--min-days", type=click.IntRange(0, 825), default=30, show_default=True,
              help="Fewest days that the certificate must have left.")  # fmt: skip
@click.option("--wheels", type=_FOLDER,
              help="Wheels of the program and what it needs (pip download), for a box without a line.")  # fmt: skip
def bundle(
    site: Path, gateway: str, folder: Path, broker: str, out: Path, min_days: int, wheels: Path | None
) -> None:  # fmt: skip
    """Pack one file for a USB stick: a GATEWAY's part of the SITE, its certificate, its service."""
    from deploy.broker.bundle import write_bundle
    from deploy.broker.certs import Authority
    from sensors.site import load_site

    packed = write_bundle(
        load_site(site), gateway, Authority(folder), broker, out, datetime.now(UTC), min_days=min_days, wheels=wheels
    )
    click.echo(f"{packed.path}: {packed.stations} stations, certificate until {packed.until:%Y-%m-%d}")
    click.echo(f"sha256 {packed.sha256}\nIt carries the gateway's private key: delete it when the gateway runs.")


@cli.command()
@click.argument("site", type=_FOLDER)
@click.option("--store", required=True, help="Where the hub keeps readings, e.g. sqlite:///var/xietang/store.sqlite.")
@click.option("--books", help="sqlite:///PATH or postgresql://USER@HOST/NAME.  [default: only the water is shown]")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents.  [default: files, beside an SQLite file]")
@click.option("--access", type=click.Choice(["login", "demo"]), default="login", show_default=True,
              help="Whether people sign in, or pick whom they want to be (only on this machine).")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the board listens on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--behind-proxy", is_flag=True,
              help="A proxy on this machine serves it over TLS, and is believed who asks (X-Forwarded-*).")  # fmt: skip
@click.option("--key", type=_FILE, help="Key by which sessions are signed.  [default: sessions.key, beside the files]")
@click.option("--channels", type=_FILE, envvar="RIVERCHIEF_CHANNELS",
              help="Channels file of the alert service, for the page of administration.")  # fmt: skip
@click.option("--oidc", type=_FILE, help="Settings of an identity provider at which people sign in as well.")
def board(
    site: Path, store: str, books: str | None, files: Path | None, access: str, host: str, port: int,
    behind_proxy: bool, key: Path | None, channels: Path | None, oidc: Path | None,
) -> None:  # fmt: skip
    """Serve the board."""
    from deploy.board.board import BoardOptions, serve

    serve(BoardOptions(site, store, host, port, books, files, access, behind_proxy, key, channels, oidc))


@cli.command(hidden=True)
@click.argument("site", type=_FOLDER)
@click.option("--data", type=_FOLDER, required=True)
@click.option("--hours", type=int, required=True)
@click.option("--seed", type=int, default=1)
def history(site: Path, data: Path, hours: int, seed: int) -> None:
    """Fill the gateways' spools with the virtual past."""
    from deploy.local.virtual import fill_history

    fill_history(site, data, hours, seed)


@cli.command(hidden=True)
@click.argument("site", type=_FOLDER)
@click.option("--data", type=_FOLDER, required=True)
@click.option("--demo", type=int, help="Seed of the virtual rivers: fill new books for a demonstration.")
def office(site: Path, data: Path, demo: int | None) -> None:
    """Open the books of a system on one machine and enter what the site has."""
    from deploy.office.office import prepare_office

    prepare_office(site, data, demo_seed=demo)


@cli.command(hidden=True)
@click.option("--port", type=int, required=True)
def broker(port: int) -> None:
    """Run the embedded broker."""
    from deploy.broker.brokers import serve_embedded

    serve_embedded(port)


def main() -> None:
    """Entry point: the project's own errors become one clear text and exit code 1."""
    try:
        cli(standalone_mode=True)
    except ConfigError as error:
        count = len(error.problems)
        click.echo(f"{error}\n{count} mistake{'s' if count != 1 else ''} found.", err=True)
        sys.exit(1)
    except RiverChiefError as error:
        click.echo(f"riverchief: {error}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in OWN_PACKAGES:
            raise
        click.echo(
            f"riverchief: {error.name} is not installed; this command needs another part of the project: "
            "pip install 'riverchief[hub]', '[board]' or '[all]'",
            err=True,
        )
        sys.exit(1)


if __name__ == "__main__":
    main()
