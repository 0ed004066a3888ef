"""Room on the disk that a spool holds back for itself: to delete a row, SQLite has to write first."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

#: The log of a spool is worked into its file when it has grown to this, and cut back to it [bytes].
LOG_BYTES = 4 * 1024 * 1024

#: Enough to work a whole log into the file, by which that may grow as much [bytes].
RESERVE_BYTES = LOG_BYTES + 256 * 1024


class Reserve:
    """A file without a meaning, given up when the disk is full and the spool wants to make room.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = False

    def hold(self) -> None:
        """Take the room where it can be had; a full disk keeps nobody from working."""
        if self._held:
            return
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return
        try:
            os.posix_fallocate(file, 0, RESERVE_BYTES)
            self._held = True
        except OSError:
            self.release()
        finally:
            os.close(file)

    def release(self) -> bool:
        """Give the room up; False where there was none."""
        self._held = False
        with contextlib.suppress(OSError):
            self._path.unlink()
            return True
        return False


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error says that the disk is full."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
