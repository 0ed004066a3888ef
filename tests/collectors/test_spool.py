from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from collectors.spool import Spool
from collectors.spool_file import ROW_OVERHEAD, SpoolFile, encode
from sensors.errors import StoreError
from sensors.reading import Observation, Quality, StationState

T0 = 1_790_000_000_000


def observation(n: int, station: str = "S1") -> Observation:
    return Observation(station, T0 + n, {"ph": (100.0 + n, Quality.NOT_EVALUATED)})


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def fill(spool: Spool, n: int, start: int = 0) -> None:
    for k in range(start, start + n):
        await spool.append(observation(k))
    await spool.flush()


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    odd = Observation(
        "斜塘-1",
        T0,
        {"ph": (0.1, Quality.GOOD), "turbidity": (None, Quality.MISSING), "orp": (-5e-324, Quality.FAIL)},
        StationState.COMMUNICATION,
    )

    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool") as spool:
            await spool.append(odd)
            await spool.append(observation(1))
            await spool.flush()
            assert await spool.read(0, 10) == [(1, odd), (2, observation(1))]
            assert await spool.read(1, 10) == [(2, observation(1))]
            assert await spool.read(0, 1) == [(1, odd)]

    run(work())


def test_groups_reach_the_disk_by_time_and_by_number(tmp_path: Path) -> None:
    async def work() -> None:
        seen = asyncio.Event()
        async with Spool(tmp_path / "gw1.spool", flush_s=0.01, flush_rows=10) as spool:
            spool.listeners.append(seen.set)
            await spool.append(observation(0))
            assert spool.state.last == 0
            await seen.wait()  # by time
            assert spool.state.last == 1
        async with Spool(tmp_path / "gw1.spool", flush_s=3600, flush_rows=10) as spool:
            spool.listeners.append(seen.set)
            seen.clear()
            for n in range(10):
                await spool.append(observation(n))
            await seen.wait()  # by number
            assert spool.state.last == 11

    run(work())


def test_closing_saves_what_waits_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "gw1.spool"

    async def work() -> None:
        async with Spool(path, flush_s=3600) as spool:
            epoch = spool.epoch
            for n in range(5):
                await spool.append(observation(n))
        async with Spool(path) as spool:
            assert (spool.state.base, spool.state.last, spool.state.rows) == (0, 5, 5)
            assert spool.epoch != epoch  # the file may have come back from a copy meanwhile
            assert await spool.delete_up_to(spool.epoch, 5)
            assert (spool.state.base, spool.state.rows, spool.state.bytes) == (5, 0, 0)
        async with Spool(path) as spool:
            assert (spool.state.base, spool.state.last) == (5, 5)
            await fill(spool, 1)
            assert [seq for seq, _ in await spool.read(0, 9)] == [6]

    run(work())


def test_only_the_own_epoch_is_deleted(tmp_path: Path) -> None:
    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool") as spool:
            await fill(spool, 3)
            assert not await spool.delete_up_to("feedbeef", 3)
            assert spool.state.rows == 3
            old = spool.epoch
            await spool.renew()
            assert spool.epoch != old
            assert not await spool.delete_up_to(old, 3)
            assert await spool.delete_up_to(spool.epoch, 2)
            assert [seq for seq, _ in await spool.read(0, 9)] == [3]

    run(work())


def test_a_full_spool_drops_the_oldest_and_remembers_it(tmp_path: Path) -> None:
    size = len(encode(observation(100))) + ROW_OVERHEAD

    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool", max_bytes=10 * size, now_ms=lambda: T0) as spool:
            await fill(spool, 25, start=100)
            await fill(spool, 5, start=125)
            assert [o.time_ms - T0 for _, o in await spool.read(0, 99)] == list(range(120, 130))
            (gap,) = await spool.gaps()
            assert (gap.first, gap.last, gap.rows) == (1, 20, 20)
            assert (gap.first_ms, gap.last_ms) == (T0 + 100, T0 + 119)
            assert (spool.state.base, spool.state.dropped, spool.state.rows) == (20, 20, 10)
            await spool.delete_up_to(spool.epoch, 30)
            await fill(spool, 12, start=200)
            assert [(g.first, g.last, g.rows) for g in await spool.gaps()] == [(1, 20, 20), (31, 32, 2)]
        async with Spool(tmp_path / "gw1.spool", now_ms=lambda: T0) as spool:
            assert (spool.state.dropped, spool.state.base, spool.state.rows) == (22, 32, 10)

    run(work())


