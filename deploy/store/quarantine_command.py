"""`riverchief quarantine`: look at what the hub has refused, and feed it back when its cause is mended."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)

_reason = click.option("--reason", "reasons", multiple=True, help="Only these: future, station, determinand, ...")
_gateway = click.option("--gateway", "gateways", multiple=True, help="Only of these gateways.")

#: Most of a detail in a line of the list.
_WIDTH = 90


@click.group()
def command() -> None:
    """Look at what the hub has refused, and feed it back.

    FOLDER is where the hub keeps quarantine.jsonl: beside an embedded store, else its working folder.
    """


@command.command("list")
@click.argument("folder", type=_FOLDER)
@_reason
@_gateway
def list_(folder: Path, reasons: tuple[str, ...], gateways: tuple[str, ...]) -> None:
    """List what is held in FOLDER, and count it by gateway and reason.

    States: held (can be fed), fed, sender (its sender still has it and will send it again).
    """
    from deploy.store.quarantine_feed import chosen, held_in
    from sensors.reading import from_ms

    counts: Counter[tuple[str, str, str]] = Counter()
    for held in chosen(held_in(folder), (), reasons, gateways):
        entry = held.entry
        counts[held.gateway, entry.reason, held.state] += 1
        detail = entry.detail if len(entry.detail) <= _WIDTH else entry.detail[: _WIDTH - 1] + "…"
        click.echo(f"{entry.id}  {from_ms(entry.time_ms):%Y-%m-%d %H:%M:%S}Z  {held.state:6}  {held.gateway}: {detail}")
    for (gateway, reason, state), count in sorted(counts.items()):
        click.echo(f"{count:7} {state:6} {reason:12} {gateway}")
    if not counts:
        click.echo("Nothing is held.")


@command.command()
@click.argument("folder", type=_FOLDER)
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
def show(folder: Path, ids: tuple[str, ...]) -> None:
    """Show entries of FOLDER whole, as `quarantine list` names them."""
    from deploy.store.quarantine_feed import chosen, held_in
    from sensors.errors import UsageError
    from sensors.reading import from_ms

    found = list(chosen(held_in(folder), ids))
    for held in found:
        entry = held.entry
        click.echo(f"{entry.id} ({held.state}) refused {from_ms(entry.time_ms).isoformat()}, from {entry.source}")
        click.echo(f"{entry.detail}\n{entry.payload}\n")
    if missing := sorted(set(ids) - {held.entry.id for held in found}):
        raise UsageError(f"not in {folder}: {', '.join(missing)}")


@command.command()
@click.argument("folder", type=_FOLDER)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--site", type=_FOLDER, required=True, help="Site whose stations are accepted, as it is now.")
@click.option("--store", required=True, help="Where readings go, e.g. sqlite:///var/xietang/store.sqlite.")
@_reason
@_gateway
@click.option("--all", "everything", is_flag=True, help="Everything that is held.")
@click.option("--shift", type=float, default=0.0, metavar="SECONDS",
              help="Add to every time: what the gateway's clock was slow; negative where it was fast.")  # fmt: skip
def feed(
    folder: Path, ids: tuple[str, ...], site: Path, store: str, reasons: tuple[str, ...], gateways: tuple[str, ...],
    everything: bool, shift: float,
) -> None:  # fmt: skip
    """Feed what FOLDER holds into the store, by the rules that hold now; the hub may be running.

    What is refused again stays held.
    """
    from collectors.clock import clock_from
    from collectors.stores import open_store
    from deploy.store.quarantine_feed import chosen, held_in
    from deploy.store.quarantine_feed import feed as feed_one
    from sensors.errors import UsageError
    from sensors.site import load_site

    if not (ids or reasons or gateways or everything):
        raise UsageError("say what to feed: an ID of `riverchief quarantine list`, --reason, --gateway or --all")
    where, now_ms = load_site(site), clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    waiting = [held for held in chosen(held_in(folder), ids, reasons, gateways) if held.state == "held"]
    readings = whole = 0
    target = open_store(store)
    try:
        for held in waiting:
            fed = feed_one(held, where, target, now_ms(), round(shift * 1000))
            readings += fed.readings
            whole += not fed.refused
            if fed.refused:
                click.echo(f"{held.entry.id} stays: {fed.refused}", err=True)
    finally:
        target.close()
    click.echo(f"{readings} readings of {whole} entries stored; {len(waiting) - whole} entries are held still")
