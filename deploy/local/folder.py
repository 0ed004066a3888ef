"""Notices that somebody has edited a site folder: sizes and times of its files, nothing that a disk could miss."""

from __future__ import annotations

from pathlib import Path

_State = dict[str, tuple[int, int]]


class LocalFolder:
    """A folder that is looked at now and then.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._taken = self._seen = self._look()

    def changed(self) -> bool:
        """Whether it is another one than before, and has come to rest: the same twice in a row."""
        seen = self._look()
        rests, self._seen = seen == self._seen, seen
        if not rests or seen == self._taken:
            return False
        self._taken = seen
        return True

    def _look(self) -> _State:
        found: _State = {}
        for folder in (self.folder, self.folder / "profiles"):
            try:
                for path in folder.iterdir():
                    if path.is_file() and not path.name.startswith("."):
                        state = path.stat()
                        found[str(path)] = (state.st_size, state.st_mtime_ns)
            except OSError:
                continue  # not there, or it went while it was looked at
        return found