def test_what_has_waited_too_long_is_dropped(tmp_path: Path) -> None:
    now = T0

    async def work() -> None:
        nonlocal now
        async with Spool(tmp_path / "gw1.spool", max_age_ms=1_000, now_ms=lambda: now) as spool:
            await fill(spool, 2)
            now = T0 + 500
            await fill(spool, 2, start=2)
            now = T0 + 1_001
            await fill(spool, 1, start=4)
            assert [o.time_ms - T0 for _, o in await spool.read(0, 9)] == [2, 3, 4]
            assert [(gap.rows, gap.first_ms - T0, gap.last_ms - T0) for gap in await spool.gaps()] == [(2, 0, 1)]

    run(work())


@pytest.mark.parametrize("jump_days", [100, -20_000, 20_000])
def test_a_clock_that_jumps_makes_no_row_old(tmp_path: Path, jump_days: int) -> None:
    """A gateway without a battery starts in 1970 and is set right by the network."""
    now = T0

    async def work() -> None:
        nonlocal now
        async with Spool(tmp_path / "gw1.spool", now_ms=lambda: now) as spool:
            await fill(spool, 10)
            now += jump_days * 86_400_000
            await fill(spool, 1, start=10)
            now += 60_000
            await fill(spool, 1, start=11)
            assert (spool.state.rows, spool.state.dropped) == (12, 0)
            # Time that passes while the gateway works still makes them old.
            for _ in range(2 * 91):
                now += 43_200_000
                await fill(spool, 1)
            assert (await spool.gaps())[0].rows >= 12

    run(work())


def test_an_observation_that_cannot_be_written_costs_no_other(tmp_path: Path) -> None:
    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool") as spool:
            await spool.append(observation(1))
            await spool.append(Observation("S1", T0, {"ph": (float("inf"), Quality.FAIL)}))
            await spool.append(observation(2))
            await spool.flush()
            assert [o.time_ms - T0 for _, o in await spool.read(0, 9)] == [1, 2]
            assert (spool.state.waiting, spool.state.dropped, spool.state.error) == (0, 1, "")

    run(work())


def test_a_full_disk_keeps_what_is_there_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool", flush_s=0.01) as spool:
            await fill(spool, 200)
            pages = (await spool._run(lambda: spool._file._db.execute("PRAGMA page_count").fetchone()))[0]
            await spool._run(lambda: spool._file._db.execute(f"PRAGMA max_page_count = {pages}").fetchall())
            await fill(spool, 500, start=200)
            assert "full" in spool.state.error
            assert (spool.state.rows, spool.state.waiting) == (200, 500)
            assert len(await spool.read(0, 999)) == 200
            await spool._run(lambda: spool._file._db.execute("PRAGMA max_page_count = 100000").fetchall())
            written = asyncio.Event()
            spool.listeners.append(written.set)
            await written.wait()  # by itself
            assert [o.time_ms - T0 for _, o in await spool.read(0, 999)] == list(range(700))
            assert (spool.state.error, spool.state.waiting, spool.state.dropped) == ("", 0, 0)

    run(work())


def test_memory_is_bounded_while_the_disk_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.spool.MAX_WAITING", 50)

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool", flush_s=3600) as spool:
            monkeypatch.setattr(SpoolFile, "append", broken)
            await fill(spool, 80)
            assert "readonly" in spool.state.error
            assert (spool.state.waiting, spool.state.dropped) == (50, 30)
            monkeypatch.undo()
        async with Spool(tmp_path / "gw1.spool") as spool:
            assert [o.time_ms - T0 for _, o in await spool.read(0, 999)] == list(range(30, 80))

    run(work())


def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "gw1.spool"
    path.write_bytes(b"river mud " * 1000)

    async def work() -> None:
        async with Spool(path, now_ms=lambda: 17) as spool:
            await fill(spool, 2)
            assert spool.state.damaged == "gw1.spool.damaged-17"
            assert len(await spool.read(0, 9)) == 2

    run(work())
    assert (tmp_path / "gw1.spool.damaged-17").read_bytes().startswith(b"river mud")


