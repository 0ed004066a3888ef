"""Backup of a running installation: store, books, files, site and settings in one file, read again before it counts.

The order makes the parts fit: the store first, then what the hub refused (it is on disk before the store's watermark
lets a gateway forget it), then the books (the store remembers how far it has read their trail), then the files (each is
on disk before the books name it). What can be made anew from these is not in it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.backup import books as backup_books
from deploy.backup import store as backup_store
from deploy.backup.archive import PARTS, Contents, Writer, read, writing
from deploy.backup.staging import staging
from deploy.store.copy import Progress
from sensors.errors import UsageError
from sensors.site import load_site

#: What the hub keeps beside an embedded store and nobody else has.
HUB_FILES = ("quarantine*.jsonl", "quarantine*.jsonl.before", "commands.jsonl")

#: Names of certificates, and of what makes them anybody's.
_CERTIFICATES, _KEYS = ("*.crt", "*.pem"), ("*.key",)

#: Endings of a backup's name, as it is and encrypted.
ENDINGS = {False: ".tar.gz", True: ".sealed"}

#: Free space beside what is copied [bytes].
_SPARE = 64 * 2**20

_DIGEST = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is kept.

    Attributes
    ----------
    site : Path or None
        Folder of the site.
    store, books : str or None
        URLs.
    files : Path or None
        Folder of photos and documents; beside an SQLite file where None.
    hub : Path or None
        Where the hub keeps its quarantine; beside an embedded store where None.
    channels : Path or None
        The channels file. Without `secrets`, only which channels there are.
    certs : Path or None
        Folder of certificates. Without `secrets`, no keys.
    secrets : bool
        Keep channels and keys as they are.
    passphrase : bytes or None
        Encrypt with it.
    """

    site: Path | None = None
    store: str | None = None
    books: str | None = None
    files: Path | None = None
    hub: Path | None = None
    channels: Path | None = None
    certs: Path | None = None
    secrets: bool = False
    passphrase: bytes | None = field(default=None, repr=False)

    def check(self) -> None:
        """Refuse a plan that keeps nothing, or secrets in the open.

        Raises
        ------
        UsageError
        """
        if not (self.store or self.books or self.site):
            raise UsageError("nothing to keep: give --store, --books or --site")
        if self.secrets and self.passphrase is None:
            raise UsageError("--secrets needs --passphrase-file: keys and tokens are not written down in the open")
        if self.files is not None and not self.books:
            raise UsageError("--files goes with --books: the books say what the files are")

    @property
    def file_folder(self) -> Path | None:
        """Folder of photos and documents."""
        if self.books is None:
            return None
        path = backup_books.sqlite_path(self.books)
        if self.files is None and path is None:
            raise UsageError("say where photos and documents are kept (--files): books on PostgreSQL have no folder")
        return self.files if self.files is not None or path is None else path.parent / "files"


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and read again.

    Attributes
    ----------
    path : Path
    size : int
        Of the file [bytes].
    contents : Contents
    lost : tuple of str
        SHA-256 of files that the books name and that were gone or damaged before.
    """

    path: Path
    size: int
    contents: Contents
    lost: tuple[str, ...]


def back_up(plan: Plan, to: Path, now_ms: int, progress: Progress = lambda what, done, of: None) -> Made:
    """Write a backup and read it again.

    Parameters
    ----------
    plan : Plan
    to : Path
        New file, or a folder that is there: then the file is named after site and time.
    now_ms : int
        Milliseconds since the epoch, UTC.
    progress : callable
        Told how far a copy from a server is.

    Raises
    ------
    UsageError
        If the plan contradicts itself, the file is there, or there is not enough room.
    StoreError
        If store or books cannot be read, or are damaged.
    """
    plan.check()
    target = _target(plan, to, now_ms)
    _check_room(plan, target.parent)
    try:
        with staging(target.parent, "backup") as place:
            draft = place / "archive"
            with writing(draft, plan.passphrase) as archive:
                packing = _Packing(plan, archive, place, progress)
                packing.run(now_ms)
            again = read(draft, plan.passphrase)
            if again.entries != archive.contents.entries:
                raise UsageError(f"{target}: what was read again is not what was written; is the disk failing?")
            _put_in_place(draft, target)
            return Made(target, target.stat().st_size, again, packing.lost)
    except FileExistsError:
        raise UsageError(f"{target} exists; it is not overwritten") from None
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error} {error.filename or ''}".rstrip()) from None


def _put_in_place(draft: Path, target: Path) -> None:
    try:
        # Unlike a rename, a link never replaces anything.
        target.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError:
        # A stick for carrying backups away may have a file system that knows no links.
        draft.rename(target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prune(folder: Path, made: Path, keep: int) -> list[Path]:
    """Remove older backups of the same site from a folder; the newest `keep` stay, and whatever has another name."""
    stem, _, _ = re.split(r"-(\d{8}T\d{6}Z)\.", made.name, maxsplit=1)
    pattern = re.compile(re.escape(stem) + r"-\d{8}T\d{6}Z(\.tar\.gz|\.sealed)")
    found = sorted((path for path in folder.iterdir() if pattern.fullmatch(path.name)), key=lambda path: path.name)
    gone = found[:-keep]
    for path in gone:
        path.unlink()
    return gone


def _target(plan: Plan, to: Path, now_ms: int) -> Path:
    if to.is_dir():
        moment = datetime.fromtimestamp(now_ms / 1000, UTC)
        site = load_site(plan.site).id if plan.site is not None else "site"
        to = to / f"riverchief-{site}-{moment:%Y%m%dT%H%M%SZ}{ENDINGS[plan.passphrase is not None]}"
    if to.exists():
        raise UsageError(f"{to} exists; it is not overwritten")
    if not to.parent.is_dir():
        raise UsageError(f"there is no folder {to.parent}")
    return to.absolute()


def _check_room(plan: Plan, folder: Path) -> None:
    """The copies of the databases stand beside the archive while it is made."""
    paths = [backup_store.sqlite_path(plan.store) if plan.store else None]
    paths.append(backup_books.sqlite_path(plan.books) if plan.books else None)
    size = sum(path.stat().st_size for path in paths if path is not None and path.is_file())
    files = plan.file_folder
    if files is not None and files.is_dir():
        size += sum(path.stat().st_size for path in files.glob("??/*"))
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE:
        raise UsageError(
            f"{folder}: found {free >> 20} MB free; accepted: {(size + _SPARE) >> 20} MB, which it may take"
        )


class _Packing:
    """Puts every part into an archive."""

    def __init__(self, plan: Plan, archive: Writer, staging: Path, progress: Progress) -> None:
        self._plan, self._archive, self._staging, self._progress = plan, archive, staging, progress
        self._counted: dict[str, Any] = {}
        self.lost: tuple[str, ...] = ()

    def run(self, now_ms: int) -> None:
        plan = self._plan
        site = load_site(plan.site) if plan.site is not None else None
        self._archive.begin(
            {
                "created_ms": now_ms, "software": version("riverchief"), "site": site.id if site else "",
                "parts": list(PARTS), "secrets": plan.secrets,
            }
        )  # fmt: skip
        if plan.store is not None:
            self._store(plan.store)
        if plan.books is not None:
            self._books(plan.books)
        if plan.site is not None:
            self._tree("site", plan.site, ("**/*",))
        if plan.channels is not None:
            self._channels(plan.channels)
        if plan.certs is not None:
            patterns = (*_CERTIFICATES, *(_KEYS if plan.secrets else ()))
            self._tree("certs", plan.certs, tuple(f"**/{pattern}" for pattern in patterns))
        self._archive.end(self._counted)

    def _store(self, url: str) -> None:
        with self._staged("store.sqlite") as copy:
            counted = backup_store.snapshot(url, copy, self._progress)
            self._archive.put("store/store.sqlite", copy)
        self._counted["store"] = counted.as_dict()
        path = backup_store.sqlite_path(url)
        folder = self._plan.hub or (path.parent if path is not None else None)
        if folder is not None:
            # The present file before the one before it: one that is put aside meanwhile is in it twice, not missing.
            for pattern in HUB_FILES:
                for held in sorted(folder.glob(pattern)):
                    self._lines(f"hub/{held.name}", held)

    def _lines(self, name: str, path: Path) -> None:
        """Whole lines of a file to which somebody may be appending."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        self._archive.put_bytes(name, data[: data.rfind(b"\n") + 1])

    def _books(self, url: str) -> None:
        with self._staged("books.sqlite") as copy:
            counted = backup_books.snapshot(url, copy)
            with backup_books.opened(copy) as engine:
                told: dict[str, Any] = {"revision": counted.revision, "rows": dict(counted.rows)}
                if counted.revision == backup_books.revisions()[-1]:
                    verdict = backup_books.check_trail(engine)
                    told |= {"entries": verdict.entries, "head": verdict.head, "problems": list(verdict.problems)}
                with engine.connect() as connection:
                    named = backup_books.digests(connection)
            self._archive.put("books/books.sqlite", copy)
        self._counted["books"] = told
        self._files(named)

    def _files(self, named: set[str]) -> None:
        folder = self._plan.file_folder
        assert folder is not None
        kept = set()
        for path in sorted(folder.glob("??/*")) if folder.is_dir() else ():
            if _DIGEST.fullmatch(str(path.relative_to(folder))):
                self._archive.put(f"files/{path.relative_to(folder)}", path)
                if self._archive.contents.entries[f"files/{path.relative_to(folder)}"].sha256 == path.name:
                    kept.add(path.name)
        self.lost = tuple(sorted(named - kept))
        self._counted["files"] = {"named": len(named), "kept": len(kept), "lost": list(self.lost)}

    def _tree(self, part: str, folder: Path, patterns: tuple[str, ...]) -> None:
        if not folder.is_dir():
            raise UsageError(f"there is no folder {folder}")
        paths = {path for pattern in patterns for path in folder.glob(pattern)}
        for path in sorted(paths):
            inside = path.relative_to(folder)
            if path.is_file() and not any(name.startswith((".", "__pycache__")) for name in inside.parts):
                self._archive.put(f"{part}/{inside.as_posix()}", path)

    def _channels(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
        if self._plan.secrets:
            self._archive.put_bytes("config/channels.toml", data)
        else:
            self._archive.put_bytes("config/channels.without-secrets.toml", without_secrets(data, path.name))

    @contextmanager
    def _staged(self, name: str) -> Iterator[Path]:
        path = self._staging / name
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def without_secrets(data: bytes, name: str) -> bytes:
    """A channels file of which only the names of channels, their kinds and who is reached on them are left.

    Raises
    ------
    UsageError
        If it is no TOML.
    """
    try:
        told = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageError(f"{name} is no TOML in UTF-8") from None
    lines = ["# Secrets and addresses were left out of this backup: REMOVED stands where they were."]
    for part in ("channel", "contact"):
        for key, table in sorted((told.get(part) or {}).items()):
            lines += ["", f"[{part}.{json.dumps(key, ensure_ascii=False)}]"]
            for field_, value in table.items():
                shown = value if (part, field_) == ("channel", "kind") else "REMOVED"
                lines.append(f"{json.dumps(field_, ensure_ascii=False)} = {json.dumps(shown, ensure_ascii=False)}")
    return ("\n".join(lines) + "\n").encode()
