"""Is what is kept there and sound: store, books, spools."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from collectors.spool_file import MIGRATIONS as SPOOL_MIGRATIONS
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from deploy.backup.sqlite import looking
from deploy.doctor.checks import Finding, good
from deploy.hub.marks import STATE
from sensors.durations import MINUTE_MS
from sensors.errors import StoreError

#: A newest reading that is older than this is a warning [ms].
_SILENT_MS = 3_600_000

#: A hub that has not written its state for so long does not run, or cannot write [ms].
_STATE_MS = 60_000

#: Readings further ahead than this mean a clock that is wrong [ms].
_AHEAD_MS = 600_000

#: Version of a spool's file.
SPOOL_VERSION = 1 + len(SPOOL_MIGRATIONS)

#: Labels of hub processes whose state is looked for.
_LABELS = ("all", "judge", *map(str, range(16)))


def store(url: str, now_ms: int, *, deep: bool = False) -> Iterator[Finding]:
    """Whether the store can be read, is fresh, and a hub writes to it."""
    if url.startswith("sqlite:///"):
        path = Path(url.partition("?")[0].removeprefix("sqlite:///"))
        if not path.is_file():
            yield Finding("store", "fault", f"there is no {path}", "start the hub, or restore a backup")
            return
        if deep:
            yield _sound("store", path)
    try:
        opened = open_store(url, read_only=True)
    except StoreError as error:
        advice = "riverchief upgrade-check says what would change" if "schema" in str(error) else "is its server up?"
        yield Finding("store", "fault", str(error), advice)
        return
    with closing(opened):
        series, marks = opened.series(), opened.watermarks()
        newest_ms = max((newest for _, newest in series.values()), default=None)
        told = f"{len(series)} series of {len(marks)} gateways"
        if newest_ms is None:
            yield Finding(
                "store", "warning", f"{told}, no reading yet", "does a gateway run, and do its readings come?"
            )
        elif newest_ms > now_ms + _AHEAD_MS:
            ahead = (newest_ms - now_ms) / 1000
            yield Finding("store", "warning", f"{told}, the newest reading is {ahead:.0f} s ahead of this clock",
                          "look at the clock of this machine and of the gateways")  # fmt: skip
        elif now_ms - newest_ms > _SILENT_MS:
            yield Finding("store", "warning", f"{told}, the newest reading is {(now_ms - newest_ms) / 3.6e6:.1f} h old",
                          "do gateways run, and does the hub take in?")  # fmt: skip
        else:
            yield good("store", f"{told}, the newest reading is {max(now_ms - newest_ms, 0) / 1000:.0f} s old")
        yield from _hubs(opened, now_ms)


def _hubs(opened: ReadingStore, now_ms: int) -> Iterator[Finding]:
    seen = False
    for label in _LABELS:
        text = opened.mark(STATE + label)
        if text is None:
            continue
        seen = True
        report = json.loads(text)
        age_ms = now_ms - int(report["time_ms"])
        wrong = [str(report[key]) for key in ("store_error", "broker_error", "slices_error") if report.get(key)]
        if problems := report.get("site", {}).get("problems", ()):
            wrong.append(f"{len(problems)} mistakes in its site")
        wrong += ["its disk is full"] * bool(report.get("disk_full"))
        held = sum(count for _, _, count in report.get("quarantine", ()))
        if age_ms > _STATE_MS:
            yield Finding("hub", "warning", f"{label}: wrote its state last {age_ms / MINUTE_MS:.0f} min ago",
                          "is it running? see its log")  # fmt: skip
        elif wrong:
            yield Finding("hub", "fault", f"{label}: {'; '.join(wrong)}", "see its log")
        elif held:
            yield Finding("hub", "warning", f"{label}: refused {held} since its start", "riverchief quarantine list")
        else:
            yield good("hub", f"{label}: running, {report.get('readings', 0):,} readings since its start")
    if not seen:
        yield Finding("hub", "warning", "no hub has ever told its state", "start riverchief hub")


def books(url: str, files: Path | None, *, deep: bool = False) -> Iterator[Finding]:
    """Whether the books can be read, have this version's form, and nobody has tampered with their trail."""
    from deploy.backup import books as backup_books

    path = backup_books.sqlite_path(url)
    if deep and path is not None and path.is_file():
        yield _sound("books", path)
    with backup_books.looking(url) as engine:
        with engine.connect() as connection:
            counted = backup_books.count(connection)
        newest = backup_books.revisions()[-1]
        if counted.revision != newest:
            yield Finding("books", "warning", f"form {counted.revision or 'none'}; this version has {newest}",
                          "riverchief upgrade-check says what would change")  # fmt: skip
            return
        verdict = backup_books.check_trail(engine)
        if verdict.problems:
            yield Finding("books", "fault", f"the audit trail was tampered with: {verdict.problems[0]}",
                          "riverchief audit verify lists all; restore a backup, and find out who")  # fmt: skip
        else:
            rows = sum(counted.rows.values())
            yield good("books", f"form {newest}, {rows:,} rows, trail of {verdict.entries:,} entries intact")
        folder = files or (path.parent / "files" if path is not None else None)
        if folder is not None:
            with engine.connect() as connection:
                yield from _attached(backup_books.digests(connection), folder)


def _attached(named: set[str], folder: Path) -> Iterator[Finding]:
    lost = sorted(digest for digest in named if not (folder / digest[:2] / digest).is_file())
    if lost:
        yield Finding("files", "fault", f"{len(lost)} of {len(named)} photos and documents are gone: {lost[0]}",
                      "restore them: riverchief restore --only files")  # fmt: skip
    else:
        yield good("attached", f"{len(named)} photos and documents, all there")


def spools(folder: Path, now_ms: int) -> Iterator[Finding]:
    """Whether a gateway's spools can be read, and what waits in them."""
    found = sorted(folder.glob("*.spool"))
    if not found:
        yield Finding("spool", "warning", f"no spool in {folder}", "start riverchief gateway with --data there")
    for path in found:
        try:
            with looking(path, wait_s=0.2) as db:
                (form,) = db.execute("PRAGMA user_version").fetchone()
                rows, oldest_ms = db.execute("SELECT count(*), min(time_ms) FROM row").fetchone()
        except StoreError as error:
            busy = isinstance(error.__cause__, sqlite3.OperationalError) and "lock" in str(error.__cause__)
            if busy:
                yield good("spool", f"{path.name}: a gateway runs on it")
            else:
                yield Finding("spool", "fault", str(error), "the gateway puts it aside when it starts; keep the file")
            continue
        if form > SPOOL_VERSION:
            yield Finding("spool", "fault", f"{path.name}: form {form}; this version knows {SPOOL_VERSION}",
                          "install the version that wrote it")  # fmt: skip
        else:
            age = "" if oldest_ms is None else f", the oldest of {(now_ms - oldest_ms) / 3.6e6:.1f} h ago"
            yield good("spool", f"{path.name}: {rows:,} observations wait{age}")
    for path in sorted(folder.glob("*.damaged*")):
        yield Finding("spool", "warning", f"{path.name} was put aside", "keep it: what can be read of it is not lost")


def _sound(check: str, path: Path) -> Finding:
    with looking(path) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        return Finding(check, "fault", f"{path} is damaged: {found}", "stop what writes it and restore a backup")
    return good(check, f"{path} has no damage")
