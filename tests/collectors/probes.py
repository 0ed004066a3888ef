"""A virtual bus in memory for the tests of the poller: instruments with a profile's registers, in jumping time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from collectors.bus import BusError
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import SPACES, Profile
from sensors.simulate.encode import encode, encode_extras

EPOCH_MS = 1_790_000_000_000


def now_ms() -> int:
    """A clock that runs with the event loop's."""
    return EPOCH_MS + round(asyncio.get_running_loop().time() * 1000)


def station(unit: int, profile: Profile, period_s: float = 60.0) -> Station:
    return Station(
        id=f"S{unit}", name="", name_en="", river="R1", reach="R1-1", chainage_m=0.0, water_body="river",
        profile=profile.id, endpoint="tcp://10.66.1.11:502", unit=unit, gateway="gw1", period_s=period_s,
    )  # fmt: skip


class Probe:
    """Measures the loop's time as every determinand, and only as often as it is started where it has to be."""

    def __init__(self, profile: Profile, missing: Iterable[int] = ()) -> None:
        self.profile, self.missing = profile, frozenset(missing)
        self.started_s: float | None = None
        self.extras: Mapping[str, float] = {}
        self.held: dict[tuple[int, int], int] = {}
        self.done: list[tuple[int, int, tuple[int, ...]]] = []

    def read(self, function: int, address: int, count: int) -> list[int]:
        start = self.profile.start
        if (
            start is not None
            and start.action.reads
            and (function, address) == (start.action.function, start.action.address)
        ):
            self.started_s = asyncio.get_running_loop().time()
            return [0] * count
        if self.missing & set(range(address, address + count)):
            raise BusError("exception", "no such register", 2)
        image = encode_extras(self.profile, self.extras) | encode(self.profile, self.measured()) | self.held
        return [image.get((function, at), 0) for at in range(address, address + count)]

    def measured(self) -> dict[str, float]:
        now_s = asyncio.get_running_loop().time()
        start = self.profile.start
        if start is None:
            return dict.fromkeys(self.profile.determinands, 7.0)
        if self.started_s is None or now_s < self.started_s + start.wait_s:
            return {}
        # What it tells is when it measured, so that a stale value is seen.
        when_s = self.started_s if start.each == "poll" else now_s
        return dict.fromkeys(self.profile.determinands, when_s / 1000)

    def write(self, function: int, address: int, values: tuple[int, ...]) -> None:
        self.done.append((function, address, values))
        start = self.profile.start
        if start is not None and (function, address) == (start.action.function, start.action.address):
            self.started_s = asyncio.get_running_loop().time()
        self.held |= {(SPACES[function], address + i): value for i, value in enumerate(values)}


class ProbeBus:
    """Answers for probes after 20 ms; those in `silent` after their timeout, with nothing."""

    def __init__(self, probes: Mapping[int, Probe]) -> None:
        self.endpoint = Endpoint("tcp", "10.66.1.11", 502)
        self.probes, self.silent = probes, set[int]()
        self.asked: list[tuple[float, int, str, int, int]] = []

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        await self._reach(unit, "read", address, count, timeout_s)
        return self.probes[unit].read(function, address, count)

    async def write(
        self, unit: int, function: int, address: int, values: Sequence[int], timeout_s: float | None = None
    ) -> None:
        await self._reach(unit, "write", address, len(values), timeout_s)
        self.probes[unit].write(function, address, tuple(values))

    async def _reach(self, unit: int, what: str, address: int, count: int, timeout_s: float | None) -> None:
        self.asked.append((asyncio.get_running_loop().time(), unit, what, address, count))
        if unit in self.silent:
            await asyncio.sleep(timeout_s or 1.0)
            raise BusError("timeout", f"unit {unit}")
        await asyncio.sleep(0.02)

    def times(self, unit: int, what: str, address: int) -> list[float]:
        return [time for time, who, how, at, _ in self.asked if (who, how, at) == (unit, what, address)]
