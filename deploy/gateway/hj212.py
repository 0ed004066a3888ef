"""HJ 212 at a gateway: the listener for stations that report themselves, and the uplinks to the bureau's platforms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from collectors.clock import Now
from collectors.hj212.book import KEEP_MS, Book, Copyist
from collectors.hj212.connection import Timing
from collectors.hj212.listener import Hj212Listener
from collectors.hj212.requests import Registration
from collectors.hj212.uplink import Hj212Uplink
from collectors.spool import Spool
from collectors.tasks import guarded
from deploy.gateway.config import GatewayConfig
from sensors.errors import StoreError, UsageError
from sensors.platform import DATA, Platform
from sensors.reading import Block

log = logging.getLogger(__name__)

#: No row of a spool has a higher number.
_EVERYTHING = 2**63 - 1

#: How often readings that are too old are deleted from the book [s].
PRUNE_S = 3600.0


def passwords_in(path: str) -> dict[str, str]:
    """Passwords of a file, by MN: lines ``MN=PASSWORD``, ``#`` begins a comment; none where there is no file to read.

    Raises
    ------
    UsageError
        If it cannot be read, or a line is none.
    """
    if not path:
        return {}
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"passwords {path}: {error}") from None
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        mn, equals, password = (part.strip() for part in line.partition("="))
        if not mn or not equals or not password:
            raise UsageError(f"passwords {path}: line {number}: accepted: MN=PASSWORD")
        found[mn] = password
    return found


class GatewayHj212:
    """Whatever of HJ 212 a gateway's slice asks for; an async context manager inside that of the spool.

    Parameters
    ----------
    spool : Spool
        Entered.
    home : Path
        Folder of the book and the journals.
    now_ms : callable
        [ms since the epoch, UTC]
    timing : Timing, optional

    Attributes
    ----------
    problems : dict of str to str
        What cannot work as it stands, by where.
    port : int
        Where it listens; 0 where it does not.
    """

    def __init__(self, spool: Spool, home: Path, now_ms: Now, timing: Timing | None = None) -> None:
        self._spool, self._home, self._now_ms, self._timing = spool, home, now_ms, timing
        self._asked: object = None
        self._stack = AsyncExitStack()
        self._listener: Hj212Listener | None = None
        self._copyist: Copyist | None = None
        self._uplinks: dict[str, Hj212Uplink] = {}
        self.problems: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def port(self) -> int:
        """Where it listens; 0 where it does not."""
        return self._listener.port if self._listener else 0

    def hold(self) -> int:
        """Rows of the spool up to here may be deleted as far as the platforms are concerned."""
        return self._copyist.cursor if self._copyist else _EVERYTHING

    async def apply(self, config: GatewayConfig) -> None:
        """Do from now on what a slice asks for; where that is what is done already nothing is touched."""
        asked = (config.gateway, config.reporting, config.platforms, config.timezone)
        if asked == self._asked:
            return
        await self._stack.aclose()
        self._asked, self._listener, self._copyist, self._uplinks, self.problems = asked, None, None, {}, {}
        async with AsyncExitStack() as stack:
            if config.platforms:
                await self._report(config, stack)
            if config.reporting:
                await self._listen(config, stack)
            self._stack = stack.pop_all()

    async def _listen(self, config: GatewayConfig, stack: AsyncExitStack) -> None:
        gateway = config.gateway
        try:
            listener = Hj212Listener(
                self._spool, config.reporting, host="", port=gateway.hj212_port, timezone=config.timezone,
                now_ms=self._now_ms, passwords=passwords_in(gateway.hj212_password_file),
            )  # fmt: skip
            self._listener = await stack.enter_async_context(listener)
        except (UsageError, OSError) as error:
            self._fail(f"listener {gateway.hj212_port}", error)

    async def _report(self, config: GatewayConfig, stack: AsyncExitStack) -> None:
        stations = {station for platform in config.platforms for station in platform.stations}
        try:
            book = await asyncio.to_thread(Book, self._home / f"{config.gateway.id}.hj212")
        except StoreError as error:
            self._fail("book", error)
            return
        stack.callback(book.close)
        for platform in config.platforms:
            try:
                uplink = self._uplink(platform, config, book)
                self._uplinks[platform.id] = await stack.enter_async_context(uplink)
            except (UsageError, StoreError, ValueError) as error:
                self._fail(f"platform {platform.id}", error)
        self._copyist = Copyist(self._spool, book, stations, self._changed)
        for work, name in ((self._copyist.run, "copy"), (lambda: self._prune(book), "prune")):
            task = guarded(work, f"{name} {config.gateway.id}", log.error)
            stack.push_async_callback(_cancel, task)

    def _uplink(self, platform: Platform, config: GatewayConfig, book: Book) -> Hj212Uplink:
        passwords = passwords_in(platform.password_file)
        missing = [mn for mn in platform.stations.values() if passwords and mn not in passwords]
        if missing:
            raise UsageError(f"{platform.password_file} has no password for {', '.join(missing)}")
        registrations = [
            Registration(station, mn, passwords[mn]) if passwords else Registration(station, mn)
            for station, mn in platform.stations.items()
        ]
        return Hj212Uplink(
            platform.host, platform.port, registrations, book,
            self._home / f"{config.gateway.id}.{platform.id}.journal", timezone=config.timezone, now_ms=self._now_ms,
            kinds=[DATA[kind] for kind in platform.data], minute_s=60 * platform.minute_min, timing=self._timing,
        )  # fmt: skip

    def _changed(self, block: Block) -> None:
        for uplink in self._uplinks.values():
            uplink.changed(block)

    async def _prune(self, book: Book) -> None:
        while True:
            await asyncio.to_thread(book.drop_before, self._now_ms() - KEEP_MS)
            await asyncio.sleep(PRUNE_S)

    def _fail(self, where: str, error: Exception) -> None:
        log.error("HJ 212, %s: %s", where, error)
        self.problems[where] = str(error)

    def state(self) -> Mapping[str, Any]:
        """How it is doing, for the gateway's state; empty where nothing of it is used."""
        if self._listener is None and self._copyist is None and not self.problems:
            return {}
        found: dict[str, Any] = {"problems": self.problems}
        if self._copyist is not None and self._copyist.error:
            found["problems"] = {**self.problems, "book": self._copyist.error}
        if self._listener is not None:
            heard = self._listener.state
            found["listener"] = {
                "port": self.port, "connections": heard.connections, "frames": heard.frames,
                "heard_ms": heard.heard_ms, "refused": dict(heard.refused),
            }  # fmt: skip
        found["platforms"] = {
            name: {
                state.station: {
                    "connected": state.connected, "acked": state.acked, "acked_ms": state.acked_ms,
                    "owed": state.owed, "idle": state.idle, "error": state.error,
                }
                for state in uplink.states
            }
            for name, uplink in self._uplinks.items()
        }  # fmt: skip
        return found


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
