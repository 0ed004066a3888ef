"""Pooled scores, their intervals, the games beside them and the two figures."""

from __future__ import annotations

import importlib.util
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks._detection_table import ROWS, figures, interval, middle, poisson, print_table
from benchmarks._page import tables_of
from benchmarks.detection_figures import draw_figures, operating_curve, recall_by_share
from benchmarks.detection_scores import Tally, channel_hours, games, reliability, wilson
from benchmarks.scenarios.layout import draw
from benchmarks.scenarios.plan import unseen


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(25, 29, 0.694, 0.945), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (0, 0, 0.0, 1.0)]
)
def test_wilson(hits: int, of: int, low: float, high: float) -> None:
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-3)


def test_reliability_compares_predicted_with_seen() -> None:
    pairs = [(0.4, i % 5 < 2) for i in range(100)] + [(0.01, False)] * 50
    low, middle = reliability(pairs)
    assert (low["predicted"], low["seen"], low["n"]) == (0.01, 0.0, 50)
    assert (middle["predicted"], middle["seen"], middle["n"]) == (0.4, 0.4, 100)
    assert middle["low"] < 0.4 < middle["high"]


def test_a_certain_answer_has_a_bin() -> None:
    assert reliability([(1.0, True), (1.0, True)])[0]["seen"] == 1.0


def test_operating_curve_counts_each_event_once() -> None:
    alarms = [(0.9, "a", True), (0.9, "a", True), (0.8, None, False), (0.7, "b", True), (0.6, "c", False)]
    assert operating_curve(alarms, 4) == [(0.25, 1.0), (0.25, 0.5), (0.5, 2 / 3), (0.5, 0.75)]


def test_recall_by_share_of_the_flow() -> None:
    rows = recall_by_share([(0.015, True, "weak"), (0.012, False, "weak"), (5.0, True, "strong")])
    assert [(hits, of) for _, hits, of in rows] == [(1, 2), (1, 1)]
    assert 0.01 < rows[0][0] < 0.02


def test_figures_are_whole_svg(tmp_path: Path) -> None:
    tally = Tally(shares=[(0.01, True, "strong"), (0.2, False, "weak")], alarms=[(0.9, "a", True), (0.5, None, False)])
    draw_figures(tmp_path, {"seen": tally, "none": Tally()})
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["detection-precision-recall.svg", "detection-recall-by-share.svg"]
    for name in names:
        root = ET.fromstring((tmp_path / name).read_text("utf-8"))
        assert root.tag.endswith("svg")
        assert "1/1" in "".join(root.itertext()) or "precision" in "".join(root.itertext())


def test_games_are_what_they_say(tiny: Path) -> None:
    found = games(tiny, {"detections": [], "faults": []})
    everything, always = found["flag everything"], found["flag all stations always"]
    assert len(everything["detections"]) == 9 * len(always["detections"])
    assert all(len(d["stations"]) == 9 for d in always["detections"])
    assert all(len(d["stations"]) == 1 for d in everything["detections"])
    assert len(everything["faults"]) == 9
    assert len(found["random alarms"]["detections"]) == 20


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39)])
def test_the_interval_of_a_rate(count: int, low: float, high: float) -> None:
    """Garwood's, as in any table of them."""
    assert poisson(count, 1) == pytest.approx((low, high), rel=1e-2)
    assert poisson(count, 10) == pytest.approx((low / 10, high / 10), rel=1e-2)


def test_the_interval_of_a_median_lies_between_ranks() -> None:
    assert middle([float(v) for v in range(1, 10)]) == (2, 8)
    assert middle([3.0]) == (3.0, 3.0)


def filled() -> Tally:
    tally = Tally(lags=[0.5, 1.0, 4.0], events=5)
    for key, *_ in ROWS:
        tally.add(key, 3, 4)
    tally.add("alerts_per_hit", 2, 0)
    tally.trials |= {"faults": 20, "channel-days": 400}
    return tally


def test_every_figure_of_the_table_has_an_interval_around_it(capsys: pytest.CaptureFixture[str]) -> None:
    tally = filled()
    for key, number in figures(tally).items():
        bounds = interval(tally, key)
        assert number is not None
        assert bounds is not None, key
        assert bounds[0] <= number <= bounds[1], key
        assert bounds[0] < bounds[1], key
    print_table("some networks", tally, {"flag everything": Tally()})
    told = capsys.readouterr().out
    assert told.count("[") >= len(ROWS)
    assert "none" in told.splitlines()[3]
    assert figures(Tally()) == {key: None for key, *_ in ROWS}


def test_networks_of_a_seed_are_always_the_same_and_never_those_of_another() -> None:
    plans = unseen(4)
    assert plans == unseen(4)
    assert not set(plans) & set(unseen(5))
    assert {plan.shape for plan in plans} == {"grid", "tree", "ring", "ladder"}
    assert [plan.events for plan in plans].count(0) == 2
    for plan in plans:
        layout = draw(plan, np.random.default_rng(plan.seed))
        assert (len(layout.stations), len(layout.outfalls)) == (plan.stations, plan.outfalls)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_hours_are_counted_as_the_scorer_counts_them(tiny: Path, shared: Path) -> None:
    """A flag of a single hour shows the scorer's denominators: it has a share of one in all of them."""
    spec = importlib.util.spec_from_file_location("score_outfalls", shared / "scorers" / "score_outfalls.py")
    assert spec is not None
    assert spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    topology = json.loads((tiny / "public" / "topology.json").read_text())
    meta = json.loads((tiny / "truth" / "meta.json").read_text())
    faults = pd.read_parquet(tiny / "truth" / "faults.parquet")
    clean, broken = channel_hours(faults, topology, meta)
    rows = [tuple(row) for row in faults[["station", "parameter", "start", "end", "kind"]].itertuples(index=False)]
    day = pd.Timedelta(hours=24)
    seen = set()
    for at in pd.date_range(meta["start"], periods=meta["days"] * 24, freq="1h"):
        for parameter in topology["stations"][0]["parameters"]:
            flag = {"s": topology["stations"][0]["id"], "p": parameter, "a": at, "b": at}
            seen.add(scorer.flag_hours(topology, meta, rows, [flag], day))
            if len(seen) > 2:
                break
    assert max(share for share, _ in seen) == pytest.approx(1 / clean)
    assert all(share == 0 or share == pytest.approx(1 / broken) for _, share in seen)


def test_the_page_has_the_tables_and_figures_of_the_command() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    found = tables_of(docs / "detection.md")
    assert set(found) == {"published", "groups", "reliability"}
    assert all(words in found["published"] and words in found["groups"] for _, words, *_ in ROWS)
    names = {f"images/detection-{name}.svg" for name in ("recall-by-share", "precision-recall")}
    assert all(f"({name})" in (docs / "detection.md").read_text("utf-8") and (docs / name).is_file() for name in names)
