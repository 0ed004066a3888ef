"""What a gateway keeps although the hub has stored it: for a hub that is lost, and restored from an earlier backup."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Self

from collectors.clock import Now
from collectors.spool import Spool
from sensors.errors import StoreError

log = logging.getLogger(__name__)

#: How often it is looked what has become old enough [s].
LOOK_S = 60.0

#: Rows that are read at a time.
_ROWS = 500


class KeptRows:
    """Holds rows of a spool until they are old enough; an async context manager inside that of its spool.

    Parameters
    ----------
    spool : Spool
        Entered.
    keep_ms : int
        Rows are kept for so long after their observation [ms]; 0: not at all.
    now_ms : callable
        [ms since the epoch, UTC]
    """

    def __init__(self, spool: Spool, keep_ms: int, now_ms: Now) -> None:
        self._spool, self._keep_ms, self._now_ms = spool, keep_ms, now_ms
        self._let_go = spool.state.base
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._keep_ms:
            self._task = asyncio.create_task(self._run(), name="kept rows")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def hold(self) -> int:
        """Rows up to here may be deleted."""
        return max(self._let_go, self._spool.state.base) if self._keep_ms else self._spool.state.last

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.error("%s", error)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Let go of what has become old."""
        before_ms = self._now_ms() - self._keep_ms
        while rows := await self._spool.read(self.hold(), _ROWS):
            for seq, observation in rows:
                if observation.time_ms >= before_ms:
                    return
                self._let_go = seq
