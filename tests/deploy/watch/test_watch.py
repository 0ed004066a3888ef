"""The watch over a store: flags, events, restarts, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.qc.control import LATENESS_MS
from analytics.qc.visits import Visit
from collectors.stores.base import Event
from collectors.stores.sqlite import SqliteStore
from deploy.site.importing import import_site
from deploy.watch.grid import RAINFALL, SLOT_MS
from deploy.watch.pace import PATIENCE_MS
from deploy.watch.watch import MARK, SAVE_MS, Watch
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.deploy.site.topologies import small_topology

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_790_000_100_000 // DAY * DAY
DAYS = 5


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    (folder / "topology.json").write_text(json.dumps(small_topology()), encoding="utf-8")
    return import_site(folder / "topology.json", folder / "site")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "s.sqlite")
    yield store
    store.close()


@pytest.fixture(scope="module")
def water() -> dict[tuple[str, str], np.ndarray]:
    """Five quiet days at two stations, in which sewage passes the first one on the last day; one value a slot."""
    rng, n = np.random.default_rng(3), DAYS * 288
    hours = np.arange(1, n + 1) / 12
    pulse = np.exp(-(((hours - 4.5 * 24) / 2.0) ** 2))
    quiet = {"ammonia_nitrogen": (1.0, 0.03, 2.0), "conductivity": (500.0, 2.0, 120.0), "ph": (7.2, 0.02, 0.0)}
    return {
        (station, key): level + noise * rng.normal(0, 1, n) + (added * pulse if station == "S01" else 0)
        for station in ("S01", "S02")
        for key, (level, noise, added) in quiet.items()
    }


def fill(store: SqliteStore, water: dict[tuple[str, str], np.ndarray], first: int = 0, last: int | None = None) -> None:
    """Put slots of the water into the store."""
    block = Block()
    for (station, key), values in water.items():
        for i, value in enumerate(values.tolist()[first:last], start=first):
            block.append(Reading(station, key, START + (i + 1) * SLOT_MS, round(value, 3)))
    store.write(block)


def catch_up(watch: Watch, now_ms: int) -> list[Event]:
    """Everything that is due, as a hub that does not pause."""
    found = watch.tick(now_ms)
    while watch.behind:
        found += watch.tick(now_ms)
    return found


END = START + DAYS * DAY


def test_a_discharge_is_told_with_its_explanation(site, store, water) -> None:
    fill(store, water)
    told: list[Event] = []
    watch = Watch(site, store, on_event=told.append)
    catch_up(watch, END)
    [event] = [row for row in store.events(0, END) if row.kind == "discharge"]
    assert event == [row for row in told if row.id == event.id][-1]
    assert event.stations == ("S01",)
    assert abs(event.start_ms - (START + 4.4 * DAY)) < 3 * HOUR
    assert event.start_ms <= event.detected_ms <= event.updated_ms
    detail = event.detail
    assert detail["first"]["station"] == "S01"
    assert detail["first"]["baseline"] < detail["first"]["value"]
    assert set(detail["determinands"]) <= {"ammonia_nitrogen", "conductivity"}
    assert detail["candidates"][0]["outfall"] == "PK1"
    assert sum(one["probability"] for one in detail["candidates"]) == pytest.approx(1, abs=1e-3)
    assert detail["cannot_tell"] == 0
    assert detail["silent"] == ["S02"]
    assert detail["neighbours"][0]["station"] == "S02"
    assert sum(detail["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert detail["rain_known"] is False
    assert "rain_mm" not in detail


def test_an_event_ends_when_nothing_was_added_for_hours_and_keeps_its_id(site, store, water) -> None:
    fill(store, water, 0, 1300)
    watch = Watch(site, store)
    catch_up(watch, START + 1300 * SLOT_MS)
    before = {row.id: row.end_ms for row in store.events(0, END)}
    assert None in before.values()
    fill(store, water, 1300)
    catch_up(watch, END)
    assert {row.id for row in store.events(0, END)} == set(before)
    assert all(row.end_ms is not None and row.end_ms > row.updated_ms for row in store.events(0, END))


def test_what_is_not_ready_says_so(site, store, water) -> None:
    fill(store, water, 0, 300)
    watch = Watch(site, store)
    assert watch.report() == {"judged_ms": None, "behind": False}
    catch_up(watch, START + 300 * SLOT_MS)
    report = watch.report()
    assert (report["ready"], report["stations"], report["stations_ready"]) == (0, 2, 0)
    assert report["judged_ms"] == START + 300 * SLOT_MS
    fill(store, water, 300)
    catch_up(watch, END)
    assert watch.report()["ready"] == 4
    assert watch.report()["stations_ready"] == 2


def test_an_empty_store_is_no_fault(site, store) -> None:
    watch = Watch(site, store)
    assert watch.tick(END) == []
    assert not watch.behind
    watch.save(END)
    assert store.mark(MARK) is None


def spiked(water: dict[tuple[str, str], np.ndarray]) -> dict[tuple[str, str], np.ndarray]:
    changed = {pair: values[:600].copy() for pair, values in water.items()}
    changed["S01", "ph"][500] += 2
    changed["S02", "ph"][595] = 13.8
    return changed


def flags_of(store: SqliteStore) -> set[tuple[str, str, int, str, Quality]]:
    return {
        (flag.station, flag.determinand, (flag.time_ms - START) // SLOT_MS - 1, flag.test, flag.flag)
        for station in ("S01", "S02")
        for flag in store.flags(station, 0, END)
    }


def test_final_verdicts_go_to_the_readings_and_impossible_values_at_once(site, store, water) -> None:
    fill(store, spiked(water))
    watch = Watch(site, store)
    catch_up(watch, START + 600 * SLOT_MS)
    found = flags_of(store)
    assert ("S01", "ph", 500, "spike", Quality.SUSPECT) in found
    assert ("S02", "ph", 595, "gross_range", Quality.FAIL) in found, "it is not an hour old"
    [flag] = [flag for flag in store.flags("S01", 0, END) if flag.test == "spike"]
    assert flag.evidence["statistic"] > flag.evidence["limit"]
    assert flag.evidence["is"]
    [spike] = store.range("S01", ["ph"], START + 501 * SLOT_MS, START + 501 * SLOT_MS + 1)
    assert spike.quality == Quality.SUSPECT
    assert {row.quality for row in store.range("S01", ["ph"], START, START + 500 * SLOT_MS)} == {Quality.NOT_EVALUATED}


def test_provisional_verdicts_are_kept_back(site, store, water) -> None:
    changed = spiked(water)
    fill(store, {pair: values[: 501 + 3] for pair, values in changed.items()})
    watch = Watch(site, store)
    catch_up(watch, START + 504 * SLOT_MS)
    assert flags_of(store) == set()
    fill(store, changed, 504, 501 + LATENESS_MS // SLOT_MS + 1)
    catch_up(watch, START + (502 + LATENESS_MS // SLOT_MS) * SLOT_MS)
    assert ("S01", "ph", 500, "spike", Quality.SUSPECT) in flags_of(store)


def test_a_reading_that_comes_late_is_judged_with_its_slot_while_that_is_possible(site, store, water) -> None:
    changed = {pair: values[:600].copy() for pair, values in water.items()}
    late = changed.pop(("S02", "ph"))
    late[590], late[500] = 12.9, 12.9
    fill(store, changed)
    watch = Watch(site, store)
    catch_up(watch, START + 600 * SLOT_MS)
    fill(store, {("S02", "ph"): late}, 590, 600)
    fill(store, {("S02", "ph"): late}, 500, 501)
    fill(store, {pair: values for pair, values in water.items() if pair != ("S02", "ph")}, 600, 601)
    catch_up(watch, START + 601 * SLOT_MS)
    assert flags_of(store) == set(), "one is older than the lateness, the other not among the last slots"
    late[599] = 12.9
    fill(store, {("S02", "ph"): late}, 599, 600)
    fill(store, {pair: values for pair, values in water.items() if pair != ("S02", "ph")}, 601, 602)
    catch_up(watch, START + 602 * SLOT_MS)
    assert flags_of(store) == {("S02", "ph", 599, "gross_range", Quality.FAIL)}


def test_visits_of_the_books_and_of_the_stations_themselves_hold(site, store, water) -> None:
    fill(store, water, 0, 600)
    kit = [Reading("S02", "ph", START + i * SLOT_MS, 6.86, state="M") for i in range(300, 304)]  # type: ignore[arg-type]
    store.write(Block.of(kit))
    log = [Visit("S01", START + 400 * SLOT_MS, START + 402 * SLOT_MS)]
    asked: list[tuple[int, int]] = []

    def visits(start_ms: int, end_ms: int) -> list[Visit]:
        asked.append((start_ms, end_ms))
        return log

    watch = Watch(site, store, visits=visits)
    catch_up(watch, START + 600 * SLOT_MS)
    visited = {(station, key, slot + 1) for station, key, slot, test, _ in flags_of(store) if test == "visit"}
    logged = {("S01", key, slot) for _, key in water for slot in (400, 401, 402)}
    # What is read in the state of maintenance is graded by nobody; the rest of the station is in people's hands too.
    said = {("S02", key, slot) for key in ("ammonia_nitrogen", "conductivity") for slot in range(300, 304)}
    assert visited == logged | said
    assert all(start_ms < end_ms for start_ms, end_ms in asked)
    assert watch.report()["judged_ms"] == START + 600 * SLOT_MS


def test_a_gauge_tells_the_rain(site, store, water) -> None:
    fill(store, water)
    store.write(Block.of(Reading("S02", RAINFALL, START + i * SLOT_MS, 0.0) for i in range(1, DAYS * 288)))
    watch = Watch(site, store)
    catch_up(watch, END)
    [event] = [row for row in store.events(0, END) if row.kind == "discharge"]
    assert (event.detail["rain_known"], event.detail["rain_mm"]) == (True, 0.0)
    assert watch.report()["rain_known"]


def found_in(store: SqliteStore) -> tuple[list[Event], set[Any]]:
    return store.events(0, END), flags_of(store)


def test_a_restart_goes_on_from_the_state(site, store, water, tmp_path) -> None:
    whole = SqliteStore(tmp_path / "whole.sqlite")
    fill(whole, water)
    catch_up(Watch(site, whole), END)
    state = tmp_path / "state.npz"
    for first, last in ((0, 700), (700, 1330), (1330, None)):
        fill(store, water, first, last)
        watch = Watch(site, store, state=state)
        catch_up(watch, min(END, START + (last or 1440) * SLOT_MS))
        watch.save(END)
    assert found_in(store) == found_in(whole)
    whole.close()


def test_the_state_is_kept_every_few_minutes(site, store, water, tmp_path) -> None:
    fill(store, water, 0, 300)
    watch, now_ms = Watch(site, store, state=tmp_path / "state.npz"), START + 300 * SLOT_MS
    catch_up(watch, now_ms)
    assert not (tmp_path / "state.npz").exists()
    watch.tick(now_ms + SAVE_MS)
    assert (tmp_path / "state.npz").exists()
    assert json.loads(store.mark(MARK) or "")["judged_ms"] == START + 300 * SLOT_MS


def test_whoever_has_lost_the_state_warms_up_and_tells_nothing_twice(site, store, water, monkeypatch) -> None:
    fill(store, water)
    watch = Watch(site, store)
    catch_up(watch, END)
    watch.save(END)
    put: list[str] = []
    monkeypatch.setattr(store, "put_events", lambda rows: put.append("events"))
    monkeypatch.setattr(store, "put_flags", lambda rows: put.append("flags"))
    other = Watch(site, store)
    assert catch_up(other, END) == []
    assert put == []
    assert other.report() == watch.report()


def test_a_state_of_another_store_is_not_taken_up(site, store, water, tmp_path) -> None:
    fill(store, water, 0, 300)
    watch = Watch(site, store, state=tmp_path / "state.npz")
    catch_up(watch, START + 300 * SLOT_MS)
    watch.save(END)
    fresh = SqliteStore(tmp_path / "fresh.sqlite")
    other = Watch(site, fresh, state=tmp_path / "state.npz")
    other.tick(END)
    assert other.report()["judged_ms"] is None
    fresh.close()


def test_what_the_store_does_not_take_is_told_later(site, store, water, monkeypatch) -> None:
    fill(store, water)
    watch = Watch(site, store)
    put: Callable[[Any], None] = store.put_events

    def refuse(rows: object) -> None:
        raise StoreError("disk full", retryable=True)

    monkeypatch.setattr(store, "put_events", refuse)
    with pytest.raises(StoreError):
        catch_up(watch, END)
    judged_ms = watch.report()["judged_ms"]
    with pytest.raises(StoreError):
        watch.tick(END)
    assert watch.report()["judged_ms"] == judged_ms, "it does not run ahead of what it has told"
    monkeypatch.setattr(store, "put_events", put)
    catch_up(watch, END)
    assert [row.kind for row in store.events(0, END)].count("discharge") == 1


def test_a_station_that_has_been_silent_for_days_delays_the_start_by_a_minute_only(site, store, water) -> None:
    fill(store, {pair: values for pair, values in water.items() if pair[0] == "S01"})
    watch = Watch(site, store)
    watch.tick(END)
    assert watch.report()["judged_ms"] is None
    catch_up(watch, END + PATIENCE_MS + 1)
    assert watch.report()["judged_ms"] == END
