"""Polls the stations of one bus, each at its period; a dead unit costs the others next to nothing.

What cannot be read is published as well: every determinand missing, the station's state COMMUNICATION, when it happens
and then every few minutes. A stale value is never sent again.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from collectors import commands
from collectors.breaker import Breaker, Settings
from collectors.bus import BusError
from collectors.clock import Now
from collectors.commands import Outcome
from collectors.unit import Reader, Unit
from sensors.errors import UsageError
from sensors.place import Station
from sensors.profile import Profile
from sensors.reading import Observation, Quality, StationState

__all__ = ["Breaker", "Outcome", "Poller", "Reader", "Settings", "Sink", "UnitState", "always"]

log = logging.getLogger(__name__)

Sink = Callable[[Observation], Awaitable[None]]

_MISSING: tuple[float | None, Quality] = (None, Quality.MISSING)


def always() -> bool:
    """A clock that nobody doubts."""
    return True


@dataclass(frozen=True, slots=True)
class UnitState:
    """How a station's unit is doing.

    Attributes
    ----------
    station : str
    answered_ms : int or None
        When it last answered [ms since the epoch, UTC].
    failures : int
        Failed polls in a row.
    reason : str
        Why the last one failed; empty after an answer.
    """

    station: str
    answered_ms: int | None
    failures: int
    reason: str


class Poller:
    """Polls stations that share a bus; `run` until it is cancelled.

    Parameters
    ----------
    bus : Bus
    stations : iterable of (Station, Profile)
        All on this bus.
    sink : coroutine function
        Gets every observation, e.g. `collectors.spool.Spool.append`.
    now_ms : callable
        Clock of the time stamps [ms since the epoch, UTC]; the schedule runs on the event loop's own.
    settings : Settings, optional
    synchronised : callable
        Whether the time stamps can be believed now, e.g. `collectors.clock_state.ClockWatch`; asked after every poll.
    """

    def __init__(
        self,
        bus: Reader,
        stations: Iterable[tuple[Station, Profile]],
        sink: Sink,
        now_ms: Now,
        settings: Settings | None = None,
        *,
        synchronised: Callable[[], bool] = always,
    ) -> None:
        self._bus, self._sink, self._now_ms, self._synchronised = bus, sink, now_ms, synchronised
        self._settings = settings or Settings()
        self._units: dict[str, Unit] = {}
        self._queue: list[tuple[float, int, Unit]] = []
        self._entries = 0
        # One poll or command at a time; while a unit settles, it is the others' turn.
        self._turn = asyncio.Lock()
        self._sleeper: asyncio.Future[None] | None = None
        self._start_s = -math.inf
        # A bus that is gone fails every unit on it: one attempt stands for all of them.
        self._bus_breaker = Breaker(Settings(failures=1, most_wait_s=self._settings.most_wait_s), 1.0)
        self._bus_reason = ""
        self.apply(stations)

    @property
    def states(self) -> list[UnitState]:
        """How each unit is doing."""
        return [
            UnitState(unit.station.id, unit.answered_ms, unit.breaker.failures, unit.reason)
            for unit in self._units.values()
        ]

    def apply(self, stations: Iterable[tuple[Station, Profile]]) -> None:
        """Poll these from now on.

        A station that did not change goes on as if nothing had happened. One whose unit and profile stayed the same
        keeps what is known about the unit. A new one is polled at once.
        """
        units: dict[str, Unit] = {}
        for station, profile in stations:
            old = self._units.get(station.id)
            if old is not None and (old.station, old.profile) == (station, profile):
                units[station.id] = old
                continue
            units[station.id] = unit = Unit(station, profile, self._settings)
            if old is not None and (old.station.unit, old.profile) == (station.unit, profile):
                unit.learn_from(old)
            unit.due_s = self._start_s
        self._bus_breaker.first_s = min((unit.station.period_s for unit in units.values()), default=1.0)
        known = set(self._units.values())
        self._units = units
        self._queue = [entry for entry in self._queue if units.get(entry[2].station.id) is entry[2]]
        heapq.heapify(self._queue)
        for unit in units.values():
            if unit not in known:
                self._enqueue(unit)
        if self._sleeper is not None and not self._sleeper.done():
            self._sleeper.set_result(None)

    async def run(self) -> None:
        """Poll for ever: every station at once, then each at its own phase, so that a bus is busy evenly."""
        loop = asyncio.get_running_loop()
        self._start_s = loop.time()
        while True:
            due_s = self._queue[0][0] if self._queue else math.inf
            if due_s > loop.time():
                await self._sleep(due_s)
                continue
            unit = heapq.heappop(self._queue)[2]
            await self._poll(unit)
            if self._units.get(unit.station.id) is unit:
                self._enqueue(unit)

    async def sample(self, station: str) -> Observation:
        """Poll a station now, whatever its schedule and its breaker say; published as any other poll.

        Returns
        -------
        Observation
            Missing values in the state COMMUNICATION where it does not answer.

        Raises
        ------
        UsageError
            If no such station is polled here.
        """
        unit = self._unit(station)
        loop = asyncio.get_running_loop()
        observation = None
        while observation is None:
            async with self._turn:
                observation = await self._attempt(unit, loop.time())
                if observation is not None:
                    await self._sink(observation)
            ready_s = unit.ready_s
            if observation is None and ready_s is None:
                return self._nothing(unit)
            if observation is None and ready_s is not None:
                await asyncio.sleep(ready_s - loop.time())
        return observation

    async def look(self, station: str, command: str, value: float | None = None) -> Outcome:
        """What a command would write and what is there now; writes nothing; see `execute`."""
        unit = self._unit(station)
        async with self._turn:
            return await commands.look(self._bus, unit.station, unit.profile, command, value, self._now_ms)

    async def execute(self, station: str, command: str, value: float | None = None) -> Outcome:
        """Write what the profile of a station declares as a command, and read it back.

        Parameters
        ----------
        station : str
        command : str
            Name in the profile.
        value : float, optional
            For settings and calibration.

        Raises
        ------
        UsageError
            If no such station is polled here, its profile has no such command, or that does not take the value.
        """
        unit = self._unit(station)
        async with self._turn:
            outcome = await commands.execute(self._bus, unit.station, unit.profile, command, value, self._now_ms)
            # Whatever it was, it may have ended the measurement: a unit that has to be started is started again.
            unit.ready_s = None
        return outcome

    def _unit(self, station: str) -> Unit:
        try:
            return self._units[station]
        except KeyError:
            raise UsageError(f"no station {station} here; accepted: {', '.join(self._units)}") from None

    def _enqueue(self, unit: Unit) -> None:
        self._entries += 1
        heapq.heappush(self._queue, (unit.due_s, self._entries, unit))

    async def _sleep(self, until_s: float) -> None:
        """Until then, or until `apply` has something new."""
        loop = asyncio.get_running_loop()
        self._sleeper = sleeper = loop.create_future()
        alarm = None if until_s == math.inf else loop.call_at(until_s, _wake, sleeper)
        try:
            await sleeper
        finally:
            self._sleeper = None
            if alarm is not None:
                alarm.cancel()

    async def _poll(self, unit: Unit) -> None:
        """One turn of one station; whatever happens in it, the others go on."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            now_s = loop.time()
            settled_s = unit.ready_s
            try:
                observation = await self._observe(unit, now_s)
                if observation is not None and self._units.get(unit.station.id) is unit:
                    await self._sink(observation)
            except Exception:
                log.exception("poll of %s", unit.station.id)
            ready_s = unit.ready_s
        now_s = loop.time()
        if ready_s is not None and ready_s != settled_s:
            unit.due_s = ready_s  # it was started; its poll goes on when it has settled
        else:
            self._advance(unit, now_s)

    def _advance(self, unit: Unit, now_s: float) -> None:
        """Move to the first slot that is not over yet: polls that could not be made are not made up for."""
        period_s = unit.station.period_s
        if unit.polled:
            unit.slot_s += period_s
        else:
            unit.polled = True
            unit.slot_s = self._start_s + self._phase(unit) * period_s
        if unit.slot_s < now_s:
            unit.slot_s += math.ceil((now_s - unit.slot_s) / period_s) * period_s
        unit.due_s = unit.slot_s

    def _phase(self, unit: Unit) -> float:
        """Share of the period after which a station's second poll comes, in (0, 1]; no two buses beat together."""
        own = zlib.crc32(self._bus.endpoint.bus.encode()) / 2**32
        return 1 - (own + list(self._units.values()).index(unit) / len(self._units)) % 1

    async def _observe(self, unit: Unit, now_s: float) -> Observation | None:
        """What a turn brings: values, the news that there are none, or nothing new."""
        if not self._bus_breaker.may_try(now_s):
            unit.reason = self._bus_reason
        elif unit.breaker.may_try(now_s):
            observation = await self._attempt(unit, now_s)
            if observation is not None or unit.ready_s is not None:
                return observation
        return self._absence(unit, now_s)

    async def _attempt(self, unit: Unit, now_s: float) -> Observation | None:
        """Start a unit that has to be started, read one that has settled; None where there are no values."""
        if unit.must_start:
            try:
                await unit.start(self._bus)
            except BusError as error:
                self._failed(unit, error, now_s)
            return None
        if unit.ready_s is not None and unit.ready_s > now_s:
            return None
        begin_ms = self._now_ms()
        answers, trouble = await unit.read(self._bus, now_s)
        end_ms = self._now_ms()
        if all(answer is None for answer in answers):
            if trouble is not None:
                self._failed(unit, trouble, now_s)
            return None
        self._bus_breaker.worked()
        unit.breaker.worked()
        if unit.told_absent_s is not None:
            log.info("%s answers again", unit.station.id)
            unit.told_absent_s = None
        unit.answered_ms, unit.reason = end_ms, str(trouble) if trouble is not None else ""
        values, state = unit.decoder.decode(answers)
        return Observation(unit.station.id, (begin_ms + end_ms) // 2, values, state, self._synchronised())

    def _failed(self, unit: Unit, error: BusError, now_s: float) -> None:
        unit.reason = str(error)
        unit.silent()
        unit.breaker.failed(now_s, costs=not error.waits)
        if error.connected:
            self._bus_breaker.worked()
        else:
            self._bus_breaker.failed(now_s, costs=not error.waits)
            self._bus_reason = unit.reason

    def _absence(self, unit: Unit, now_s: float) -> Observation | None:
        """The news that a unit cannot be read, when it is news."""
        if unit.told_absent_s is None:
            log.warning("%s cannot be read: %s", unit.station.id, unit.reason)
        elif now_s - unit.told_absent_s < self._settings.absent_s:
            return None
        unit.told_absent_s = now_s
        return self._nothing(unit)

    def _nothing(self, unit: Unit) -> Observation:
        values = dict.fromkeys(unit.profile.determinands, _MISSING)
        state = StationState.COMMUNICATION
        return Observation(unit.station.id, self._now_ms(), values, state, self._synchronised())


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)
