"""The same answers from every backend, whatever came in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.stores.base import DAY_OFFSET_MS, Flag, ReadingStore
from collectors.stores.influx import InfluxStore
from collectors.stores.sqlite import SqliteStore
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, Reading, StationState

STATIONS, KEYS = ("S1", "S2"), ("ph", "orp")

#: Midnight of UTC+8.
T0 = 1_730_000_000_000 // DAY_MS * DAY_MS - DAY_OFFSET_MS
SPAN_MS = 3 * DAY_MS

times = st.integers(0, SPAN_MS // 600_000 - 1).map(lambda n: T0 + n * 600_000)
values = st.one_of(st.floats(-1e6, 1e6, allow_nan=False), st.sampled_from([0.1, 0.2, 0.3, 7.0]), st.none())
readings = st.builds(
    Reading, st.sampled_from(STATIONS), st.sampled_from(KEYS), times, values, st.sampled_from(Quality),
    st.sampled_from([StationState.NORMAL] * 4 + [StationState.MAINTENANCE, StationState.FAULT]),
)  # fmt: skip
flags = st.builds(
    Flag, st.sampled_from(STATIONS), st.sampled_from(KEYS), times, st.sampled_from(["spike", "range"]),
    st.sampled_from([Quality.GOOD, Quality.SUSPECT, Quality.FAIL]), st.just({"n": 1}),
)  # fmt: skip
repeats = st.integers(0, 400)
steps = st.one_of(
    st.tuples(st.just("write"), st.lists(readings, min_size=1, max_size=12)),
    st.tuples(st.just("commit"), st.lists(readings, min_size=1, max_size=12)),
    st.tuples(st.just("flag"), st.lists(flags, min_size=1, max_size=6)),
    st.tuples(st.just("again"), st.lists(repeats, min_size=1, max_size=6)),
    st.tuples(st.just("tidy"), st.just([])),
)  # fmt: skip
questions = st.lists(
    st.tuples(
        st.integers(-1, 60).map(lambda n: T0 + n * HOUR_MS), st.integers(1, 90),
        st.sampled_from([HOUR_MS, DAY_MS, 4 * HOUR_MS, 300_000, 1_234_000, 90 * 60_000]),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


class Clock:
    """Begins while the readings come and runs fast, so that some hours are over and some are not."""

    def __init__(self) -> None:
        self.now_ms = T0 + SPAN_MS // 2

    def __call__(self) -> int:
        self.now_ms += 10_000
        return self.now_ms


def play(store: ReadingStore, script: list[tuple[str, list[Any]]]) -> None:
    """Do what the script says; ``again`` sends things that were sent before."""
    sent: list[Any] = []
    for n, (kind, rows) in enumerate(script):
        if kind == "again":
            rows = [sent[row % len(sent)] for row in rows] if sent else []
        else:
            sent += rows
        block = Block.of(row for row in rows if isinstance(row, Reading))
        if kind == "tidy":
            while store.tidy():
                pass
        if kind == "write":
            store.write(block)
        elif len(block):
            store.commit(block, "gw1", "e", n)
        store.put_flags([row for row in rows if isinstance(row, Flag)])


def told(store: ReadingStore, asked: list[tuple[int, int, int]]) -> dict[str, Any]:
    """Every answer that has to be the same to the last bit."""
    end_ms = T0 + SPAN_MS
    revisions = store.revisions(T0, end_ms)
    return {
        "latest": list(store.latest()),
        "range": [list(store.range(station, KEYS, T0, end_ms)) for station in STATIONS],
        "flags": [store.flags(station, T0, end_ms) for station in STATIONS],
        "revisions": [astuple(one)[:-1] for one in revisions],
        "dump": [list(store.dump(station, T0, end_ms).block) for station in STATIONS],
        "series": store.series(),
        "changes": store.changes("")[0],
        "windows": [
            [(row.station, row.determinand, row.start_ms, row.minimum, row.maximum, row.count, row.provisional,
              row.certain_count) for row in store.summary(STATIONS, KEYS, start, start + hours * HOUR_MS, step)]
            for start, hours, step in asked
        ],
    }  # fmt: skip


def means(store: ReadingStore, asked: list[tuple[int, int, int]]) -> list[float | None]:
    return [
        mean
        for start, hours, step in asked
        for row in store.summary(STATIONS, KEYS, start, start + hours * HOUR_MS, step)
        for mean in (row.mean, row.certain_mean)
    ]


@pytest.mark.influxdb
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(steps, min_size=1, max_size=10), asked=questions)
def test_both_backends_answer_the_same(
    influx_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, script: Any, asked: Any
) -> None:
    stores: list[ReadingStore] = [
        SqliteStore(tmp_path_factory.mktemp("both") / "readings.sqlite", now_ms=Clock()),
        InfluxStore(influx_url(), now_ms=Clock()),
    ]
    for store in stores:
        play(store, script)
    one, other = (told(store, asked) for store in stores)
    for name, answer in one.items():
        assert other[name] == answer, name
    for mean, same in zip(means(stores[0], asked), means(stores[1], asked), strict=True):
        assert mean == (same if same is None else pytest.approx(same, rel=1e-9, abs=1e-9))
    for store in stores:
        store.close()
