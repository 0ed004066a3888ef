"""The benchmark of the board: its data are the same whatever the length, and its viewers speak as a browser does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from collectors.stores.base import Assessment
from sensors.durations import DAY_MS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True, scope="module")
def beside() -> Iterator[None]:
    """Benchmarks import each other as scripts do."""
    sys.path.append(str(ROOT / "benchmarks"))
    yield
    sys.path.remove(str(ROOT / "benchmarks"))


def test_a_longer_history_ends_as_a_shorter_one() -> None:
    from benchmarks import _board_data as data
    from benchmarks.casework import NOW

    series = ("S01", data.CABINET[2])
    end_ms = NOW - NOW % data.STEP_MS + data.STEP_MS
    whole = data._block(7, series, end_ms - data.SPAN_MS, end_ms)
    short = data._block(7, series, end_ms - 3 * DAY_MS, end_ms)
    assert 0.99 * data.SPAN_MS / data.STEP_MS < len(whole) < data.SPAN_MS / data.STEP_MS
    assert short.time_ms == whole.time_ms[-len(short) :] == sorted(short.time_ms)
    assert short.value == whole.value[-len(short) :]
    assert short.quality == whole.quality[-len(short) :]
    assert set(short.quality) == {1, 3}
    assert len(set(data._block(8, series, end_ms - DAY_MS, end_ms).value) & set(short.value)) < len(short)


def test_judgements_of_the_past_are_the_same_each_time_and_none_where_there_is_none() -> None:
    from benchmarks import _board_data as data

    row = Assessment("river", "R01", "window", 0, "III")
    days = [data._class(row, day * DAY_MS) for day in range(400)]
    assert days == [data._class(row, day * DAY_MS + 1) for day in range(400)]
    assert {"II", "V", None} <= set(days)
    assert data._class(Assessment("river", "R01", "window", 0, None), 0) is None


@pytest.mark.parametrize(
    ("medians", "factor"), [({12: 3.0}, 1.0), ({6: 1.0, 12: 1.1}, 1.1), ({6: 1.0, 12: 9.0, 48: 8.0}, 2.0)]
)
def test_growth_is_for_each_doubling(medians: dict[int, float], factor: float) -> None:
    from benchmarks import board

    assert board.growth(medians) == pytest.approx(factor)


def test_a_viewer_refreshes_the_fragment_that_wants_it_most_often() -> None:
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    from benchmarks._board_viewers import watched

    asked: list[tuple[str, str, str, bool]] = []

    async def answer(socket: ServerConnection) -> None:
        async for data in socket:
            told = BackMsg()
            told.ParseFromString(data if isinstance(data, bytes) else data.encode())
            rerun = told.rerun_script
            asked.append((rerun.query_string, rerun.page_script_hash, rerun.fragment_id, rerun.is_auto_rerun))
            session, seldom, often, end = (ForwardMsg() for _ in range(4))
            session.new_session.page_script_hash = "page"
            seldom.auto_rerun.interval, seldom.auto_rerun.fragment_id = 60.0, "seldom"
            often.auto_rerun.interval, often.auto_rerun.fragment_id = 10.0, "often"
            end.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
            for one in (session, *(() if rerun.fragment_id else (seldom, often)), end):
                await socket.send(one.SerializeToString())

    async def visit() -> list[float]:
        async with serve(answer, "127.0.0.1", 0, subprotocols=["streamlit"]) as server:  # type: ignore[list-item]
            port = next(iter(server.sockets)).getsockname()[1]
            pages = await watched(f"http://127.0.0.1:{port}/", 2, ("", "lang=en"), 3, 0.0)
        return [took_s for page in pages for took_s in page.times_s]

    times = asyncio.run(visit())
    assert len(times) == 6
    assert all(took_s > 0 for took_s in times)
    assert sorted(asked) == sorted(
        [("", "", "", False), ("lang=en", "", "", False)]
        + 3 * [("", "page", "often", True), ("lang=en", "page", "often", True)]
    )
