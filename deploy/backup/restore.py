"""Restores a backup: everything is unpacked and checked before the first thing is put in place, and nothing is deleted.

What stands where something is to go is refused, or set aside under another name where that was told. After it, the
watermarks are those of the backup: gateways send again what their spools still have.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.stores import open_store, prepare_store
from dashboard.casework.database import open_books
from deploy.backup import books as backup_books
from deploy.backup import store as backup_store
from deploy.backup.archive import Contents, read
from deploy.backup.sqlite import check_unused, rows_of
from deploy.backup.staging import staging
from deploy.store.copy import Copy, Progress
from sensors.errors import StoreError, UsageError

#: Files that SQLite keeps beside another one; left behind, they would be taken for the new one's.
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where parts go; a part without a place stays out.

    Attributes
    ----------
    store, books : str or None
        URLs.
    files, hub, site, config, certs : Path or None
        Folders.
    """

    store: str | None = None
    books: str | None = None
    files: Path | None = None
    hub: Path | None = None
    site: Path | None = None
    config: Path | None = None
    certs: Path | None = None

    @classmethod
    def into(cls, folder: Path) -> Targets:
        """Everything in one folder, as an installation on one machine has it."""
        folder = folder.absolute()
        return cls(
            f"sqlite:///{folder / 'store.sqlite'}", f"sqlite:///{folder / 'books.sqlite'}", folder / "files", folder,
            folder / "site", folder / "config", folder / "certs",
        )  # fmt: skip

    def only(self, parts: frozenset[str]) -> Targets:
        """Some of the parts."""
        return Targets(**{name: getattr(self, name) if name in parts else None for name in PARTS})


#: Parts that have a place.
PARTS = ("store", "books", "files", "hub", "site", "config", "certs")


@dataclass(slots=True)
class Restored:
    """What became of it.

    Attributes
    ----------
    contents : Contents
    placed : dict of str to str
        Part -> where it is, and how much.
    aside : list of Path
        What stood there before, under its new name.
    """

    contents: Contents
    placed: dict[str, str] = field(default_factory=dict)
    aside: list[Path] = field(default_factory=list)


def restore(
    archive: Path, passphrase: bytes | None, targets: Targets, now_ms: int, *, force: bool = False,
    progress: Progress = lambda what, done, of: None,
) -> Restored:  # fmt: skip
    """Restore a backup.

    Parameters
    ----------
    archive : Path
    passphrase : bytes or None
    targets : Targets
    now_ms : int
        For the names of what is set aside, milliseconds since the epoch, UTC.
    force : bool
        Set aside what stands there. Tables of a server cannot be: they have to be empty.
    progress : callable
        Told how far a copy to a server is.

    Raises
    ------
    UsageError
        If the archive cannot be used, or something stands where a part is to go.
    StoreError
        If a part is of a newer version, or a server refuses.
    """
    work = _Restoring(targets, now_ms, force, progress)
    work.look()
    with work.staging() as staging:
        contents = read(archive, passphrase, staging)
        return work.run(staging, contents)


