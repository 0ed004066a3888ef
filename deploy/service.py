"""What every long-running service shares: its log, its watchdog, and running until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any

from deploy.notify import notify
from deploy.structured_log import configure
from sensors.errors import StoreError

Serve = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_service(serve: Serve) -> None:
    """Run a service until SIGINT or SIGTERM.

    Parameters
    ----------
    serve : coroutine function
        Gets an event that is set when the service is to stop; returns once everything of it has ended.

    Raises
    ------
    UsageError
        If ``RIVERCHIEF_LOG`` names no kind of log.
    """
    configure()
    asyncio.run(_run(serve))


async def _run(serve: Serve) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Set explicitly: a job started in the background inherits SIGINT ignored.
        loop.add_signal_handler(number, stop.set)
    dog = asyncio.create_task(_watchdog(), name="watchdog")
    try:
        await serve(stop)
    finally:
        if stop.is_set():  # one that starts itself anew goes on: systemd would end what says that it stops
            notify(STOPPING="1")
        dog.cancel()
        await asyncio.gather(dog, return_exceptions=True)


async def _watchdog() -> None:
    """Tell systemd that the event loop turns, where it wants to know (``WatchdogSec=``): twice in its interval."""
    interval_s = _watchdog_s()
    while interval_s is not None:
        notify(WATCHDOG="1")
        await asyncio.sleep(interval_s / 2)


def _watchdog_s() -> float | None:
    """Interval that systemd gives this process [s]; see sd_watchdog_enabled(3)."""
    interval, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not interval.isdecimal() or not int(interval) or (pid and pid != str(os.getpid())):
        return None
    return int(interval) / 1e6


def survives(log: logging.Logger, what: str, work: Callable[[], object]) -> bool:
    """Do one step of a service; False where it failed, which is logged: it is tried again, and holds up nothing else.

    Parameters
    ----------
    log : Logger
        Of the service.
    what : str
        The step, for the log.
    work : callable
    """
    try:
        work()
    except StoreError as error:
        log.error("%s: %s", what, error)
    except Exception:
        log.exception("%s", what)
    else:
        return True
    return False


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait for some seconds [s], or until the service is to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
