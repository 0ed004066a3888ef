"""`riverchief backup`: everything that an installation cannot make anew, in one file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--to", type=click.Path(path_type=Path), required=True,
              help="New file, or a folder: then the file is named after site and time.")  # fmt: skip
@click.option("--site", type=_FOLDER, help="The site's folder.")
@click.option("--store", help="Where the hub keeps readings, e.g. sqlite:///var/xietang/store.sqlite.")
@click.option("--books", envvar="RIVERCHIEF_BOOKS", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents, where the books are on a server.")
@click.option("--hub", type=_FOLDER, help="Where the hub keeps its quarantine.  [default: beside an embedded store]")
@click.option("--channels", type=_FILE, envvar="RIVERCHIEF_CHANNELS", help="The channels file.")
@click.option("--certs", type=_FOLDER, help="Folder of certificates.")
@click.option("--secrets", is_flag=True, help="Keep channels and private keys as they are; needs --passphrase-file.")
@click.option("--passphrase-file", "phrase", type=_FILE, help="Encrypt with the first line of this file (mode 600).")
@click.option("--keep", type=click.IntRange(1), help="With a folder: remove all but the newest so many of this site.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    to: Path, site: Path | None, store: str | None, books: str | None, files: Path | None, hub: Path | None,
    channels: Path | None, certs: Path | None, secrets: bool, phrase: Path | None, keep: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Back up a running installation, and read the backup again before it counts."""
    from collectors.clock import machine_ms
    from deploy.backup.backup import Plan, back_up, prune
    from deploy.backup.seal import read_passphrase
    from deploy.regrade.progress import Bars

    if keep is not None:
        if to.exists() and not to.is_dir():
            raise click.UsageError("--keep goes with a folder as --to")
        to.mkdir(parents=True, exist_ok=True)
    folder = to if to.is_dir() else None
    passphrase = read_passphrase(phrase) if phrase is not None else None
    plan = Plan(site, store, books, files, hub, channels, certs, secrets, passphrase)
    begun_s = time.monotonic()
    with Bars() as bars:
        made = back_up(plan, to, machine_ms(), bars)
    seconds = time.monotonic() - begun_s
    gone = prune(folder, made.path, keep) if folder is not None and keep is not None else []
    if as_json:
        told = {"file": str(made.path), "bytes": made.size, "seconds": round(seconds, 1), "lost_files": made.lost}
        click.echo(json.dumps(told | {"counted": made.contents.counted, "removed": [str(path) for path in gone]}))
    else:
        _show(made, seconds, gone, passphrase is not None)
    problems = made.contents.counted.get("books", {}).get("problems", [])
    for problem in problems:
        click.echo(f"warning: the audit trail was tampered with before this backup: {problem}", err=True)
    for digest in made.lost:
        click.echo(f"warning: the books name the file {digest}, which was gone or damaged before", err=True)


def _show(made: Any, seconds: float, gone: list[Path], encrypted: bool) -> None:
    from deploy.backup.archive import size_text
    from deploy.backup.restore import PARTS

    contents = made.contents
    for part in PARTS:
        names = contents.names(part)
        size = sum(contents.entries[f"{part}/{name}"].size for name in names)
        if names:
            click.echo(f"{part:8} {len(names):7,} files {size_text(size):>12}{_more(contents.counted, part)}")
    click.echo(f"{made.path}: {size_text(made.size)}, written and read again in {seconds:.1f} s")
    for path in gone:
        click.echo(f"removed {path}")
    if not encrypted:
        click.echo("It is not encrypted: names, telephone numbers and password hashes of the books stand in it.")


def _more(counted: dict[str, Any], part: str) -> str:
    told = counted.get(part, {})
    if part == "store":
        return f"  {told['rows']['reading']:,} readings, watermarks of {len(told['watermarks'])} gateways"
    if part == "books":
        return f"  {sum(told['rows'].values()):,} rows, audit head {told.get('head', '')}"
    return ""
