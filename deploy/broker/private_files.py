"""Files that only their owner may read, written whole or not at all, and never over another by accident."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from sensors.errors import UsageError

#: Readable and writable by the owner.
MODE = 0o600


def write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises
    ------
    UsageError
        If it is there.
    """
    with _prepared(path, data) as part:
        try:
            # Unlike a rename, a link never replaces anything.
            path.hardlink_to(part)
        except FileExistsError:
            raise UsageError(f"{path} exists; it is not overwritten") from None


def replace_file(path: Path, data: bytes) -> None:
    """Write a file in one step, over the one that is there."""
    with _prepared(path, data) as part:
        part.replace(path)


@contextlib.contextmanager
def _prepared(path: Path, data: bytes) -> Iterator[Path]:
    """A complete file beside the one to be; gone afterwards, if nobody has renamed it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield part
        with _opened(path.parent) as folder:
            os.fsync(folder)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against other processes that lock it too; an `OSError` inside becomes one clear sentence.

    Raises
    ------
    UsageError
        If it cannot be opened or written.
    """
    try:
        with _opened(folder) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}: {error.filename or folder}") from None


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
