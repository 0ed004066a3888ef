"""What a gateway does when it is told to, at real instruments and without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.clock_state import ClockWatch
from collectors.wire_care import Command, Slice
from deploy.gateway.config import gateway_config
from deploy.gateway.hands import GatewayHands
from deploy.gateway.lines import Lines
from sensors.errors import UsageError
from sensors.reading import Observation
from sensors.site import Site
from tests.collectors.brokers import until
from tests.deploy.boxes import Instrument, instruments, small_site

NOW = 1_790_000_000_000


class Box:
    def __init__(self) -> None:
        self.taken: list[Observation] = []
        self.restarting = asyncio.Event()
        self.lines = Lines(self.sink, lambda: NOW, ClockWatch(lambda: NOW, "simulated"))

    async def sink(self, observation: Observation) -> None:
        self.taken.append(observation)

    async def about(self) -> Mapping[str, Any]:
        return {"software": "1"}

    async def take(self, part: Slice) -> Sequence[str]:
        return [part.hash]


@asynccontextmanager
async def box(xietang: Site, folder: Path) -> AsyncIterator[tuple[Box, GatewayHands, Instrument, str]]:
    async with instruments(1) as [probe]:
        site = small_site(xietang, folder, probe.endpoint)
        made = Box()
        async with made.lines as lines:
            await lines.apply(gateway_config(site, "gw-01").buses)
            await until(lambda: made.taken)
            yield made, GatewayHands(made), probe, next(iter(site.stations))


def order(name: str, station: str = "", value: float | None = None) -> Command:
    return Command("0" * 16, name, NOW, NOW + 1, station, value)


def test_looking_and_sampling(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with box(xietang, tmp_path) as (made, hands, probe, station):
            sampled = await hands.do(order("sample", station))
            assert (sampled.ok, sampled.data["values"]) == (True, {"ph": [7.25, 2]})
            assert len(made.taken) == 2
            probed = await hands.do(order("probe", station))
            assert probed.data["commands"] == {
                "clean": "action", "interval": "setting: 1 to 60", "zero": "calibration: -1 to 1",
            }  # fmt: skip
            assert (probed.data["profile"], probed.data["failures"]) == ("test_probe", 0)
            assert (await hands.do(order("probe"))).data == {"software": "1"}
            assert probe.written == []
            probe.silent = True
            silent = await hands.do(order("sample", station))
            assert (silent.ok, silent.data["state"]) == (False, "B")
            assert "timeout" in silent.detail

    asyncio.run(asyncio.wait_for(work(), 30))


def test_writing_is_what_the_profile_says(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with box(xietang, tmp_path) as (_, hands, probe, station):
            assert hands.kind(order("clean", station)) == "action"
            assert (await hands.do(order("clean", station))).ok
            assert hands.kind(order("interval", station, 15)) == "setting"
            done = await hands.do(order("interval", station, 15))
            assert (done.data["before"], done.data["after"]) == (10, 15)
            assert hands.kind(order("zero", station, 0.5)) == "calibration"
            plan = await hands.preview(order("zero", station, 0.5))
            assert (plan["now"], plan["value"], plan["address"], plan["note"]) == (0.0, 0.5, 110, "In still water")
            assert probe.written == [(100, (1,)), (101, (15,))]
            assert (await hands.do(order("zero", station, 0.5))).data["after"] == 0.5
            assert probe.written[2:] == [(110, (0x3F00, 0))]
            probe.silent = True
            with pytest.raises(UsageError, match="cannot be read: timeout"):
                await hands.preview(order("zero", station, 0.5))

    asyncio.run(asyncio.wait_for(work(), 30))


@pytest.mark.parametrize(
    ("name", "station", "value", "text"),
    [
        ("clean", "", None, "done at a station; without one: probe, sample, restart"),
        ("clean", "S99", None, "found S99; accepted: a station that this gateway polls"),
        ("sample", "", None, "found no station"),
        ("probe", "S99", None, "found S99"),
        ("probe", "", 1.0, "takes no value"),
        ("clean", "*", 1.0, "takes no value"),
        ("wipe", "*", None, "no command wipe; accepted: clean, interval, zero"),
        ("interval", "*", None, "accepted: 1 to 60"),
        ("interval", "*", 61.0, "accepted: 1 to 60"),
    ],
)
def test_what_is_refused(
    xietang: Site, tmp_path: Path, name: str, station: str, value: float | None, text: str
) -> None:
    async def work() -> None:
        async with box(xietang, tmp_path) as (_, hands, probe, here):
            with pytest.raises(UsageError, match=text):
                hands.kind(order(name, station.replace("*", here), value))
            assert probe.written == []

    asyncio.run(asyncio.wait_for(work(), 30))


def test_restarting(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with box(xietang, tmp_path) as (made, hands, probe, station):
            assert (await hands.do(order("restart", station))).ok
            await until(lambda: probe.connections == 2)
            await until(lambda: len(made.taken) == 2)
            assert not made.restarting.is_set()
            assert (await hands.do(order("restart"))).ok
            assert made.restarting.is_set()
            assert await hands.take(Slice("a", {})) == ["a"]

    asyncio.run(asyncio.wait_for(work(), 30))
