"""`riverchief restore`: put a backup back, or only see whether it could be."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deploy.backup.archive import Contents

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("archive", metavar="FILE", type=_FILE)
@click.option("--into", type=_FOLDER, help="Everything into this folder, as on a machine that has all of it.")
@click.option("--store", help="Place of the readings, where it is another: sqlite:///PATH or influx://HOST/ORG/BUCKET.")
@click.option("--books", help="Place of the books: sqlite:///PATH, or postgresql://USER@HOST/NAME, which is empty.")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents.")
@click.option("--site", type=_FOLDER, help="The site's folder.")
@click.option("--hub", type=_FOLDER, help="Folder of the hub's quarantine.")
@click.option("--only", metavar="PART,...", help="Only these: store, books, files, hub, site, config, certs.")
@click.option("--force", is_flag=True, help="Set aside what stands there, under another name; nothing is deleted.")
@click.option("--passphrase-file", "phrase", type=_FILE, help="Where it is encrypted.")
@click.option("--check", is_flag=True, help="Only read it to its end, and say what is in it.")
def command(
    archive: Path, into: Path | None, store: str | None, books: str | None, files: Path | None, site: Path | None,
    hub: Path | None, only: str | None, force: bool, phrase: Path | None, check: bool,
) -> None:  # fmt: skip
    """Restore a backup FILE. Stop hub, alert service and board first; start them afterwards."""
    from collectors.clock import machine_ms
    from deploy.backup.archive import read
    from deploy.backup.restore import PARTS, Targets, restore
    from deploy.backup.seal import read_passphrase
    from deploy.regrade.progress import Bars

    passphrase = read_passphrase(phrase) if phrase is not None else None
    if check:
        _show(read(archive, passphrase))
        return
    given: dict[str, Any] = {"store": store, "books": books, "files": files, "site": site, "hub": hub}
    targets = Targets.into(into) if into is not None else Targets()
    targets = replace(targets, **{name: place for name, place in given.items() if place is not None})
    if only is not None:
        wanted = frozenset(part.strip() for part in only.split(","))
        if strange := wanted - set(PARTS):
            raise click.UsageError(f"--only: found {', '.join(sorted(strange))}; accepted: {', '.join(PARTS)}")
        targets = targets.only(wanted)
    begun_s = time.monotonic()
    with Bars() as bars:
        restored = restore(archive, passphrase, targets, machine_ms(), force=force, progress=bars)
    for part, told in restored.placed.items():
        click.echo(f"{part:8} {told}")
    for path in restored.aside:
        click.echo(f"set aside: {path}")
    click.echo(f"restored in {time.monotonic() - begun_s:.1f} s; the backup is of {_moment(restored.contents)}")
    if "store" in restored.placed:
        click.echo(
            "Start the hub: gateways send again what their spools still have. What they had delivered after the backup "
            "is counted by riverchief_hub_lost_rows_total, and in the hub's log."
        )


def _moment(contents: Contents) -> str:
    moment = datetime.fromtimestamp(contents.about["created_ms"] / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC, site {contents.about['site'] or 'unknown'}"


def _show(contents: Contents) -> None:
    from deploy.backup.archive import size_text
    from deploy.backup.restore import PARTS

    click.echo(f"backup of {_moment(contents)}, by riverchief {contents.about['software']}")
    for part in PARTS:
        names = contents.names(part)
        if names:
            size = sum(contents.entries[f"{part}/{name}"].size for name in names)
            click.echo(f"{part:8} {len(names):7,} files {size_text(size):>12}")
    counted = contents.counted
    if "store" in counted:
        click.echo(f"store    schema {counted['store']['version']}, {counted['store']['rows']['reading']:,} readings")
        for gateway, (epoch, seq) in sorted(counted["store"]["watermarks"].items()):
            click.echo(f"         {gateway}: stored up to {seq} of {epoch}")
    if "books" in counted:
        told = counted["books"]
        click.echo(
            f"books    form {told['revision']}, {sum(told['rows'].values()):,} rows, head {told.get('head', '')}"
        )
    click.echo("It is whole: everything in it was read and has the hash that was noted.")
