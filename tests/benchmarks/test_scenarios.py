"""The generator: networks hang together, its transport agrees with SWMM's, and its truth is what the scorer reads."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.scenarios.hydraulics import route
from benchmarks.scenarios.layout import draw
from benchmarks.scenarios.marginals import marginals
from benchmarks.scenarios.plan import PLANS, TUNING
from benchmarks.scenarios.probes import Measured, measure
from benchmarks.scenarios.sources import inflows
from benchmarks.scenarios.transport import Carrier
from benchmarks.scenarios.truth import sigmas, tier
from benchmarks.scenarios.weather import PER_DAY, rain
from deploy.replay.scenario import load_scenario
from sensors.network import components
from tests.benchmarks.plans import TINY


@pytest.mark.parametrize("plan", TUNING, ids=lambda plan: plan.name)
def test_networks_hang_together(plan) -> None:
    layout = draw(plan, np.random.default_rng(plan.seed))
    joined = {frozenset((c.start, c.end)) for c in layout.channels}
    seen, todo = {layout.outlets[0]}, [layout.outlets[0]]
    while todo:
        here = todo.pop()
        todo += [n for pair in joined if here in pair for n in pair - seen]
        seen |= {n for pair in joined if here in pair for n in pair}
    assert seen >= {n for pair in joined for n in pair}
    assert len(layout.stations) == plan.stations
    assert len(layout.outfalls) == plan.outfalls
    assert len({(s["reach"], s["chainage_m"]) for s in layout.stations}) == plan.stations
    assert not set(layout.inlets) & set(layout.outlets)


def test_plans_differ_in_layout() -> None:
    assert {plan.shape for plan in TUNING} == {"grid", "tree", "ring", "ladder"}
    assert len({plan.seed for plan in PLANS.values()}) == len(PLANS)
    assert sum(plan.events for plan in PLANS.values() if plan.name.startswith("C")) >= 1000
    assert sum(plan.events == 0 for plan in TUNING) == 2


def test_our_transport_agrees_with_swmm(tmp_path: Path) -> None:
    """A tracer let in for six hours: the same water at every station, within a few per cent."""
    rng = np.random.default_rng(TINY.seed)
    layout = draw(TINY, rng)
    steps = 4 * PER_DAY
    flows = inflows(layout, TINY, np.zeros(steps + 6 * PER_DAY), PER_DAY, rng)
    flows.flow, flows.load = flows.flow[:steps], np.zeros((steps, flows.nodes.size, 6))
    flows.stage = flows.stage[:steps]
    at = int(np.searchsorted(flows.nodes, layout.inlets[0]))
    flows.load[2 * PER_DAY : 2 * PER_DAY + 72, at, 0] = 10.0 * flows.flow[2 * PER_DAY : 2 * PER_DAY + 72, at]
    hydro = route(layout, flows, tmp_path, lambda: None, ("dye",), flows.load[:, :, :1])
    assert abs(hydro["continuity"][1]) < 0.5
    carrier = Carrier(layout, np.zeros(1), np.zeros(1), np.zeros(1))
    ours = np.empty_like(hydro["dye"])
    load = np.zeros((layout.n_nodes, 1))
    for step in range(steps):
        load[flows.nodes] = flows.load[step, :, :1]
        flow, volume = hydro["flow"][step].astype(float), hydro["volume"][step].astype(float)
        ours[step] = carrier.step(flow, volume, flows.nodes, flows.flow[step], load)[:, 0]
    links = [s["link"] for s in layout.stations if hydro["dye"][:, s["link"]].max() > 0.5]
    assert len(links) >= 3
    for link in links:
        theirs = hydro["dye"][:, link]
        assert ours[:, link].max() == pytest.approx(theirs.max(), rel=0.06)
        assert np.abs(ours[:, link] - theirs).sum() < 0.06 * theirs.sum()


def test_transport_keeps_what_is_even_and_loses_only_what_decays() -> None:
    layout = draw(TINY, np.random.default_rng(TINY.seed))
    carrier = Carrier(layout, np.full(2, 3.0), np.array([0.0, 2.0]), np.full(2, 3.0))
    flow, volume = np.full(layout.tail.size, 0.2), layout.length_m * layout.width_m * layout.depth_m
    nodes = np.arange(layout.n_nodes)
    inflow = np.full(layout.n_nodes, 0.01)
    for _ in range(20):
        link = carrier.step(flow, volume, nodes, inflow, np.full((layout.n_nodes, 2), 0.03))
    np.testing.assert_allclose(link[:, 0], 3.0, rtol=1e-9)
    assert (link[:, 1] < 2.95).all()


def test_the_scenario_loads_like_a_published_one(tiny: Path) -> None:
    scenario = load_scenario(tiny)
    assert scenario.values.shape == (9 * PER_DAY, len(scenario.series))
    assert len(scenario.stations) == TINY.stations
    assert 0.9 < np.isfinite(scenario.values).mean() < 1
    assert len(components(scenario.reaches.values())) == 1
    assert set(scenario.inlets) == set(scenario.topology.inlets)
    assert np.isfinite(scenario.flow_m3_s).all()


def test_truth_has_the_columns_of_the_published_cases(tiny: Path) -> None:
    wanted = {
        "events": {"event", "outfall", "reach", "chainage_m", "kind", "pattern", "start", "end", "river_flow_m3s",
                   "snr", "tier", "best_station", "t_first", "wet", "mean_flow_l_s", "conc_nh3n"},
        "faults": {"station", "parameter", "start", "end", "kind", "magnitude"},
        "footprint": {"event", "station", "parameter", "snr", "peak_delta", "t_first", "t_peak", "t_last"},
        "footprint_series": {"event", "station", "hour", "snr"},
        "wet_influence": {"station", "start", "end", "max_runoff_fraction"},
        "cso": {"outfall", "start", "end", "volume_m3", "nh3n_kg"},
    }  # fmt: skip
    for name, columns in wanted.items():
        assert columns <= set(pd.read_parquet(tiny / "truth" / f"{name}.parquet").columns), name
    meta = json.loads((tiny / "truth" / "meta.json").read_text())
    assert (meta["days"], meta["start"]) == (9, "2025-07-05 00:00:00")
    events = pd.read_parquet(tiny / "truth" / "events.parquet")
    assert len(events) == TINY.events
    assert (pd.to_datetime(events["start"]) >= pd.Timestamp("2025-07-10")).all()


def test_the_added_signal_is_in_the_readings(tiny: Path) -> None:
    """What the footprint says an event adds is what the probe saw rise."""
    scenario = load_scenario(tiny)
    prints = pd.read_parquet(tiny / "truth" / "footprint.parquet")
    names = {theirs: ours for ours, theirs in scenario.topology.names.items()}
    strong = prints[prints.snr > 15]
    assert len(strong)
    rises = []
    for row in strong.itertuples():
        series = scenario.values[:, scenario.column[row.station, names[row.parameter]]]
        peak = int((pd.Timestamp(row.t_peak) - pd.Timestamp("2025-07-05")).total_seconds() // 300)
        before = int((pd.Timestamp(row.t_first) - pd.Timestamp("2025-07-05")).total_seconds() // 300)
        rise = np.nanmedian(series[peak : peak + 6]) - np.nanmedian(series[max(0, before - 72) : before])
        rises.append(rise / row.peak_delta)
    assert np.nanmedian(rises) == pytest.approx(1.0, abs=0.35)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_the_scorer_runs_on_it(tiny: Path, shared: Path) -> None:
    spec = importlib.util.spec_from_file_location("score_outfalls", shared / "scorers" / "score_outfalls.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    events = pd.read_parquet(tiny / "truth" / "events.parquet").dropna(subset=["t_first"])
    first = events[events.snr >= 3].iloc[0]
    seen = str(pd.Timestamp(first.t_first) + pd.Timedelta(hours=2))
    alarm = {
        "detected_at": seen,
        "stations": [first.best_station],
        "candidates": [{"outfall": first.outfall, "score": 1}],
    }
    summary, _ = scorer.score(str(tiny), {"detections": [alarm], "faults": []})
    assert summary["events_hit"] == 1
    assert summary["false_alarms"] == 0


@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning", "ignore:Mean of empty slice:RuntimeWarning")
def test_marginals_leave_out_what_is_spoiled(tiny: Path) -> None:
    found = marginals(tiny)
    assert found["ec level"] == pytest.approx(480, rel=0.1)
    assert found["ec noise"] == pytest.approx(2.1, rel=0.6)
    assert found["strong/weak/marginal/invisible"].count("/") == 3


def test_rain_keeps_to_its_season() -> None:
    depth = {s: np.mean([rain(s, 30 * PER_DAY, np.random.default_rng(k))[0].sum() for k in range(40)])
             for s in ("winter", "spring", "plum")}  # fmt: skip
    assert depth["winter"] < depth["spring"] < depth["plum"]


def test_faults_are_where_they_are_said_to_be() -> None:
    rng = np.random.default_rng(3)
    pairs = [("S1", "ec"), ("S1", "nh3n"), ("S2", "temp")]
    clean = np.tile([500.0, 1.0, 20.0], (300 * PER_DAY, 1))
    found = measure(pairs, clean.copy(), 300, rng)
    assert isinstance(found, Measured)
    kinds = {fault.kind for fault in found.faults}
    assert {"drift", "spikes", "dropout", "maintenance"} <= kinds
    touched = np.zeros(clean.shape, dtype=bool)
    for fault in found.faults:
        columns = [i for i, (s, p) in enumerate(pairs) if s == fault.station and fault.parameter in ("*", p)]
        touched[fault.first : fault.end, columns] = True
    quiet = np.where(touched, np.nan, found.values / clean - 1)
    assert np.nanmax(np.abs(quiet)) < 0.3
    assert np.nanmax(np.abs(found.values / clean - 1)) > 1


def test_sigma_is_noise_and_natural_change() -> None:
    steps = 20 * PER_DAY
    still = Measured([("S1", "nh3n")], np.full((steps, 1), 1.0), np.full((steps, 1), 1.0))
    assert sigmas(still)["S1", "nh3n"] == pytest.approx(np.hypot(0.025, 0.02) / np.sqrt(6))
    moving = 1 + 0.2 * np.sin(np.arange(steps) / 40)[:, None]
    assert sigmas(Measured([("S1", "nh3n")], moving, moving))["S1", "nh3n"] > 0.1


@pytest.mark.parametrize(
    ("snr", "name"), [(8, "strong"), (7.99, "weak"), (3, "weak"), (1, "marginal"), (0.9, "invisible")]
)
def test_tiers(snr: float, name: str) -> None:
    assert tier(snr) == name
