"""Photos and documents: looked at before they are taken, kept by their hash outside the database, checked when read.

What a file is follows from its content; its name decides nothing. The place where a photo was taken is removed from it
unless the office wants it kept. A file is on disk before the row that names it is committed; what no row names is
removed by `sweep` a day later.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.exchange.said import Said, _
from dashboard.casework.files_media import Media, media_of, without_position
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.files import Attachment
from sensors.errors import BooksError

#: A file that no row names may be one whose row is about to be committed: it stays so long [ms].
ORPHAN_MS = 24 * 3_600_000

_NAME_LENGTH = 120
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What may be kept.

    Attributes
    ----------
    photo_bytes, document_bytes : int
        Largest size.
    keep_position : bool
        Whether photos keep the place where they were taken.
    """

    photo_bytes: int = 15 * 2**20
    document_bytes: int = 30 * 2**20
    keep_position: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """What became of the folder: files removed, and files that rows name but that are gone or damaged."""

    removed: tuple[str, ...]
    lost: tuple[str, ...]


def attach(
    session: Session, folder: Path, subject: str, subject_id: str, name: str, data: bytes, actor: str, now_ms: int,
    settings: FileSettings | None = None,
) -> Attachment:  # fmt: skip
    """Keep a file with a row of the books.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    folder : Path
        `Books.files`.
    subject, subject_id : str
        Table and id of the row.
    name : str
        As its sender called it; only its last part is kept, with the ending that the content has.
    data : bytes
    actor : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    settings : FileSettings, optional

    Raises
    ------
    RefusedError
        If it is too large, empty, or of a kind that is not kept.
    BooksError
        If it cannot be written; retryable.
    """
    settings = settings or FileSettings()
    media = media_of(data)
    if media is None:
        accepted = "JPEG, PNG, WebP, PDF, Word (.docx), Excel (.xlsx)"
        raise RefusedError(Said(_("{subject} is no file that is kept: {words}"), subject=name[:80], words=accepted))
    most = settings.photo_bytes if media.photo else settings.document_bytes
    if len(data) > most:
        raise RefusedError(Said(_("{subject} is larger than {most} MB"), subject=name[:80], most=most >> 20))
    if media.photo and not settings.keep_position:
        data = without_position(data, media)
    digest = store(folder, data)
    attachment = Attachment(
        subject=subject, subject_id=subject_id, name=_name(name, media), media_type=media.type, size=len(data),
        sha256=digest, added_by=actor, added_ms=now_ms,
    )  # fmt: skip
    session.add(attachment)
    return attachment


def attachments(session: Session, subject: str, subject_id: str) -> list[Attachment]:
    """Files of a row, oldest first."""
    return list(
        session.scalars(
            select(Attachment)
            .where(Attachment.subject == subject, Attachment.subject_id == subject_id)
            .order_by(Attachment.id)
        )
    )


def store(folder: Path, data: bytes) -> str:
    """Write a file under its hash; when it returns, the file survives a power cut.

    Raises
    ------
    BooksError
        If it cannot be written; retryable.
    """
    digest = hashlib.sha256(data).hexdigest()
    path = _path(folder, digest)
    try:
        _make(path.parent)
        with _lock(folder, fcntl.LOCK_SH):
            part = path.with_name(f"{digest}.{secrets.token_hex(4)}.part")
            try:
                descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                # Over what may be there: it is the same, or it is damaged; either way it is young again.
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            _sync(path.parent)
    except OSError as error:
        raise BooksError(f"files: {error}", retryable=True) from error
    return digest


def read(folder: Path, digest: str) -> bytes:
    """Content of a file.

    Raises
    ------
    BooksError
        If it is gone or is not what was stored.
    """
    if not _SHA256.fullmatch(digest):
        raise BooksError(f"files: {digest!r:.80} is no SHA-256")
    try:
        data = _path(folder, digest).read_bytes()
    except FileNotFoundError:
        raise BooksError(f"files: {digest} is gone") from None
    except OSError as error:
        raise BooksError(f"files: {error}", retryable=True) from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise BooksError(f"files: {digest} is damaged: its content has another hash")
    return data


def sweep(session: Session, folder: Path, now_ms: int) -> Sweep:
    """Remove files that no row names, and tell which ones that rows name are gone or damaged.

    Parameters
    ----------
    session : Session
    folder : Path
    now_ms : int
        Milliseconds since the epoch, UTC. Younger files than `ORPHAN_MS` stay.
    """
    removed: list[str] = []
    with _lock(folder, fcntl.LOCK_EX):
        named = set(session.scalars(select(Attachment.sha256)))
        for path in sorted(folder.glob("??/*")):
            orphan = path.name not in named and (_SHA256.fullmatch(path.name) or path.suffix == ".part")
            if orphan and path.stat().st_mtime * 1000 < now_ms - ORPHAN_MS:
                path.unlink()
                removed.append(path.name)
    lost = []
    for digest in sorted(named):
        try:
            read(folder, digest)
        except BooksError:
            lost.append(digest)
    return Sweep(tuple(removed), tuple(lost))


def _name(name: str, media: Media) -> str:
    """Last part of a name, without what does no good in one, with the ending of its content."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    clean = "".join(mark for mark in last if mark.isprintable() and mark not in '<>:"|?*').strip(" .")
    stem, dot, ending = clean.rpartition(".")
    if not dot or f".{ending.lower()}" not in media.endings:
        stem = clean
        ending = media.endings[0][1:]
    return f"{(stem or 'file')[:_NAME_LENGTH]}.{ending}"


def _path(folder: Path, digest: str) -> Path:
    return folder / digest[:2] / digest


def _make(folder: Path) -> None:
    """Make a folder that survives a power cut, for its owner only."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
        _sync(each.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock(folder: Path, kind: int) -> Iterator[None]:
    """Keep a sweep from removing what is being stored."""
    _make(folder)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
