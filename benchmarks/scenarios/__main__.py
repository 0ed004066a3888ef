"""``python -m benchmarks.scenarios T01 T02 ...``: builds scenarios that are not there yet."""

from __future__ import annotations

import time

import click

from benchmarks.scenarios.build import build
from benchmarks.scenarios.plan import PLANS, home


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--again", is_flag=True, help="Build those that are there, too.")
def main(names: tuple[str, ...], again: bool) -> None:
    """Build scenarios by name (T01 to T08 for tuning, C01 ... for many discharges); without a name, T01 to T08."""
    unknown = [name for name in names if name not in PLANS]
    if unknown:
        raise click.UsageError(f"{', '.join(unknown)}: no such scenario; there are {', '.join(PLANS)}")
    for name in names or [name for name in PLANS if name.startswith("T")]:
        folder = home() / name
        if folder.is_dir() and not again:
            click.echo(f"{name}: already in {folder}")
            continue
        begun = time.perf_counter()
        click.echo(f"{name}:", nl=False)
        build(PLANS[name], folder, lambda text: click.echo(f" {text}", nl=False))
        click.echo(f"; {time.perf_counter() - begun:.0f} s, in {folder}")


main()
