"""A small disk that can be filled up: a tmpfs where one may be mounted, else a limit on the size of files."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path


class Disk:
    """A folder on a file system of its own, where this user may mount one.

    Parameters
    ----------
    folder : Path
        Made, and mounted over.
    size_mb : int

    Attributes
    ----------
    real : bool
        Whether it is a file system: full then means ENOSPC. Otherwise the files of one process cannot grow (EFBIG).
    """

    def __init__(self, folder: Path, size_mb: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
        self.real = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
        self._ballast = folder / "ballast"

    def fill(self, pid: int | None = None) -> None:
        """Leave no room; `pid` is whose files stop growing where there is no real disk."""
        if self.real:
            file = os.open(self._ballast, os.O_WRONLY | os.O_CREAT)
            try:
                size = os.fstat(file).st_size
                for step in (1 << 24, 1 << 20, 1 << 16, 1 << 12):
                    while True:
                        try:
                            os.posix_fallocate(file, size, step)
                        except OSError:
                            break
                        size += step
            finally:
                os.close(file)
        elif pid is not None:
            _limit(pid, 8)

    def make_room(self, pid: int | None = None) -> None:
        """Let it be written to again."""
        if self.real:
            self._ballast.unlink(missing_ok=True)
        elif pid is not None:
            _limit(pid, resource.RLIM_INFINITY)

    def close(self) -> None:
        """Unmount."""
        if self.real:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)


def _limit(pid: int, size: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    except ProcessLookupError:
        return
