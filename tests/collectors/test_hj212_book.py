"""A gateway's book: the same answers as a store, and nothing that the spool forgets before it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.hj212.book import Book, Copyist
from collectors.spool import Spool
from collectors.stores.sqlite import SqliteStore
from sensors.errors import StoreError
from sensors.reading import Block, Observation, Quality, Reading, StationState
from tests.collectors.brokers import until

NOW = 1_790_000_000_000
KEYS = ("ph", "turbidity", "conductivity")

readings = st.lists(
    st.builds(
        Reading,
        station=st.sampled_from(["S1", "S2"]),
        determinand=st.sampled_from(KEYS),
        time_ms=st.integers(0, 60).map(lambda minute: NOW + minute * 60_000),
        value=st.none() | st.integers(-50, 50).map(lambda n: n / 10),
        quality=st.sampled_from(Quality),
        state=st.sampled_from([StationState.NORMAL, StationState.FAULT]),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(readings, st.sampled_from([60_000, 600_000, 3_600_000]), st.integers(0, 5))
def test_it_answers_as_a_store_does(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Reading], step_ms: int, minutes: int
) -> None:
    folder = tmp_path_factory.mktemp("book")
    book, store = Book(folder / "a"), SqliteStore(folder / "b")
    try:
        for row in rows:
            book.write([row])
            store.write(Block.of([row]))
        start_ms = NOW + minutes * 60_000
        for station in ("S1", "S2"):
            assert book.range(station, KEYS[::-1], start_ms, NOW + 10**7) == store.range(
                station, KEYS[::-1], start_ms, NOW + 10**7
            )
        mine = book.summary(["S2", "S1"], KEYS, start_ms, NOW + 10**7, step_ms)
        theirs = store.summary(["S2", "S1"], KEYS, start_ms, NOW + 10**7, step_ms)
        for name in ("station", "determinand", "start_ms", "minimum", "maximum", "mean", "count", "provisional"):
            assert getattr(mine, name) == getattr(theirs, name), name
    finally:
        book.close()
        store.close()


def test_it_forgets_what_is_old(tmp_path: Path) -> None:
    book = Book(tmp_path / "a")
    book.write([Reading("S1", "ph", NOW + n, 7.0) for n in range(4)])
    book.drop_before(NOW + 2)
    assert book.range("S1", ["ph"], 0, NOW + 9).time_ms == [NOW + 2, NOW + 3]
    with pytest.raises(ValueError, match="step_ms is 0"):
        book.summary(["S1"], ["ph"], 0, 1, 0)
    book.close()
    with pytest.raises(StoreError, match="book"):
        book.range("S1", ["ph"], 0, 1)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x" * 5000)
    with pytest.raises(StoreError, match="not a database"):
        Book(tmp_path / "a")
    with pytest.raises(StoreError):
        Book(tmp_path / "a" / "b")


def seen(n: int, station: str = "S1") -> Observation:
    return Observation(station, NOW + n, {"ph": (float(n), Quality.NOT_EVALUATED)})


def test_rows_are_copied_and_held_until_they_are(tmp_path: Path) -> None:
    async def work() -> None:
        book, told = Book(tmp_path / "book"), list[Block]()
        async with Spool(tmp_path / "spool", flush_s=0.001) as spool:
            for n in range(1, 4):
                await spool.append(seen(n, "S1" if n != 2 else "elsewhere"))
            await spool.flush()
            copyist = Copyist(spool, book, {"S1"}, told.append)
            assert copyist.cursor == 0
            task = asyncio.create_task(copyist.run())
            await until(lambda: copyist.cursor == 3)
            assert told[0].value == [1.0, 3.0]
            await spool.append(seen(4))
            await until(lambda: copyist.cursor == 4)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert book.range("S1", ["ph"], 0, NOW + 9).value == [1.0, 3.0, 4.0]
            assert spool.listeners == []
        book.close()

    asyncio.run(asyncio.wait_for(work(), 20))


def test_a_book_that_takes_nothing_holds_the_spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.book.AGAIN_S", 0.01)

    async def work() -> None:
        book, failing = Book(tmp_path / "book"), [True]
        write = book.write

        def fails(rows: list[Reading]) -> None:
            if failing:
                raise StoreError("disk full", retryable=True)
            write(rows)

        monkeypatch.setattr(book, "write", fails)
        async with Spool(tmp_path / "spool", flush_s=0.001) as spool:
            await spool.append(seen(1))
            copyist = Copyist(spool, book, {"S1"}, lambda block: None)
            task = asyncio.create_task(copyist.run())
            await until(lambda: copyist.error)
            assert (copyist.error, copyist.cursor) == ("disk full", 0)
            failing.clear()
            await until(lambda: copyist.cursor == 1)
            await until(lambda: not copyist.error)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        book.close()

    asyncio.run(asyncio.wait_for(work(), 20))