class _Restoring:
    def __init__(self, targets: Targets, now_ms: int, force: bool, progress: Progress) -> None:
        self._targets, self._force, self._progress = targets, force, progress
        self._stamp = f"before-restore-{datetime.fromtimestamp(now_ms / 1000, UTC):%Y%m%dT%H%M%SZ}"
        self._aside: list[Path] = []

    def look(self) -> None:
        """Refuse what is in use or not empty, before anything is unpacked.

        Raises
        ------
        UsageError
        """
        targets = self._targets
        if targets.store is not None:
            path = backup_store.sqlite_path(targets.store)
            if path is not None:
                check_unused(path, "the hub and the board")
                self._refuse(path, _holds(path, "reading"))
            else:
                with closing(prepare_store(targets.store)) as store:
                    self._refuse(targets.store.partition("?")[0], bool(store.series()))
        if targets.books is not None:
            self._look_at_books(targets.books)
        for folder in (targets.files, targets.site, targets.config, targets.certs):
            if folder is not None:
                self._refuse(folder, folder.is_dir() and any(folder.iterdir()))

    def _look_at_books(self, url: str) -> None:
        path = backup_books.sqlite_path(url)
        if path is not None:
            check_unused(path, "the hub, the alert service and the board")
            self._refuse(path, _holds(path, "audit_entry"))
            return
        if self._targets.files is None:
            raise UsageError("say where photos and documents go (--files): books on PostgreSQL have no folder")
        with backup_books.looking(url) as engine, engine.connect() as connection:
            rows = backup_books.count(connection).rows
            filled = sorted(name for name, some in rows.items() if some and name != "audit_head")
        if filled:
            raise UsageError(
                f"{backup_books.shown(url)} is not empty ({', '.join(filled[:3])}); tables of a server are not set "
                "aside: make an empty database (createdb) and give that"
            )

    def _refuse(self, place: Path | str, filled: bool) -> None:
        if filled and not self._force:
            raise UsageError(f"{place} is not empty; --force sets it aside, --only leaves parts of a backup out")

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder beside the targets, so that what is checked there need only be renamed."""
        targets = self._targets
        paths = [backup_store.sqlite_path(targets.store) if targets.store else None, targets.hub, targets.files]
        paths += [backup_books.sqlite_path(targets.books) if targets.books else None]
        paths += [targets.site, targets.config, targets.certs]
        places = [path for path in paths if path is not None]
        if not places and not targets.store and not targets.books:
            raise UsageError("nothing to restore: give --into, or places for parts")
        folder = places[0].parent if places else None
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            with staging(folder or Path(tempfile.gettempdir()), "restore") as made:
                yield made
        except OSError as error:
            place = error.filename or folder
            raise UsageError(f"cannot write to {place}: {error.strerror or error}") from None

    def run(self, staging: Path, contents: Contents) -> Restored:
        """Check what was unpacked, then put it in place."""
        work: dict[str, Callable[[], str]] = {}
        if self._targets.store is not None and contents.names("store"):
            copy, url = staging / "store" / "store.sqlite", self._targets.store
            _check_store(copy, contents.counted.get("store", {}))
            work["store"] = lambda: self._place_store(copy, url)
        if self._targets.books is not None and contents.names("books"):
            book, books_url = staging / "books" / "books.sqlite", self._targets.books
            _check_books(book, contents.counted.get("books", {}))
            work["books"] = lambda: self._place_books(book, books_url)
        # Files before the books that name them, settings before what works from them, the store last.
        restored = Restored(contents)
        for part in ("site", "config", "certs", "hub", "files"):
            folder = getattr(self._targets, part)
            if folder is not None and contents.names(part):
                restored.placed[part] = self._place_tree(staging / part, folder, whole=part != "hub")
        for part in ("books", "store"):
            if part in work:
                restored.placed[part] = work[part]()
        if not restored.placed:
            there = sorted({name.partition("/")[0] for name in contents.entries})
            raise UsageError(f"nothing was restored: the backup has {', '.join(there)}")
        restored.aside = self._aside
        return restored

    def _place_store(self, copy: Path, url: str) -> str:
        path = backup_store.sqlite_path(url)
        if path is not None:
            backup_store.become_another(copy)
            self._set_aside_file(path)
            _move(copy, path)
            readings = rows_of(path)["reading"]
        else:
            with closing(open_store(f"sqlite:///{copy}", read_only=True)) as ours, closing(open_store(url)) as theirs:
                copied = Copy(ours, theirs, self._progress).run()
            if copied.missing.total():
                raise StoreError(f"{copied.missing.total()} rows were refused; the log says why", retryable=True)
            readings = copied.counts["readings"]
        return f"{url.partition('?')[0]}: {readings:,} readings"

    def _place_books(self, copy: Path, url: str) -> str:
        path = backup_books.sqlite_path(url)
        if path is not None:
            self._set_aside_file(path)
            _move(copy, path)
            rows = rows_of(path)
            rows.pop("alembic_version", None)
        else:
            rows = {}
            with closing(open_books(url, self._targets.files)) as theirs, backup_books.opened(copy) as ours:
                with backup_books.translated(), ours.connect() as source, theirs.engine.begin() as target:
                    backup_books.copy_rows(source, target, rows.__setitem__)
                problems = backup_books.check_trail(theirs.engine).problems
            if problems:
                raise StoreError(f"the audit trail did not arrive as it was: {problems[0]}", retryable=False)
        return f"{backup_books.shown(url)}: {sum(rows.values()):,} rows, {rows.get('audit_entry', 0):,} of them audit"

    def _place_tree(self, source: Path, folder: Path, *, whole: bool) -> str:
        """Put a folder in place; where it is not the whole of one, file by file."""
        count = sum(path.is_file() for path in source.rglob("*"))
        if whole:
            if folder.is_dir() and any(folder.iterdir()):
                self._set_aside(folder)
            elif folder.is_dir():
                folder.rmdir()
            _move(source, folder)
            return f"{folder}: {count:,} files"
        for path in sorted(source.iterdir()):
            if (folder / path.name).exists():
                self._set_aside(folder / path.name)
            _move(path, folder / path.name)
        return f"{folder}: {count:,} files"

    def _set_aside_file(self, path: Path) -> None:
        for name in (path.name, *(path.name + ending for ending in _BESIDE)):
            if path.with_name(name).exists():
                self._set_aside(path.with_name(name))

    def _set_aside(self, path: Path) -> None:
        to = path.with_name(f"{path.name}.{self._stamp}")
        if to.exists():
            raise UsageError(f"{to} exists; it is not overwritten")
        path.rename(to)
        self._aside.append(to)


def _holds(path: Path, table: str) -> bool:
    """Whether a file has something in it that would be missed."""
    if not path.exists() or not path.stat().st_size:
        return False
    try:
        return bool(rows_of(path).get(table, 0))
    except StoreError:
        return True  # whatever it is, it is somebody's


def _check_store(copy: Path, told: Mapping[str, Any]) -> None:
    """Count again, and bring it up: what this version cannot open is not put in place."""
    counted = backup_store.count(copy).as_dict()
    if counted != dict(told):
        raise UsageError("the store in the backup does not hold what was counted when it was made")
    open_store(f"sqlite:///{copy}").close()
    _without_log(copy)


def _check_books(copy: Path, told: Mapping[str, Any]) -> None:
    with backup_books.opened(copy) as engine, engine.connect() as connection:
        counted = backup_books.count(connection)
    if dict(counted.rows) != told.get("rows") or counted.revision != told.get("revision"):
        raise UsageError("the books in the backup do not hold what was counted when it was made")
    if counted.revision not in backup_books.revisions():
        raise StoreError(f"the books in the backup are of a newer version ({counted.revision})", retryable=False)
    with closing(open_books(f"sqlite:///{copy}")) as books:
        verdict = backup_books.check_trail(books.engine)
    if "head" in told and (verdict.head, list(verdict.problems)) != (told["head"], told["problems"]):
        raise UsageError("the audit trail in the backup is not the one that was put in")
    _without_log(copy)


def _without_log(copy: Path) -> None:
    """Leave one file, which can be renamed."""
    check_unused(copy, "whoever has it")


def _move(source: Path, target: Path) -> None:
    """Put something in place, on disk and in the hands of whoever owns the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    owner = target.parent.stat()
    for path in (source, *(source.rglob("*") if source.is_dir() else ())):
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
        if path.is_file():
            _sync(path)
    shutil.move(source, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
