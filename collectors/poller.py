"""Polls the stations of one bus, each at its period; a dead unit costs the others next to nothing.

What cannot be read is published as well: every determinand missing, the station's state COMMUNICATION, when it happens
and then every few minutes. A stale value is never sent again.
"""

from __future__ import annotations

import asyncio
import logging
import math
import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from collectors.bus import BusError
from collectors.clock import Now
from sensors.decode import Decoder
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import Profile, ReadBlock
from sensors.reading import Observation, Quality, StationState

log = logging.getLogger(__name__)

#: A pause of one period must let the poll one period later through, even where it starts a little early.
_EARLY = 0.95

Sink = Callable[[Observation], Awaitable[None]]


class Reader(Protocol):
    """What a poller needs of a bus; see `collectors.bus.Bus`."""

    endpoint: Endpoint

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        """Ask for registers; raises `BusError`."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How patient a poller is.

    Attributes
    ----------
    absent_s : float
        A unit that stays absent is published again after this time [s].
    failures : int
        Failed polls in a row after which a unit is left alone for a while; a single lost frame is not one.
    most_wait_s : float
        Longest pause between two attempts at an absent unit [s].
    """

    absent_s: float = 300.0
    failures: int = 2
    most_wait_s: float = 600.0


class Breaker:
    """Leaves what does not answer alone, twice as long each time, and lets one attempt through to find it again.

    Parameters
    ----------
    settings : Settings
    first_s : float
        Length of the first pause [s].
    """

    def __init__(self, settings: Settings, first_s: float) -> None:
        self._settings, self._first_s = settings, first_s
        self.failures = 0
        self._closed_until = -math.inf

    def may_try(self, now_s: float) -> bool:
        """Whether an attempt is due."""
        return now_s >= self._closed_until

    def worked(self) -> None:
        """The attempt got an answer."""
        self.failures = 0
        self._closed_until = -math.inf

    def failed(self, now_s: float) -> None:
        """The attempt that began at `now_s` got none."""
        self.failures += 1
        beyond = self.failures - self._settings.failures
        if beyond >= 0:
            # 2**20 pauses are past any limit; a float would overflow after a few months.
            pause_s = min(self._first_s * 2.0 ** min(beyond, 20), self._settings.most_wait_s)
            self._closed_until = now_s + _EARLY * pause_s


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


