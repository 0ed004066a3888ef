"""A task that must not die unseen: what it raises is logged and remembered, and it begins again after a pause."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)

#: Pause before a task that failed begins again [s].
RESTART_S = 5.0


def guarded(work: Callable[[], Awaitable[object]], name: str, on_error: Callable[[str], None]) -> asyncio.Task[None]:
    """Start work that lasts until it is cancelled, whatever it raises.

    Parameters
    ----------
    work : callable
        Begun anew after each exception, `RESTART_S` later; over for good where it returns.
    name : str
        Of the task, for the log.
    on_error : callable
        Gets what happened, in the event loop, right after it.

    Returns
    -------
    asyncio.Task
        To be cancelled by whoever started it.
    """

    async def run() -> None:
        while True:
            try:
                await work()
            except Exception as error:
                log.exception("%s failed; it begins again in %.0f s", name, RESTART_S)
                on_error(f"{name}: {type(error).__name__}: {error}")
            else:
                return
            await asyncio.sleep(RESTART_S)

    return asyncio.create_task(run(), name=name)
