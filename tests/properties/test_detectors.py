"""No detector, and no event, asks how readings were cut, in which order they came, or what stood there first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.detectors import DETECTORS, Detection, Options
from analytics.events import Event, Events
from tests.analytics.detectors.places import STATIONS, STEP_MS, after, column, layout, rise, trained

ROWS = 96

#: Rows that wait for what is late, as a hub's do.
LATE = 6

Scene = tuple[Any, Any, dict[str, Any]]


@cache
def scene(kind: str) -> Scene:
    """Times, readings, and what else is known, of half a day in which something happens."""
    times, values = after(ROWS, seed=len(kind))
    rain, flow = np.zeros(ROWS), np.ones((ROWS, 1))
    usable, doubted = np.ones(values.shape, bool), np.zeros(values.shape, bool)
    visited = np.zeros((ROWS, len(STATIONS)), bool)
    if kind == "discharge":
        values[:, column("S3", "ammonia_nitrogen")] += rise(ROWS, 24, 1.0, 0.5)
        values[:, column("S4", "ammonia_nitrogen")] += rise(ROWS, 36, 2.0, 0.3)
    if kind == "overflow":
        rain[18:24] = 2.0
        for name in STATIONS[:4]:
            values[:, column(name, "conductivity")] -= 60 * rise(ROWS, 24, 1.0, 1.0)
        values[:, column("S3", "ammonia_nitrogen")] += rise(ROWS, 24, 1.0, 0.5)
    if kind == "operation":
        flow[20:] = 0.1
        values[:, column("S3", "ammonia_nitrogen")] += rise(ROWS, 24, 1.0, 0.3)
    if kind == "faults":
        visited[10:12, 7] = True
        usable[30:50, column("S8", "turbidity")] = False
        values[30:50, column("S8", "turbidity")] = -9999
        doubted[40:, column("S9", "turbidity")] = True
        values[:, column("S9", "turbidity")] += rise(ROWS, 40, 1.0, 12.0)
        values[12:, column("S7", "conductivity")] += 80
        values[40:, column("S2", "ammonia_nitrogen")] += 0.8
        values[:, column("S5", "conductivity")] += rise(ROWS, 6, 10.0, 90.0)
    values[np.random.default_rng(9).random(values.shape) < 0.03] = np.nan
    return times, values, {"rain_mm": rain, "flow": flow, "usable": usable, "doubted": doubted, "visited": visited}


KINDS = ("discharge", "overflow", "operation", "faults")


def fresh(name: str) -> Any:
    """A detector of the table that has watched quiet water."""
    detector = DETECTORS[name](layout(), STEP_MS, 1, Options())
    detector.load(trained().save())
    return detector


@cache
def whole(name: str, kind: str) -> tuple[list[Detection], Any]:
    """What it says, and its state, if all rows come at once and in order."""
    times, values, known = scene(kind)
    detector = fresh(name)
    return detector.step(times, values, **known), detector.state()


def assert_same(detector: Any, state: Any) -> None:
    for key, array in detector.state().items():
        np.testing.assert_array_equal(array, state[key], err_msg=key)


def part(known: dict[str, Any], rows: Any) -> dict[str, Any]:
    return {key: array[rows] for key, array in known.items()}


def test_something_is_told_in_every_scene() -> None:
    told = {kind: {found.kind for found in whole("rise", kind)[0]} for kind in KINDS}
    assert "discharge" in told["discharge"]
    assert "overflow" in told["overflow"]
    assert all(told[kind] for kind in ("discharge", "overflow", "operation"))
    times, values, known = scene("faults")
    believed = fresh("rise").step(times, values, **(known | {"usable": None, "doubted": None, "visited": None}))
    assert believed != whole("rise", "faults")[0], "visits, unusable and doubted readings make no difference"


@settings(max_examples=6)
@given(st.data())
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DETECTORS)
def test_cuts_order_late_and_revised_readings_and_restarts(name: str, kind: str, data: st.DataObject) -> None:
    """Rows wait for `LATE` rows: what comes in that time, or comes again with another value, counts as if in time."""
    times, values, known = scene(kind)
    expected, state = whole(name, kind)
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    detector, found, due = fresh(name), [], 0
    cuts = sorted(data.draw(st.sets(st.integers(1, ROWS - 1), min_size=1, max_size=8)))
    restarts = data.draw(st.sets(st.sampled_from(cuts)))
    for begin, end in zip([0, *cuts], [*cuts, ROWS], strict=True):
        first = values[begin:end].copy()
        newest = np.arange(begin, end) >= end - LATE
        fate = rng.random(first.shape)
        first[newest[:, None] & (fate < 0.3) & np.isfinite(first)] *= 7
        first[newest[:, None] & (fate > 0.7)] = np.nan
        order = rng.permutation(end - begin)
        held = int(times[due]) - STEP_MS
        found += detector.step(times[begin:end][order], first[order], **part(known, order + begin), until_ms=held)
        rows = rng.permutation(np.arange(max(due, end - LATE), end))
        found += detector.step(times[rows], values[rows], **part(known, rows), until_ms=held)
        last = ROWS if end == ROWS else max(due, end - LATE)
        if last > due:
            found += detector.step(times[:0], values[:0], until_ms=int(times[last - 1]))
            due = last
        if end in restarts:
            again = DETECTORS[name](layout(), STEP_MS, 1, Options())
            again.load(detector.save())
            # What waited is not in the state and is given again.
            again.step(times[due:end], values[due:end], **part(known, slice(due, end)), until_ms=int(times[due]) - 1)
            detector = again
    assert found == expected
    assert_same(detector, state)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DETECTORS)
def test_the_future_changes_nothing(name: str, kind: str) -> None:
    times, values, known = scene(kind)
    for cut in np.random.default_rng(len(kind)).choice(np.arange(2, ROWS), 10, replace=False).tolist():
        found = fresh(name).step(times[:cut], values[:cut], **part(known, slice(0, cut)))
        assert found == [one for one in whole(name, kind)[0] if one.time_ms <= times[cut - 1]]


def detections() -> Iterator[Detection]:
    for kind in KINDS:
        yield from whole("rise", kind)[0]


@given(st.data())
def test_events_do_not_ask_how_detections_were_cut(data: st.DataObject) -> None:
    found = sorted(detections(), key=lambda one: one.time_ms)
    at_once = Events(layout())
    expected = {event.id: event for event in at_once.step(found)}
    kept: dict[str, Event] = {}
    events = Events(layout())
    cuts = sorted(data.draw(st.sets(st.integers(0, len(found)), max_size=5)))
    for begin, end in zip([0, *cuts], [*cuts, len(found)], strict=True):
        kept |= {event.id: event for event in events.step(found[begin:end])}
        again = Events(layout())
        again.load(events.save())
        events = again
    assert kept == expected
    assert events.open == at_once.open
