"""`riverchief scan`: find the units on a bus."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deploy.commissioning.scan import Found

#: Form of the JSON that is printed.
SCHEMA = "riverchief.scan/1"


@click.command("scan")
@click.argument("target", metavar="ENDPOINT")
@click.option("--units", "text", default="1-247", show_default=True, help="Unit ids to ask, such as 1-20,31.")
@click.option("--timeout", type=click.FloatRange(0.005, 60),
              help="Longest wait for one answer [s].  [default: by the kind of bus]")  # fmt: skip
@click.option("--thorough", is_flag=True, help="Ask whoever is silent twice: for an instrument that no profile knows.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON, and nothing else.")
def command(target: str, text: str, timeout: float | None, thorough: bool, as_json: bool) -> None:
    """Find the units on a bus: tcp://HOST[:502], rtu+tcp://HOST:PORT or rtu:///dev/ttyUSB0?baud=9600.

    Nothing is written. A unit that refuses the question is there as well. Ends with 1 where nobody was found.
    """
    from collectors.bus import Bus, BusError
    from deploy.commissioning.probing import check_reach, parse_target
    from deploy.commissioning.scan import Scan, asked, parse_units, patience, scan
    from deploy.commissioning.session import DIAL_S, unreachable
    from sensors.errors import UsageError

    where = parse_target(target)
    if where.unit is not None:
        raise click.UsageError(f"unit={where.unit} is for riverchief probe; here --units {where.unit}")
    units = parse_units(text)
    wait_s = timeout or patience(where.endpoint)
    most_s = len(units) * wait_s * len(asked(thorough))
    click.echo(f"{len(units)} unit ids on {where.endpoint}, at most {most_s:.0f} s", err=as_json)
    done = 0

    def told(unit: int, there: Found | None) -> None:
        nonlocal done
        done += 1
        if there is not None and not as_json:
            click.echo(f"\r\x1b[K{_line(there)}" if sys.stdout.isatty() else _line(there))
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{done}/{len(units)} …", nl=False, err=True)

    async def run() -> Scan:
        await check_reach(where.endpoint)
        async with Bus(
            where.endpoint, wait_s, connect_s=DIAL_S if where.endpoint.kind == "rtu+listen" else max(2.0, 3 * wait_s)
        ) as bus:
            return await scan(bus, where.endpoint, units, wait_s, time.perf_counter, told, thorough=thorough)

    begun = time.monotonic()
    try:
        result = asyncio.run(run())
    except BusError as error:
        raise UsageError("; ".join(unreachable(where.endpoint, error))) from None
    finally:
        if sys.stderr.isatty():
            click.echo("\r\x1b[K", nl=False, err=True)
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA} | asdict(result), ensure_ascii=False))
    else:
        click.echo(
            f"{len(result.found)} of {len(units)} units answer; {time.monotonic() - begun:.1f} s; {result.timing}"
        )
        for remark in result.remarks:
            click.echo(f"! {remark}")
        if result.found:
            mark = "&" if "?" in str(where.endpoint) else "?"
            click.echo(f"Next: riverchief probe '{where.endpoint}{mark}unit={result.found[0].unit}'")
        else:
            click.echo(
                "! nobody: is the line powered, are A and B the right way round, do baud rate and parity fit? "
                f"A slow line needs more patience: --timeout {4 * wait_s:.1g}; an unknown instrument: --thorough"
            )
    if not result.found:
        sys.exit(1)


def _line(there: Found) -> str:
    return f"unit {there.unit:3}  {there.how}  ({there.trip_ms:.1f} ms)"
