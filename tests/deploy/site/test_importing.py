"""A topology becomes a site folder that the check accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.site.importing import drawn, import_site, site
from sensors.errors import ConfigError, UsageError
from sensors.geometry import length_m
from sensors.network import components
from tests.deploy.site.topologies import small_topology


def written(folder: Path, **changes: object) -> Path:
    path = folder / "topology.json"
    path.write_text(json.dumps(small_topology() | changes), encoding="utf-8")
    return path


def test_a_topology_becomes_a_folder_that_loads(tmp_path: Path) -> None:
    made = import_site(written(tmp_path), tmp_path / "site")
    assert list(made.stations) == ["S01", "S02"]
    assert made.outfalls["PK2"].kind == "combined"
    assert made.reaches["R1-2"].mean_velocity_m_s == -0.05
    assert made.timezone == "Asia/Shanghai"
    assert len(components(made.reaches.values())) == 1


def test_lines_are_as_long_as_the_survey_says(tmp_path: Path) -> None:
    made = import_site(written(tmp_path), tmp_path / "site")
    for reach in made.reaches.values():
        assert length_m(drawn(reach)) == pytest.approx(reach.length_m, rel=0.006)
        assert length_m(reach.line) == pytest.approx(reach.length_m, rel=0.006)


def test_the_command_says_what_is_left_to_do(tmp_path: Path) -> None:
    out = tmp_path / "site"
    run = CliRunner().invoke(site, ["import", str(written(tmp_path)), "--out", str(out)], catch_exceptions=False)
    assert run.exit_code == 0
    assert "2 stations, 2 outfalls" in run.output
    assert "Left to do" in run.output


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exists already"):
        import_site(written(tmp_path), tmp_path)


def test_nothing_is_left_where_the_topology_is_wrong(tmp_path: Path) -> None:
    reaches = small_topology()["reaches"]
    reaches[0]["river"] = "R9"
    with pytest.raises(ConfigError, match=r"reaches\.R1-1\.river: found 'R9'"):
        import_site(written(tmp_path, reaches=reaches), tmp_path / "site")
    assert [path.name for path in tmp_path.iterdir()] == ["topology.json"]


@pytest.mark.shared
def test_the_published_network_becomes_a_site(shared: Path, tmp_path: Path) -> None:
    made = import_site(shared / "cases" / "outfalls" / "A101" / "public" / "topology.json", tmp_path / "site")
    assert (len(made.rivers), len(made.stations), len(made.outfalls)) == (28, 56, 150)
