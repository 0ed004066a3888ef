"""Detections go out in the files' names and local times, and can be compared up to a time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.replay.detections_file import Detected, FaultSpan, Ranking, document, write_document
from deploy.replay.scenario import Scenario, load_scenario
from tests.deploy.site.topologies import write_small

NOON_MS = 1_746_072_000_000  # 2025-05-01T12:00 in Shanghai
HOUR_MS = 3_600_000


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    return load_scenario(write_small(tmp_path, [(5 * k, "S01", "nh3n", 1.0) for k in range(1, 5)]))


EVENT = Detected(
    "e1", "discharge", 0.91234, NOON_MS, ("S02",), ("ammonia_nitrogen", "permanganate_index"),
    Ranking(NOON_MS, (("PK2", 0.7), ("PK1", 0.3))), (Ranking(NOON_MS + HOUR_MS, (("PK1", 1.0),)),),
)  # fmt: skip


def test_names_and_times_are_the_files(scenario: Scenario) -> None:
    fault = FaultSpan("S01", "dissolved_oxygen", NOON_MS, NOON_MS + HOUR_MS, "flatline")
    whole = FaultSpan("S01", None, NOON_MS - HOUR_MS, NOON_MS, "dropout")
    found = document(scenario, [EVENT], [fault, whole])
    assert found["detections"] == [
        {
            "id": "e1", "detected_at": "2025-05-01T12:00:00", "stations": ["S02"], "parameters": ["nh3n", "codmn"],
            "kind": "illicit", "probability": 0.9123,
            "candidates": [{"outfall": "PK2", "score": 0.7}, {"outfall": "PK1", "score": 0.3}],
            "updates": [{"at": "2025-05-01T13:00:00", "candidates": [{"outfall": "PK1", "score": 1.0}]}],
        }
    ]  # fmt: skip
    assert [(f["parameter"], f["start"], f["kind"]) for f in found["faults"]] == [
        ("*", "2025-05-01T11:00:00", "dropout"), ("do", "2025-05-01T12:00:00", "flatline"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ours", "theirs"), [("discharge", "illicit"), ("overflow", "wet"), ("operation", "other"), ("unknown", "other")]
)
def test_kinds(scenario: Scenario, ours: str, theirs: str) -> None:
    assert document(scenario, [replace(EVENT, kind=ours)], [])["detections"][0]["kind"] == theirs


def test_order_is_that_of_raising(scenario: Scenario) -> None:
    later = replace(EVENT, id="e0", detected_ms=NOON_MS + 1000)
    assert [d["id"] for d in document(scenario, [later, EVENT], [])["detections"]] == ["e1", "e0"]


def test_the_file_is_whole_or_not_there(scenario: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "new" / "out.json"
    write_document(document(scenario, [EVENT], []), path)
    assert json.loads(path.read_text("utf-8"))["detections"][0]["id"] == "e1"
    with pytest.raises(TypeError):
        write_document({"detections": object()}, path)
    assert [p.name for p in path.parent.iterdir()] == ["out.json"]
