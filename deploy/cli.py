"""The `riverchief` command. Commands import what they need when they run, so that a gateway loads no board."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click

from sensors.errors import ConfigError, RiverChiefError
from sensors.place import WaterBody

#: The site that ships with the project.
EXAMPLE_SITE = Path(__file__).parent / "sites" / "xietang"

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("riverchief"), prog_name="riverchief")
def cli() -> None:
    """Watch the rivers of a sub-district: probes, classes, alerts, closed cases."""


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
@click.option("--data", type=_FOLDER, help="Where readings and logs are kept.  [default: var/SITE]")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the board.")
@click.option("--embedded-broker", is_flag=True, help="Use the embedded broker even where mosquitto is installed.")
def run(site: Path, data: Path | None, port: int, embedded_broker: bool) -> None:
    """Run the whole system on this machine, polling the probes that SITE names."""
    from deploy.local import Options, run_local

    run_local(Options(site, data, port, embedded_broker), click.echo)


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
@click.option("--data", type=_FOLDER, help="Where readings and logs are kept.  [default: var/SITE]")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the board.")
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
    site: Path, data: Path | None, port: int, embedded_broker: bool, seed: int, history: int, replay: Path | None,
    stations: Path | None, expected: Path | None, names: tuple[str, ...], day: str | None, speed: float, once: bool,
) -> None:  # fmt: skip
    """Run the whole system on virtual probes: rivers that behave, or a record that is played through the registers."""
    from deploy.local import Options, Played, run_local

    played = Played(replay, stations, expected, names, day, speed, once) if replay else None
    for name, given in {"--stations": stations, "--expected": expected, "--station": names, "--day": day}.items():
        if given and not replay:
            raise click.UsageError(f"{name} goes with --replay FILE")
    if once and not replay:
        raise click.UsageError("--once goes with --replay FILE")
    run_local(Options(site, data, port, embedded_broker, True, seed, history, played), click.echo)


@cli.command()
@click.argument("site", type=_FOLDER, default=EXAMPLE_SITE)
def check(site: Path) -> None:
    """Report every mistake in a SITE folder, with file, line and what is accepted."""
    from sensors.site import load_site

    found = load_site(site)
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
@click.argument("site", type=_FOLDER)
@click.option("--gateway", "names", multiple=True, help="Id of the gateway to be; may be given often.  [default: all]")
@click.option("--broker", required=True, help="mqtt://HOST:PORT of the hub's broker.")
@click.option("--data", type=_FOLDER, required=True, help="Where the spool is kept.")
def gateway(site: Path, names: tuple[str, ...], broker: str, data: Path) -> None:
    """Poll probes, keep readings on disk, publish them."""
    from deploy.gateway import serve

    serve(site, names, broker, data)


@cli.command()
@click.argument("site", type=_FOLDER)
@click.option("--broker", required=True, help="mqtt://HOST:PORT.")
@click.option("--store", required=True, help="Where readings go, e.g. sqlite:///var/xietang/store.sqlite.")
def hub(site: Path, broker: str, store: str) -> None:
    """Take readings from the broker into the store and judge them."""
    from deploy.hub import serve

    serve(site, broker, store)


@cli.command()
@click.argument("site", type=_FOLDER)
@click.option("--store", required=True, help="Where the hub keeps readings, e.g. sqlite:///var/xietang/store.sqlite.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the board listens on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
def board(site: Path, store: str, host: str, port: int) -> None:
    """Serve the board."""
    from deploy.board import serve

    serve(site, store, host, port)


@cli.command(hidden=True)
@click.argument("site", type=_FOLDER)
@click.option("--data", type=_FOLDER, required=True)
@click.option("--hours", type=int, required=True)
@click.option("--seed", type=int, default=1)
def history(site: Path, data: Path, hours: int, seed: int) -> None:
    """Fill the gateways' spools with the virtual past."""
    from deploy.virtual import fill_history

    fill_history(site, data, hours, seed)


@cli.command(hidden=True)
@click.argument("site", type=_FOLDER)
@click.option("--copy", type=_FOLDER, required=True, help="Where the site goes with the addresses that are served.")
@click.option("--seed", type=int, default=1)
@click.option("--replay", type=_FILE)
@click.option("--stations", type=_FILE)
@click.option("--station", "names", multiple=True)
@click.option("--period", type=float, help="Polling period of the copy [s].")
@click.option("--hold", type=int, help="How long a played value stays [ms].")
def fleet(
    site: Path, copy: Path, seed: int, replay: Path | None, stations: Path | None, names: tuple[str, ...],
    period: float | None, hold: int | None,
) -> None:  # fmt: skip
    """Serve virtual probes on loopback."""
    from deploy.virtual import serve, serve_replay

    if replay is None:
        serve(site, copy, seed)
    else:
        serve_replay(site, copy, replay, stations, names, period or 1.0, hold or 3_600_000)


@cli.command(hidden=True)
@click.option("--port", type=int, required=True)
def broker(port: int) -> None:
    """Run the embedded broker."""
    from deploy.brokers import serve_embedded

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


if __name__ == "__main__":
    main()
