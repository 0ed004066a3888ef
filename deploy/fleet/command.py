"""`riverchief fleet`: virtual instruments to learn with, and those of `riverchief simulate`."""

from __future__ import annotations

import socket
from pathlib import Path

import click
from click.core import ParameterSource

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("fleet")
@click.argument("site", type=_FOLDER, required=False)
@click.option("--profile", "names", multiple=True,
              help="Instead of a SITE: an instrument of this model; may be given often.")  # fmt: skip
@click.option("--units", "text", help="Unit ids of --profile, such as 1-20,31.  [default: one for each profile]")
@click.option("--port", type=click.IntRange(0, 65535), default=5020, show_default=True,
              help="Port of --profile; 0 for any that is free.")  # fmt: skip
@click.option("--as", "kind", type=click.Choice(["tcp", "rtu+tcp", "rtu", "rtu+listen"]), default="tcp",
              show_default=True,
              help="How --profile is served: on TCP, a pseudo terminal, by a DTU that dials in.")  # fmt: skip
@click.option("--dtu", default="virtual", show_default=True, help="Registration of the DTU that dials in.")
@click.option("--terminals", is_flag=True, help="Serve a SITE's serial lines on pseudo terminals.")
@click.option("--faults", type=_FILE, help="TOML file of what goes wrong, and when; read again when changed.")
@click.option("--copy", type=_FOLDER, help="Where a copy of the SITE goes with the addresses that are served.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--replay", type=_FILE, hidden=True)
@click.option("--stations", type=_FILE, hidden=True)
@click.option("--station", "played", multiple=True, hidden=True)
@click.option("--period", type=float, hidden=True, help="Polling period of the copy [s].")
@click.option("--hold", type=int, hidden=True, help="How long a played value stays [ms].")
def command(
    site: Path | None, names: tuple[str, ...], text: str | None, port: int, kind: str, dtu: str, terminals: bool,
    faults: Path | None, copy: Path | None, seed: int, replay: Path | None, stations: Path | None,
    played: tuple[str, ...], period: float | None, hold: int | None,
) -> None:  # fmt: skip
    """Serve virtual instruments on loopback: those of a SITE in its virtual rivers, or any --profile.

    Try them with riverchief probe and riverchief scan. Ctrl-C ends it.
    """
    from deploy.commissioning.scan import parse_units
    from deploy.local.virtual import serve, serve_profiles, serve_replay

    if names:
        if site is not None or replay is not None or copy is not None:
            raise click.UsageError("--profile is instead of a SITE, and takes neither --copy nor --replay")
        if kind in ("tcp", "rtu+tcp") and port:
            _check_port(port, asked=click.get_current_context().get_parameter_source("port") != ParameterSource.DEFAULT)
        serve_profiles(names, parse_units(text) if text else None, port, kind, dtu, seed, faults)
        return
    if text is not None:
        raise click.UsageError("--units goes with --profile")
    if site is None:
        from deploy.cli import EXAMPLE_SITE

        site = EXAMPLE_SITE
    if replay is None:
        serve(site, copy, seed, faults, terminals=terminals)
    elif copy is None:
        raise click.UsageError("--replay goes with --copy")
    else:
        serve_replay(site, copy, replay, stations, played, period or 1.0, hold or 3_600_000, faults)


def _check_port(port: int, *, asked: bool) -> None:
    """Say before anything is served that a port cannot be had: an error where somebody asked for this one."""
    from deploy.fleet.fleet import HOST
    from sensors.errors import UsageError

    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        told = f"port {port} of {HOST} cannot be had ({error.strerror})"
        if asked:
            raise UsageError(f"{told}; accepted: --port with one that is free, or 0 for any") from None
        click.echo(f"{told}: another one is served instead", err=True)
