"""The buses of a gateway and who polls them; what is edited is changed in place, what is not goes on undisturbed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from collectors.bus import Bus
from collectors.clock import Now
from collectors.clock_state import ClockWatch
from collectors.poller import Poller, Sink, UnitState
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import Profile

log = logging.getLogger(__name__)

Members = Sequence[tuple[Station, Profile]]


@dataclass(slots=True, eq=False)
class Line:
    """One bus at work."""

    endpoint: Endpoint
    members: dict[str, tuple[Station, Profile]]
    bus: Bus
    poller: Poller
    stack: AsyncExitStack


class Lines:
    """Every bus of a gateway; an async context manager.

    Parameters
    ----------
    sink : coroutine function
        Gets every observation.
    now_ms : callable
        Clock of the time stamps [ms since the epoch, UTC].
    synchronised : ClockWatch
        Whether it can be believed.
    """

    def __init__(self, sink: Sink, now_ms: Now, synchronised: ClockWatch) -> None:
        self._sink, self._now_ms, self._synchronised = sink, now_ms, synchronised
        self._lines: dict[str, Line] = {}
        #: An edit and a restart that come together wait for each other.
        self._busy = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._lines):
            await self._end(name)

    async def apply(self, buses: Mapping[Endpoint, Members]) -> None:
        """Poll these from now on: a bus with other settings begins anew, a station that did not change goes on."""
        async with self._busy:
            await self._apply(buses)

    async def _apply(self, buses: Mapping[Endpoint, Members]) -> None:
        wanted = {endpoint.bus: endpoint for endpoint in buses}
        for name, line in list(self._lines.items()):
            if wanted.get(name) != line.endpoint:
                await self._end(name)
        for endpoint, members in buses.items():
            found = self._lines.get(endpoint.bus)
            if found is None:
                await self._begin(endpoint, members)
            elif list(found.members.values()) != list(members):
                found.poller.apply(members)
                found.members = _by_id(members)

    async def restart(self, station: str) -> None:
        """Close the bus of a station and begin it anew: connection, breakers, everything learned; KeyError for none."""
        async with self._busy:
            line = self.of(station)
            await self._end(line.endpoint.bus)
            await self._begin(line.endpoint, list(line.members.values()))

    def of(self, station: str) -> Line:
        """The bus of a station; KeyError where it is polled by none."""
        for line in self._lines.values():
            if station in line.members:
                return line
        raise KeyError(station)

    @property
    def states(self) -> list[UnitState]:
        """How each station is doing."""
        return [state for line in self._lines.values() for state in line.poller.states]

    async def _begin(self, endpoint: Endpoint, members: Members) -> None:
        async with AsyncExitStack() as stack:
            bus = await stack.enter_async_context(Bus(endpoint, max(profile.timeout_s for _, profile in members)))
            poller = Poller(bus, members, self._sink, self._now_ms, synchronised=self._synchronised)
            task = asyncio.create_task(poller.run(), name=f"poll {endpoint.bus}")
            stack.push_async_callback(_cancel, task)
            self._lines[endpoint.bus] = Line(endpoint, _by_id(members), bus, poller, stack.pop_all())

    async def _end(self, name: str) -> None:
        line = self._lines.pop(name)
        await line.stack.aclose()


def _by_id(members: Members) -> dict[str, tuple[Station, Profile]]:
    return {station.id: (station, profile) for station, profile in members}


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