@dataclass(slots=True, eq=False)
class _Unit:
    station: Station
    profile: Profile
    decoder: Decoder
    breaker: Breaker
    due_s: float = 0.0
    answered_ms: int | None = None
    reason: str = ""
    told_absent_s: float | None = None
    blocks: dict[ReadBlock, Breaker] = field(default_factory=dict)


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
    """

    def __init__(
        self,
        bus: Reader,
        stations: Iterable[tuple[Station, Profile]],
        sink: Sink,
        now_ms: Now,
        settings: Settings | None = None,
    ) -> None:
        self._bus, self._sink, self._now_ms = bus, sink, now_ms
        self._settings = settings or Settings()
        self._units = [
            _Unit(station, profile, Decoder(profile), Breaker(self._settings, station.period_s))
            for station, profile in stations
        ]
        shortest_s = min((unit.station.period_s for unit in self._units), default=1.0)
        # A bus that is gone fails every unit on it: one attempt stands for all of them.
        self._bus_breaker = Breaker(Settings(failures=1, most_wait_s=self._settings.most_wait_s), shortest_s)
        self._bus_reason = ""

    @property
    def states(self) -> list[UnitState]:
        """How each unit is doing."""
        return [
            UnitState(unit.station.id, unit.answered_ms, unit.breaker.failures, unit.reason) for unit in self._units
        ]

    async def run(self) -> None:
        """Poll for ever: every station at once, then each at its own phase, so that a bus is busy evenly."""
        if not self._units:
            return
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        for unit in self._units:
            unit.due_s = start_s
        for index, unit in enumerate(self._units):
            await self._poll(unit, loop.time())
            unit.due_s = start_s + self._phase(index) * unit.station.period_s
            skip_missed(unit, loop.time())
        while True:
            unit = min(self._units, key=lambda unit: unit.due_s)
            now_s = loop.time()
            if unit.due_s > now_s:
                await asyncio.sleep(unit.due_s - now_s)
            await self._poll(unit, loop.time())
            unit.due_s += unit.station.period_s
            skip_missed(unit, loop.time())

    def _phase(self, index: int) -> float:
        """Share of the period after which a station's second poll comes, in (0, 1]; no two buses beat together."""
        own = zlib.crc32(self._bus.endpoint.bus.encode()) / 2**32
        return 1 - (own + index / len(self._units)) % 1

    async def _poll(self, unit: _Unit, now_s: float) -> None:
        """One poll of one station; whatever happens in it, the others go on."""
        try:
            observation = await self._observe(unit, now_s)
            if observation is not None:
                await self._sink(observation)
        except Exception:
            log.exception("poll of %s", unit.station.id)

    async def _observe(self, unit: _Unit, now_s: float) -> Observation | None:
        """What a poll brings: values, the news that there are none, or nothing new."""
        if not self._bus_breaker.may_try(now_s):
            unit.reason = self._bus_reason
            return self._absent(unit, now_s)
        if not unit.breaker.may_try(now_s):
            return self._absent(unit, now_s)
        begin_ms = self._now_ms()
        answers = await self._ask(unit, now_s)
        end_ms = self._now_ms()
        if all(answer is None for answer in answers):
            unit.blocks.clear()  # the unit is silent, not a block of it
            unit.breaker.failed(now_s)
            return self._absent(unit, now_s)
        unit.breaker.worked()
        if unit.told_absent_s is not None:
            log.info("%s answers again", unit.station.id)
        unit.told_absent_s, unit.answered_ms = None, end_ms
        values, state = unit.decoder.decode(answers)
        return Observation(unit.station.id, (begin_ms + end_ms) // 2, values, state)

    async def _ask(self, unit: _Unit, now_s: float) -> list[list[int] | None]:
        """Answers to the profile's plan of reads, None where there is none."""
        answers: list[list[int] | None] = []
        unit.reason = ""
        for block in unit.decoder.blocks:
            breaker = unit.blocks.setdefault(block, Breaker(self._settings, unit.station.period_s))
            if not breaker.may_try(now_s):
                # Some instruments answer nothing at all for registers that they do not have: left alone as a dead
                # unit is, or every poll of this one would cost its neighbours a time-out.
                answers.append(None)
                continue
            try:
                answers.append(
                    await self._bus.read(
                        unit.station.unit, block.function, block.address, block.count, unit.profile.timeout_s
                    )
                )
                self._bus_breaker.worked()
                breaker.worked()
            except BusError as error:
                answers.append(None)
                unit.reason = str(error)
                if error.connected:
                    self._bus_breaker.worked()
                else:
                    self._bus_breaker.failed(now_s)
                    self._bus_reason = unit.reason
                if error.reason != "exception":
                    breaker.failed(now_s)
                    # It is silent: asking it for the rest would only keep the others waiting.
                    answers += [None] * (len(unit.decoder.blocks) - len(answers))
                    break
        return answers

    def _absent(self, unit: _Unit, now_s: float) -> Observation | None:
        """The news that a unit cannot be read, when it is news."""
        if unit.told_absent_s is None:
            log.warning("%s cannot be read: %s", unit.station.id, unit.reason)
        elif now_s - unit.told_absent_s < self._settings.absent_s:
            return None
        unit.told_absent_s = now_s
        missing: tuple[float | None, Quality] = (None, Quality.MISSING)
        values = dict.fromkeys(unit.profile.determinands, missing)
        return Observation(unit.station.id, self._now_ms(), values, StationState.COMMUNICATION)


def skip_missed(unit: _Unit, now_s: float) -> None:
    """Move the next poll to the first slot that is not over yet: polls that could not be made are not made up for."""
    period_s = unit.station.period_s
    if unit.due_s < now_s:
        unit.due_s += math.ceil((now_s - unit.due_s) / period_s) * period_s
