"""Progress of a regrading on the terminal: a bar for each kind of task, on standard error."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

import click


class Bars:
    """A progress bar that becomes another one when the kind of task changes; a `deploy.regrade.run.Progress`.

    Where standard error is no terminal, one line for each kind of task.
    """

    def __init__(self) -> None:
        self._name = ""
        self._bar: Any = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` tasks of a kind are finished."""
        if name != self._name:
            self._end()
            self._name = name
            self._bar = click.progressbar(length=total, label=f"{name:10}", show_pos=True, file=sys.stderr)
            self._bar.__enter__()
        self._bar.update(done - self._bar.pos)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
