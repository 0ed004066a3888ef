"""`riverchief replay FOLDER --out DETECTIONS.json`."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from deploy.replay.command import replay
from sensors.errors import UsageError
from tests.deploy.replay.test_folder import rows
from tests.deploy.site.topologies import write_small


def test_the_parent_is_accepted_and_truth_never_opened(tmp_path: Path) -> None:
    write_small(tmp_path / "case" / "public", rows(30))
    (tmp_path / "case" / "truth").write_text("opening this as a folder would fail")
    out = tmp_path / "out.json"
    run = CliRunner().invoke(replay, [str(tmp_path / "case"), "--out", str(out)], catch_exceptions=False)
    assert run.exit_code == 0
    assert "0 discharges and 0 other events" in run.output
    assert "2025-05-01T00:05:00 to 2025-05-01T02:30:00" in run.output
    assert json.loads(out.read_text("utf-8")) == {"scenario": "small", "detections": [], "faults": []}


def test_a_folder_that_is_no_scenario_is_told_and_nothing_written(tmp_path: Path) -> None:
    run = CliRunner().invoke(replay, [str(tmp_path), "--out", str(tmp_path / "out.json")])
    assert isinstance(run.exception, UsageError)
    assert not (tmp_path / "out.json").exists()


def test_out_is_required(tmp_path: Path) -> None:
    assert CliRunner().invoke(replay, [str(tmp_path)]).exit_code == 2