def test_a_file_that_breaks_while_it_is_used_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "gw1.spool"

    async def work() -> None:
        async with Spool(path) as spool:
            await fill(spool, 2_000)
            epoch = spool.epoch
            await spool._run(lambda: spool._file._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
            await spool._run(lambda: spool._file._db.execute("PRAGMA cache_size = 0").fetchall())
            with path.open("r+b") as file:
                file.seek(4096)
                file.write(b"\xff" * (path.stat().st_size - 4096))
            await fill(spool, 3)
            assert spool.state.damaged
            assert spool.epoch != epoch
            assert [seq for seq, _ in await spool.read(0, 9)] == [1, 2, 3]

    run(work())


def test_a_damaged_file_on_a_disk_that_takes_no_new_one_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool", flush_s=0.01) as spool:
            await fill(spool, 2)
            prepare, damage = SpoolFile._prepare, sqlite3.DatabaseError("file is not a database")
            damage.sqlite_errorcode = sqlite3.SQLITE_NOTADB

            def refuse(*_: object) -> None:
                raise sqlite3.OperationalError("disk I/O error")

            def broken(*_: object) -> None:
                monkeypatch.undo()
                monkeypatch.setattr(SpoolFile, "_prepare", refuse)
                raise damage

            monkeypatch.setattr(SpoolFile, "_bridge", broken)
            await fill(spool, 1, start=2)
            assert "disk I/O error" in spool.state.error
            monkeypatch.setattr(SpoolFile, "_prepare", prepare)
            written = asyncio.Event()
            spool.listeners.append(written.set)
            await written.wait()  # by itself
            assert [o.time_ms - T0 for _, o in await spool.read(0, 9)] == [2]
            assert spool.state.error == ""

    run(work())


def test_two_gateways_cannot_share_a_spool(tmp_path: Path) -> None:
    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool"):
            with pytest.raises(StoreError, match="locked; another gateway runs on it") as caught:
                async with Spool(tmp_path / "gw1.spool"):
                    pass
            assert caught.value.retryable

    run(work())


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gw1.spool"

    async def work() -> None:
        async with Spool(path):
            pass
        db = sqlite3.connect(path)
        db.execute("PRAGMA user_version = 99")
        db.close()
        with pytest.raises(StoreError, match="schema 99"):
            async with Spool(path):
                pass

    run(work())


def test_an_older_file_is_brought_up_with_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "gw1.spool"

    async def work() -> None:
        async with Spool(path) as spool:
            await fill(spool, 3)
        monkeypatch.setattr("collectors.spool_file.MIGRATIONS", (("CREATE TABLE more (x)",),))
        async with Spool(path) as spool:
            assert [seq for seq, _ in await spool.read(0, 9)] == [1, 2, 3]
        async with Spool(path):
            pass  # each step is made once
        monkeypatch.undo()
        with pytest.raises(StoreError, match="schema 2; accepted: up to 1"):
            async with Spool(path):
                pass

    run(work())


WRITER = """
import asyncio, sys
from pathlib import Path
from collectors.spool import Spool
from sensors.reading import Observation, Quality

async def main():
    async with Spool(Path(sys.argv[1]), flush_s=0.001, flush_rows=7) as spool:
        spool.listeners.append(lambda: print(spool.state.last, flush=True))
        for n in range(1_000_000):
            await spool.append(Observation("S1", n, {"ph": (float(n), Quality.GOOD)}))
            await asyncio.sleep(0)

asyncio.run(main())
"""


def test_what_reached_the_disk_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "gw1.spool"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(20)][-1]
        writer.kill()
        told = max([told, *map(int, writer.stdout.read().split())])

    async def work() -> None:
        async with Spool(path) as spool:
            assert spool.state.last >= told
            rows = await spool.read(0, 10**6)
            assert [observation.time_ms for _, observation in rows] == list(range(spool.state.last))

    run(work())


def test_a_full_disk_does_not_keep_delivered_rows_from_being_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To delete a row SQLite writes first: the spool holds some room back for that."""
    reserve = tmp_path / "gw1.spool.reserve"

    async def work() -> None:
        async with Spool(tmp_path / "gw1.spool") as spool:
            await fill(spool, 200)
            assert reserve.stat().st_blocks * 512 >= 4 * 1024 * 1024
            full = sqlite3.OperationalError("database or disk is full")
            full.sqlite_errorcode = sqlite3.SQLITE_FULL
            delete = SpoolFile._delete

            def choosy(file: SpoolFile, seq: int) -> None:
                if reserve.exists():
                    raise full
                delete(file, seq)

            monkeypatch.setattr(SpoolFile, "_delete", choosy)
            assert await spool.delete_up_to(spool.epoch, 150)
            assert (spool.state.rows, spool.state.base, reserve.exists()) == (50, 150, True)
            monkeypatch.undo()
            assert [seq for seq, _ in await spool.read(0, 999)] == list(range(151, 201))

    run(work())
