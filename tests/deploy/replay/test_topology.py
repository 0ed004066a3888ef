"""A topology file is read with our names, and every mistake in it is told at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.replay.topology import load_topology
from sensors.errors import ConfigError
from tests.deploy.site.topologies import small_topology


def load(folder: Path, raw: object) -> object:
    path = folder / "topology.json"
    path.write_text(json.dumps(raw), encoding="utf-8")
    return load_topology(path)


def test_names_become_ours(tmp_path: Path) -> None:
    found = load_topology((load(tmp_path, small_topology()), tmp_path / "topology.json")[1])
    assert found.determinands["S02"] == ("ammonia_nitrogen", "permanganate_index", "velocity")
    assert found.names["permanganate_index"] == "codmn"
    assert found.outfalls["PK2"].kind == "combined"
    assert str(found.timezone) == "Asia/Shanghai"
    assert found.steadiness == {"R1-1": 1.0, "R1-2": 0.8}
    assert found.inlets == {"N1": 2.4}


def test_a_negative_velocity_runs_against_the_drawn_direction(tmp_path: Path) -> None:
    load(tmp_path, small_topology())
    found = load_topology(tmp_path / "topology.json")
    assert found.network.ends(found.reaches["R1-2"]) == ("N2", "N3")
    assert [u.reach for u in found.network.upstream("R1-2", 400.0)] == ["R1-2", "R1-1"]


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    raw = small_topology()
    raw["reaches"][0]["to"] = "N9"
    raw["stations"][0]["parameters"] = ["vibes"]
    raw["stations"][1]["chainage_m"] = 2000
    raw["outfalls"][0]["kind"] = "pipe"
    raw["outfalls"].append(dict(raw["outfalls"][1]))
    raw["timezone"] = "Mars/Olympus"
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, raw)
    where = [problem.where for problem in caught.value.problems]
    assert where == [
        "reaches.R1-1.to", "stations.S01.parameters", "stations.S02.chainage_m", "outfalls.PK1.kind",
        "outfalls[2].id", "timezone",
    ]  # fmt: skip


@pytest.mark.parametrize("raw", [{"schema": "river-topology/2"}, [], {"schema": None}])
def test_another_schema_is_refused(tmp_path: Path, raw: object) -> None:
    with pytest.raises(ConfigError, match="river-topology/1"):
        load(tmp_path, raw)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"topology\.json: file: found FileNotFoundError"):
        load_topology(tmp_path / "topology.json")
