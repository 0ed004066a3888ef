"""`riverchief upgrade-check`: what this version would change in what is there, and whether it can read it at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import click

from sensors.errors import RiverChiefError

Verdict = Literal["same", "changes", "cannot"]

#: Exit code of the worst verdict.
EXIT = {"same": 0, "changes": 1, "cannot": 2}

#: Free space beside a migration [bytes].
_SPARE = 64 * 2**20

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one thing.

    Attributes
    ----------
    what : str
    verdict : str
        ``same``: nothing changes; ``changes``: brought up when a service opens it; ``cannot``: not by this version, or
        not here.
    found, wanted : str
        Its form, and the one of this version.
    detail : str
    needs_bytes : int
        Free space that the change takes at most [bytes].
    """

    what: str
    verdict: Verdict
    found: str
    wanted: str
    detail: str = ""
    needs_bytes: int = 0


def form(what: str, path: Path, found: int, newest: int, steps: str) -> Change:
    """Verdict on an SQLite file whose form is a number.

    Parameters
    ----------
    what : str
    path : Path
    found, newest : int
        Its form, and this version's.
    steps : str
        What bringing it up means.
    """
    names = str(found), str(newest)
    if found > newest:
        return Change(what, "cannot", *names, f"{path} was written by a newer version; install that one")
    if found == newest:
        return Change(what, "same", *names)
    return room(Change(what, "changes", *names, steps), path)


def room(change: Change, path: Path) -> Change:
    """The same change, with the space that it needs: all of it may be written once more, in the log beside the file."""
    needs = path.stat().st_size + _SPARE
    free = shutil.disk_usage(path.parent).free
    verdict: Verdict = change.verdict if free >= needs else "cannot"
    told = f"{change.detail}; needs up to {needs / 1e6:,.0f} MB, {free / 1e6:,.0f} MB are free"
    return Change(change.what, verdict, change.found, change.wanted, told, needs)


def store(url: str) -> Iterator[Change]:
    """What opening the store would change."""
    from collectors.stores import check_url, open_store
    from collectors.stores.sqlite_schema import MIGRATIONS, SCHEMA_VERSION
    from deploy.backup.sqlite import version_of

    scheme, where, _ = check_url(url)
    if scheme != "sqlite":
        open_store(url, read_only=True).close()
        yield Change("store", "same", "InfluxDB", "InfluxDB", "lines have no form that would be changed")
        return
    path = Path(where.removeprefix("sqlite:///"))
    found = version_of(path)
    steps = sum(len(step) for step in MIGRATIONS[max(found - 1, 0) :])
    told = f"{steps} statements in one transaction, when the hub starts; boards wait for it"
    yield form("store", path, found, SCHEMA_VERSION, told)


def books(url: str) -> Iterator[Change]:
    """What opening the books would change."""
    from alembic.script import ScriptDirectory

    from dashboard.casework.migrations import configuration
    from deploy.backup import books as backup_books

    with backup_books.looking(url) as engine, engine.connect() as connection:
        found = backup_books.revision_of(connection)
    known = backup_books.revisions()
    newest = known[-1]
    if found and found not in known:
        told = f"this version knows {', '.join(known)}; install the version that wrote them"
        yield Change("books", "cannot", found, newest, told)
        return
    if found == newest:
        yield Change("books", "same", found, newest)
        return
    script = ScriptDirectory.from_config(configuration())
    ahead = known[known.index(found) + 1 :] if found else known
    steps = ", ".join(f"{name} ({(script.get_revision(name).doc or '').strip()})" for name in ahead)
    change = Change("books", "changes", found or "none", newest, f"in one transaction, when they are opened: {steps}")
    path = backup_books.sqlite_path(url)
    yield change if path is None else room(change, path)


