"""What every long-running service shares: its log, and running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

Serve = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_service(serve: Serve) -> None:
    """Run a service until SIGINT or SIGTERM.

    Parameters
    ----------
    serve : coroutine function
        Gets an event that is set when the service is to stop; returns once everything of it has ended.
    """
    logging.basicConfig(stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    # One line per request or packet helps nobody who reads the log of a month.
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.WARNING)
    asyncio.run(_run(serve))


async def _run(serve: Serve) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Set explicitly: a job started in the background inherits SIGINT ignored.
        loop.add_signal_handler(number, stop.set)
    await serve(stop)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for some seconds [s], or until the service is to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
