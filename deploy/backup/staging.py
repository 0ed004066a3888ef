"""A folder for what is being made, beside where it is to go; what a killed run has left there is cleared away."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def staging(parent: Path, purpose: str) -> Iterator[Path]:
    """A folder for its owner only that is gone afterwards.

    It may hold whole databases, unencrypted: one that a killed run has left behind is removed by the next run. A run
    that lives holds a lock on its folder, so that nobody takes it for one of these.

    Parameters
    ----------
    parent : Path
    purpose : str
        Part of its name: ``backup`` or ``restore``.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    prefix = f".riverchief-{purpose}-"
    for left in parent.glob(f"{prefix}*"):
        with suppress(OSError), _held(left):
            shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name, _held(Path(name)):
        yield Path(name)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder; `OSError` where somebody does, or where it is none."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
