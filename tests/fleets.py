"""Virtual instruments for tests of any package: a fleet in the test's own event loop, or in a thread beside it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager

from collectors.clock import Now
from deploy.fleet.fleet import Fleet, Instrument
from sensors.endpoint import Endpoint, parse_endpoint
from sensors.place import Station
from sensors.profile import load_profiles
from sensors.simulate.steady import Steady

TCP, RTU_TCP, SERIAL = "tcp://10.0.0.1:502", "rtu+tcp://10.0.0.2:4001", "rtu:///dev/ttyS9"

NOW_MS = 1_790_000_000_000


def stations_of(profiles: Sequence[str], endpoint: str = TCP) -> list[Station]:
    """A station per profile, named like its unit: ``unit-1`` and so on."""
    return [
        Station(f"unit-{unit}", "", "", "", "", 0.0, "river", profile, endpoint, unit, "g", 60.0)
        for unit, profile in enumerate(profiles, 1)
    ]


def steady(stations: Sequence[Station]) -> Mapping[str, Instrument]:
    """Instruments in ordinary water."""
    return {s.id: Steady(load_profiles()[s.profile], s.unit) for s in stations}


@asynccontextmanager
async def fleet_of(
    *profiles: str, endpoint: str = TCP, now_ms: Now = lambda: NOW_MS, **more: object
) -> AsyncIterator[tuple[Fleet, Endpoint]]:
    """Serve an instrument of each profile on one bus, units from 1 on; gives the fleet and where it is found."""
    stations = stations_of(profiles, endpoint)
    async with Fleet(stations, steady(stations), now_ms, **more) as fleet:  # type: ignore[arg-type]
        yield fleet, parse_endpoint(fleet.endpoints[endpoint])


@contextmanager
def fleet_beside(*profiles: str, endpoint: str = TCP, **more: object) -> Iterator[tuple[Fleet, str]]:
    """As `fleet_of`, in a thread of its own: for what runs an event loop itself. Gives the endpoint as text."""
    up = threading.Event()
    made: list[tuple[Fleet, str]] = []
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        async with fleet_of(*profiles, endpoint=endpoint, **more) as (fleet, _):  # type: ignore[arg-type]
            made.append((fleet, fleet.endpoints[endpoint]))
            ends.append((asyncio.get_running_loop(), asyncio.Event()))
            up.set()
            await ends[0][1].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert up.wait(10), "the fleet did not start"
    try:
        yield made[0]
    finally:
        loop, end = ends[0]
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
