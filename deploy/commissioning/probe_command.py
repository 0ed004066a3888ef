"""`riverchief probe`: is something there, what is it, what does it say, how fast; and a record of it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deploy.commissioning.record import Record
    from deploy.commissioning.session import Session, Wish

#: Clears a terminal and puts the cursor into its upper left corner.
_CLEAR = "\x1b[H\x1b[2J"


@click.command("probe")
@click.argument("target", metavar="ENDPOINT?unit=ID")
@click.option("--profile", "name", help="Instrument profile or a FILE.toml; without it, all are tried.")
@click.option("--unit", type=int, help="Unit id, where the endpoint does not carry it.  [default: 1]")
@click.option("--start", is_flag=True, help="Tell the probe to measure, where its profile has a start: this writes.")
@click.option("--watch/--once", "live", default=None, help="A live table, or once.  [default: live on a terminal]")
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON, and nothing else.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False),
              help="Keep the record: FILE.json, and FILE.txt to print and sign.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0.02, 60), default=1.0, show_default=True,
              help="Longest wait for an answer [s].")  # fmt: skip
@click.option("--period", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True, help="Of --watch [s].")
@click.option("--reads", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Polls of --once.")
@click.option("--by", help="Name in the record.  [default: the user of this machine]")
@click.option("--note", "notes", multiple=True, help="A sentence for the record; may be given often.")
def command(
    target: str, name: str | None, unit: int | None, start: bool, live: bool | None, as_json: bool,
    record: Path | None, timeout: float, period: float, reads: int, by: str | None, notes: tuple[str, ...],
) -> None:  # fmt: skip
    """Look at one probe: tcp://HOST[:502]?unit=3, rtu+tcp://HOST:PORT?unit=3 or rtu:///dev/ttyUSB0?baud=9600&unit=3.

    Nothing is ever written to the probe, unless --start asks for it. Ends with 1 where nothing could be read.
    """
    from dataclasses import replace

    from deploy.commissioning.probing import checked_unit, parse_target, profile_named
    from deploy.commissioning.record import check_writable, save, whoami
    from deploy.commissioning.session import Wish, commission

    asked = parse_target(target)
    if unit is not None and asked.unit not in (None, unit):
        raise click.UsageError(f"the endpoint says unit {asked.unit}, --unit says {unit}")
    asked = replace(asked, unit=checked_unit(asked.unit or (1 if unit is None else unit)))
    profile = profile_named(name) if name is not None else None
    wish = Wish(asked, profile, timeout, start, by or whoami(), notes)
    live = live if live is not None else sys.stdout.isatty() and not as_json
    if live and as_json:
        raise click.UsageError("--json goes with --once")

    if record is not None:
        check_writable(record)

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    say(f"Unit {asked.unit} at {asked.endpoint}" + ("" if profile is None else f", {profile.id}"))
    if live:
        made = asyncio.run(_live(wish, period))
    else:
        made = asyncio.run(commission(wish, say, reads, lambda session: None if as_json else _show(session)))
    if as_json:
        click.echo(json.dumps(made.as_json(), ensure_ascii=False))
    if record is not None:
        for path in save(made, record):
            click.echo(f"{path} written", err=as_json)
    if not _read(made):
        sys.exit(1)


async def _live(wish: Wish, period_s: float) -> Record:
    from deploy.commissioning.session import watch

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    cleared = sys.stdout.isatty()

    def shown(session: Session) -> None:
        click.echo(_CLEAR if cleared else "", nl=False)
        _show(session, live=True)

    return await watch(wish, click.echo, period_s, shown, stop)


def _show(session: Session, *, live: bool = False) -> None:
    from deploy.commissioning.record import ranking, summary, table

    click.echo(f"{session.presence}" + (" (Ctrl-C ends it)" if live and session.values else ""))
    for line in ranking(session.fits):
        click.echo(f"  {line}")
    if session.profile is not None:
        click.echo(summary(session.profile))
        for key, text in session.identity.items():
            click.echo(f"  {key}: {text}")
    if session.values:
        click.echo()
        for line in table(session.values, session.state):
            click.echo(line)
        for row in session.others:
            shown = "-" if row.value is None else f"{row.value:g}"
            raw = row.raw if len(row.raw) <= 40 else row.raw[:40] + " …"
            line = f"{row.determinand:28} {shown:>12} {row.unit:8} {row.reason:8} {row.registers:11} {raw}"
            click.echo(line.rstrip())
        click.echo()
    click.echo(f"{session.line.timing}")
    for text in session.advice:
        click.echo(f"! {text}")


def _read(record: Record) -> bool:
    return any(row.raw or row.value is not None for row in record.values)
