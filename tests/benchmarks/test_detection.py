"""Pooled scores, their intervals, the games beside them and the two figures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks.detection_figures import draw_figures, operating_curve, recall_by_share
from benchmarks.detection_scores import Tally, games, reliability, wilson


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
    draw_figures(tmp_path, [tally])
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
