"""An event loop whose clock jumps to the next timer: hours of schedule in milliseconds, without any I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


class JumpingLoop(asyncio.SelectorEventLoop):
    """Time passes only when nothing else is left to do."""

    def __init__(self) -> None:
        self._jumped = 1_000.0
        super().__init__()

    def time(self) -> float:
        """Time of this loop [s]."""
        return self._jumped

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self._jumped = max(self._jumped, self._scheduled[0].when())  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def run_jumping(work: Coroutine[Any, Any, Any]) -> None:
    """Run to the end on a `JumpingLoop`."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(work)
