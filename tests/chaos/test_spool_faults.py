"""What a gateway's disk and clock do to its spool, by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.spool import Spool
from tests.chaos.disk import Disk
from tests.chaos.observations import Plan
from tests.collectors.brokers import until

PLAN = Plan("x", "gw-01", 0, 0, ("S1", "S2"), "", 1_790_000_000_000, 0.0)
DAY_MS = 86_400_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """One of sixteen megabytes."""
    disk = Disk(tmp_path / "disk", 16)
    if not disk.real:
        disk.close()
        pytest.skip("no tmpfs may be mounted here")
    yield disk
    disk.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 60))


async def fill(spool: Spool, begin: int, end: int) -> None:
    for n in range(begin, end):
        await spool.append(PLAN.observation(n))
    await spool.flush()


async def numbers(spool: Spool) -> list[int]:
    """Which observations are there."""
    return [(row.time_ms - PLAN.begin_ms) // 1_000 for _, row in await spool.read(0, 100_000)]


def test_a_full_disk_keeps_what_it_has_says_so_and_goes_on(disk: Disk) -> None:
    async def work() -> None:
        async with Spool(disk.folder / "spool", flush_s=0.01) as spool:
            await fill(spool, 0, 500)
            disk.fill()
            await fill(spool, 500, 900)
            assert spool.state.error
            assert await numbers(spool) == list(range(500)), "what is there can be read and sent"
            assert (spool.state.waiting, spool.state.dropped) == (400, 0)
            disk.make_room()
            await until(lambda: not spool.state.waiting)
            assert (await numbers(spool), spool.state.error) == (list(range(900)), "")

    run(work())


def test_a_disk_that_is_full_when_the_gateway_starts_still_delivers(disk: Disk) -> None:
    async def work() -> None:
        async with Spool(disk.folder / "spool") as spool:
            await fill(spool, 0, 300)
        disk.fill()
        async with Spool(disk.folder / "spool", flush_s=0.01) as spool:
            assert await numbers(spool) == list(range(300))
            await fill(spool, 300, 310)
            assert spool.state.error
            disk.make_room()
            await until(lambda: not spool.state.waiting)
            await spool.delete_up_to(spool.epoch, 300)
            assert await numbers(spool) == list(range(300, 310))

    run(work())


def test_a_disk_that_fills_up_by_itself_stops_where_it_is(disk: Disk) -> None:
    """The limit of the spool is larger than the disk: nothing is dropped for it, and nothing that was taken is lost."""

    async def work() -> None:
        async with Spool(disk.folder / "spool", flush_s=0.01) as spool:
            made = 0
            while not spool.state.error:
                await fill(spool, made, made + 2_000)
                made += 2_000
            on_disk = len(await numbers(spool))
            assert 10_000 < on_disk < made
            await spool.delete_up_to(spool.epoch, on_disk)
            await until(lambda: not spool.state.waiting)
            assert await numbers(spool) == list(range(on_disk, made))

    run(work())


@pytest.mark.parametrize("jumps", [(-20_000,), (-20_000, 20_000), (100, -100), (1, -1, 300, -300)])
def test_a_clock_that_jumps_costs_nothing(tmp_path: Path, jumps: tuple[int, ...]) -> None:
    now_ms = PLAN.begin_ms

    def clock() -> int:
        return now_ms

    async def work() -> None:
        nonlocal now_ms
        path = tmp_path / "spool"
        made = 0
        for days in (0, *jumps):
            now_ms += days * DAY_MS
            # A gateway that was off while its clock went wrong, and one that was not.
            async with Spool(path, now_ms=clock) as spool:
                await fill(spool, made, made + 50)
                now_ms += 60_000
                await fill(spool, made + 50, made + 60)
                made += 60
                assert await numbers(spool) == list(range(made))
                assert (spool.state.dropped, await spool.gaps()) == (0, [])

    run(work())
