"""The watch of a live store finds what a replay of the same readings finds, at the same times."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from analytics.qc import default_configuration
from analytics.qc.control import LATENESS_MS, QualityControl
from analytics.qc.trust import Trust
from analytics.qc.visits import Visit
from collectors.stores.sqlite import SqliteStore
from deploy.replay.folder import ReplayedCases, ticks
from deploy.replay.scenario import Scenario, load_scenario
from deploy.site.importing import import_site
from deploy.watch.grid import SLOT_MS, channels_of
from deploy.watch.pace import HOLD_MS
from deploy.watch.watch import Watch
from sensors.reading import Block, Quality
from sensors.site import Site

pytestmark = pytest.mark.shared

SECOND = 1000


def part_of(shared: Path, first: str, last: str) -> Scenario:
    """Some days, and nothing that a site has no instrument for: rain and inlet flows are left out."""
    whole = load_scenario(shared / "cases" / "outfalls" / "A101")
    begin, end = (round(datetime.fromisoformat(f"{day}+08:00").timestamp() * 1000) for day in (first, last))
    rows = slice(*np.searchsorted(whole.time_ms, [begin, end]))
    return replace(
        whole, time_ms=whole.time_ms[rows], values=whole.values[rows], rain_mm=np.zeros(rows.stop - rows.start),
        flow_m3_s=np.full((rows.stop - rows.start, len(whole.inlets)), np.nan),
    )  # fmt: skip


def as_measured(scenario: Scenario, site: Site, stations: Collection[str]) -> Scenario:
    """The same with the series of the site's instruments, of which only some stations work.

    The series must be the same ones: at which hour of the day a scale is renewed follows from a series' place.
    """
    series = tuple((channel.station, channel.determinand) for channel in channels_of(site, default_configuration()))
    values = np.full((scenario.time_ms.size, len(series)), np.nan)
    for column, pair in enumerate(series):
        if pair in scenario.column and pair[0] in stations:
            values[:, column] = scenario.values[:, scenario.column[pair]]
    return replace(scenario, series=series, values=values)


def replayed(scenario: Scenario) -> tuple[ReplayedCases, set[tuple[str, str, int, int]]]:
    """Events of a replay, and what quality control found suspect: station, determinand, time, quality."""
    cases = ReplayedCases(scenario)
    visits = [Visit(v.station, v.start_ms, v.end_ms) for v in scenario.visits]
    control = QualityControl(scenario.series, visits=visits, near=cases.layout.near())
    flags = control.step(scenario.time_ms, scenario.values)
    trusted = Trust(len(scenario.series)).rows(flags, scenario.time_ms)
    for first, end in ticks(scenario):
        cases.step(first, end, trusted)
    bad = (flags.flags == Quality.SUSPECT) | (flags.flags == Quality.FAIL)
    rows, columns = np.nonzero(bad[: flags.final])
    found = {
        (*scenario.series[column], int(flags.times_ms[row]), int(flags.flags[row, column]))
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
    }
    return cases, found


def arrivals(scenario: Scenario, rng: np.random.Generator, step_ms: int) -> Iterator[tuple[int, Block]]:
    """Batches of readings as they come in: each station behind by as much as the hold allows, changing all the time.

    The order in which stations' readings come is random; those of one station come in order, as from a spool.
    """
    names = list(scenario.stations)
    n, s = scenario.time_ms.size, len(names)
    behind = rng.uniform(0, 1, (n, s)) ** 4 * (HOLD_MS - SLOT_MS)
    due = np.maximum.accumulate(scenario.time_ms[:, None] + behind, axis=0)
    station_of = scenario.station_of
    for now_ms in range(int(scenario.time_ms[0]), int(scenario.time_ms[-1]) + HOLD_MS, step_ms):
        rows, stations = np.nonzero((due <= now_ms) & (due > now_ms - step_ms))
        block = Block()
        for i in rng.permutation(rows.size).tolist():
            for column in np.flatnonzero(station_of == stations[i]).tolist():
                value = scenario.values[rows[i], column]
                if np.isfinite(value):
                    name, key = scenario.series[column]
                    block.station.append(name)
                    block.determinand.append(key)
                    block.time_ms.append(int(scenario.time_ms[rows[i]]))
                    block.value.append(float(value))
        block.quality = [int(Quality.NOT_EVALUATED)] * len(block)
        block.state = ["N"] * len(block)
        yield now_ms, block


def test_the_watch_of_a_live_store_agrees_with_a_replay(shared: Path, tmp_path: Path) -> None:
    site = import_site(shared / "cases" / "outfalls" / "A101" / "public" / "topology.json", tmp_path / "site")
    days = part_of(shared, "2025-05-02T00:00", "2025-05-06T06:00")
    scenario = as_measured(days, site, [f"S{n:02}" for n in range(20, 40)])
    store = SqliteStore(tmp_path / "store.sqlite")
    visits = [Visit(v.station, v.start_ms, v.end_ms) for v in scenario.visits]

    def watch() -> Watch:
        return Watch(site, store, state=tmp_path / "state.npz", visits=lambda start_ms, end_ms: visits)

    running, now_ms = watch(), 0
    halfway = int(scenario.time_ms[scenario.time_ms.size * 3 // 4])
    for now_ms, block in arrivals(scenario, np.random.default_rng(7), 20 * 60 * SECOND):
        if len(block):
            store.commit(block, "gw-01", "aa", now_ms)
        running.tick(now_ms)
        if halfway is not None and now_ms >= halfway:  # killed: what was not kept is gone
            running, halfway = watch(), None
    while running.tick(now_ms) or running.behind:
        now_ms += SECOND
    cases, suspect = replayed(scenario)
    check_events(site, store, cases)
    last_ms = int(scenario.time_ms[-1]) - LATENESS_MS - HOLD_MS
    kept = {
        (row.station, row.determinand, row.time_ms, int(row.quality))
        for station in site.stations
        for row in store.range(station, [key for name, key in scenario.series if name == station], 0, last_ms)
        if row.quality in (Quality.SUSPECT, Quality.FAIL)
    }
    assert len(kept) > 500
    assert kept == {row for row in suspect if row[2] < last_ms}
    store.close()


def check_events(site: Site, store: SqliteStore, cases: ReplayedCases) -> None:
    found = {row.id: row for row in store.events(0, 2**60)}
    assert {name: (one.kind, one.detected_ms) for name, one in cases.found.items()} == {
        name: (row.kind, row.detected_ms) for name, row in found.items()
    }
    assert sum(row.kind == "discharge" for row in found.values()) >= 1
    final = {event.id: event for event in cases.events.open}
    assert {name: final[name].stations for name in final} == {name: found[name].stations for name in final}
    for name, one in cases.found.items():
        row = found[name]
        assert json.dumps(row.detail)
        if one.kind == "discharge":
            newest = one.later[-1] if one.later else one.first
            told = [(c["outfall"], pytest.approx(c["probability"], rel=1e-3)) for c in row.detail["candidates"]]
            assert list(newest.outfalls[: len(told)]) == told
            assert {c["outfall"] for c in row.detail["candidates"]} <= set(site.outfalls)
