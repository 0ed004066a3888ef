"""Processes of their own for `modbus.py`: the virtual fleet, and two clients that poll as fast as they can."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import _common  # noqa: F401  (makes the packages importable)

#: Eight or so float32 in one read, as a multi-parameter sonde has them.
PROFILE = "yosemitech_y4000"

#: The unit that is dead on each bus, where one is.
DEAD = 4


def stations(buses: int, units: int) -> list[Any]:
    """Stations ``B<bus>U<unit>`` on Modbus TCP."""
    from sensors.place import Station

    return [
        Station(f"B{b}U{u}", "", "", "R01", "R01-1", 100.0, "river", PROFILE, f"tcp://10.0.{b}.1:502", u, "gw-01", 1.0)
        for b in range(buses)
        for u in range(1, units + 1)
    ]


async def fleet(buses: int, units: int, dead: bool) -> None:
    """Serve until stdin closes; tells the endpoints on stdout."""
    from collectors.clock import machine_ms
    from deploy.fleet.faults import Faults, InjectedFault, Mishap
    from deploy.fleet.fleet import Fleet
    from sensors.profile import load_profiles
    from sensors.simulate.steady import Steady

    served = stations(buses, units)
    faults = Faults([InjectedFault(Mishap.SILENT, f"B{b}U{DEAD}") for b in range(buses)] if dead else [])
    profile = load_profiles()[PROFILE]
    instruments = {station.id: Steady(profile, station.unit) for station in served}
    async with Fleet(served, instruments, machine_ms, faults=faults) as running:
        print(json.dumps(running.endpoints), flush=True)
        await asyncio.to_thread(sys.stdin.read)


async def plain(host: str, port: int, seconds: float) -> tuple[float, int]:
    """Poll units 1 to 10 with plain pymodbus: CPU [s] and polls."""
    from pymodbus.client import AsyncModbusTcpClient

    from sensors.profile import load_profiles, plan

    [block] = plan(load_profiles()[PROFILE])
    client = AsyncModbusTcpClient(host, port=port)
    await client.connect()
    polls, end_s, begin = 0, time.monotonic() + seconds, time.process_time()
    while time.monotonic() < end_s:
        answer = await client.read_holding_registers(block.address, count=block.count, device_id=1 + polls % 10)
        assert not answer.isError()
        polls += 1
    used = time.process_time() - begin
    client.close()
    return used, polls


async def ours(host: str, port: int, seconds: float) -> tuple[float, int]:
    """The same through bus, planner, breakers, schedule and decoder."""
    from dataclasses import replace

    from collectors.bus import Bus
    from collectors.clock import machine_ms
    from collectors.clock_state import ClockWatch
    from collectors.poller import Poller
    from sensors.endpoint import Endpoint
    from sensors.profile import load_profiles
    from sensors.reading import Observation

    profile = load_profiles()[PROFILE]
    polls = 0

    async def sink(observation: Observation) -> None:
        nonlocal polls
        polls += observation.state == "N"

    # A period that is always over: the next poll follows at once.
    polled = [(replace(station, period_s=1e-6), profile) for station in stations(1, 10)]
    async with Bus(Endpoint("tcp", host, port)) as bus:
        poller = Poller(bus, polled, sink, machine_ms, synchronised=ClockWatch(machine_ms))
        begin = time.process_time()
        task = asyncio.create_task(poller.run())
        await asyncio.sleep(seconds)
        used = time.process_time() - begin
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return used, polls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    serving = roles.add_parser("fleet")
    serving.add_argument("buses", type=int)
    serving.add_argument("units", type=int)
    serving.add_argument("--dead", action="store_true")
    for name in ("plain", "ours"):
        client = roles.add_parser(name)
        client.add_argument("host")
        client.add_argument("port", type=int)
        client.add_argument("seconds", type=float)
    args = parser.parse_args()
    if args.role == "fleet":
        asyncio.run(fleet(args.buses, args.units, args.dead))
        return
    work = plain if args.role == "plain" else ours
    print(json.dumps(asyncio.run(work(args.host, args.port, args.seconds))))


if __name__ == "__main__":
    main()