def spools(folder: Path) -> Iterator[Change]:
    """What starting the gateways of a folder would change."""
    from collectors.spool_file import MIGRATIONS
    from deploy.backup.sqlite import version_of
    from deploy.gateway.config import config_from_files, kept_at

    newest = 1 + len(MIGRATIONS)
    paths = sorted(folder.glob("*.spool"))
    if not paths:
        yield Change("spool", "cannot", "nothing", str(newest), f"there is no spool in {folder}")
    for path in paths:
        what = f"spool {path.stem}"
        try:
            yield form(what, path, version_of(path, wait_s=0.2), newest, "when the gateway starts")
        except RiverChiefError as error:
            told = "a gateway runs on it; stop it to look" if "locked" in str(error) else str(error)
            yield Change(what, "cannot", "not read", str(newest), told)
        slice_ = path.with_suffix(".slice")
        if slice_.exists():
            kept = kept_at(slice_)
            if kept is None:
                yield Change(f"slice {path.stem}", "cannot", "not read", "", f"{slice_} cannot be understood")
                continue
            try:
                config_from_files(kept.files, path.stem)
                yield Change(f"slice {path.stem}", "same", "loads", "loads")
            except RiverChiefError as error:
                told = f"{str(error).splitlines()[0]}; mend it at the hub before the gateway is upgraded"
                yield Change(f"slice {path.stem}", "cannot", "is refused", "loads", told)


def site(folder: Path) -> Iterator[Change]:
    """Whether this version takes the site folder as it is."""
    from deploy.site.check import check_site

    try:
        check_site(folder)
    except RiverChiefError as error:
        told = str(error).splitlines()
        yield Change("site", "cannot", f"{len(told)} mistakes", "no mistake", f"{told[0]}; riverchief check lists all")
    else:
        yield Change("site", "same", "no mistake", "no mistake")


def archive(path: Path, phrase: Path | None) -> Iterator[Change]:
    """Whether this version can restore a backup: what it says first, not all that is in it."""
    from deploy.backup.archive import FORMAT, peek
    from deploy.backup.seal import read_passphrase

    told = peek(path, read_passphrase(phrase) if phrase is not None else None)
    yield Change(
        "backup", "same", str(told["format"]), str(FORMAT), f"of site {told.get('site')}, by {told['software']}"
    )


def examined(what: str, look: Callable[[], Iterator[Change]]) -> list[Change]:
    """Verdicts of one look; what cannot be looked at cannot be read."""
    try:
        return list(look())
    except RiverChiefError as error:
        return [Change(what, "cannot", "not read", "", str(error))]


@click.command("upgrade-check")
@click.option("--site", "site_", type=_FOLDER, help="The site's folder.")
@click.option("--store", "store_url", help="Where the hub keeps readings.")
@click.option("--books", "books_url", envvar="RIVERCHIEF_BOOKS", help="sqlite:///PATH or postgresql://USER@HOST/NAME.")
@click.option("--data", type=_FOLDER, help="Folder of a gateway's spools.")
@click.option("--backup", type=_FILE, help="A backup that this version may have to restore.")
@click.option("--passphrase-file", "phrase", type=_FILE, help="Where the backup is encrypted.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(
    ctx: click.Context, site_: Path | None, store_url: str | None, books_url: str | None, data: Path | None,
    backup: Path | None, phrase: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Say what this version would change, before it does; changes nothing.

    Run it with the new version, before its services are started. Exit code 0: nothing changes. 1: something is brought
    up, and an older version cannot read it afterwards: make a backup first. 2: do not start this version here.
    """
    from functools import partial

    looks: dict[str, Callable[[], Iterator[Change]]] = {}
    if site_ is not None:
        looks["site"] = partial(site, site_)
    if store_url is not None:
        looks["store"] = partial(store, store_url)
    if books_url is not None:
        looks["books"] = partial(books, books_url)
    if data is not None:
        looks["spool"] = partial(spools, data)
    if backup is not None:
        looks["backup"] = partial(archive, backup, phrase)
    if not looks:
        raise click.UsageError("nothing to look at: give --site, --store, --books, --data or --backup")
    changes = [change for what, look in looks.items() for change in examined(what, look)]
    code = max(EXIT[change.verdict] for change in changes)
    if as_json:
        told = {"version": version("riverchief"), "exit": code, "changes": [asdict(change) for change in changes]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(changes, code)
    ctx.exit(code)


def _show(changes: list[Change], code: int) -> None:
    width = max(len(change.what) for change in changes)
    for change in changes:
        forms = change.found if change.found == change.wanted else f"{change.found} → {change.wanted}"
        more = f"  {change.detail}" if change.detail else ""
        click.echo(f"{change.verdict:8}{change.what:{width}}  {forms}{more}")
    said = {
        0: "Nothing changes.",
        1: "Make a backup first: what is brought up cannot be read by an older version afterwards.",
        2: "Do not start this version here.",
    }
    click.echo(f"riverchief {version('riverchief')}: {said[code]}")
