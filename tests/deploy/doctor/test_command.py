"""`riverchief doctor` as it is called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.doctor.command import command
from tests.conftest import ROOT

EXAMPLE = ROOT / "deploy" / "sites" / "xietang"


def test_a_table_for_people_and_an_exit_code(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        command, ["--quick", "--site", str(EXAMPLE), "--store", f"sqlite:///{tmp_path / 'store.sqlite'}"]
    )
    assert result.exit_code == 2
    assert "xietang: 56 stations, 7 gateways, no mistake" in result.output
    assert "start the hub, or restore a backup" in result.output
    assert list(tmp_path.iterdir()) == []


def test_an_object_for_machines(tmp_path: Path) -> None:
    channels = tmp_path / "channels.toml"
    channels.write_text('[channel.log]\nkind = "file"\npath = "/tmp/told.jsonl"\n')
    channels.chmod(0o600)
    words = ["--quick", "--json", "--site", str(EXAMPLE), "--channels", str(channels)]
    told = json.loads(CliRunner().invoke(command, words).stdout)
    by_check = {one["check"]: one for one in told["findings"]}
    assert by_check["channels"]["found"] == "1 channels, 0 contacts"
    assert set(by_check) >= {"versions", "origin", "clock", "disk", "permissions", "site"}
    channels.chmod(0o644)
    told = json.loads(CliRunner().invoke(command, words).stdout)
    assert told["exit"] == 2
    assert any(one["advice"] == f"chmod 600 {channels}" for one in told["findings"])


@pytest.mark.parametrize(("day", "state"), [("2026-05-11", "ok"), ("2099-05-11", "warning")])
def test_days_off_that_nobody_has_announced_are_a_warning(
    day: str, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms = round(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    monkeypatch.setattr("collectors.clock.machine_ms", lambda: now_ms)
    words = ["--quick", "--json", "--site", str(EXAMPLE), "--books", f"sqlite:///{tmp_path / 'books.sqlite'}"]
    told = json.loads(CliRunner().invoke(command, words).stdout)
    [found] = [one for one in told["findings"] if one["check"] == "calendar"]
    assert found["state"] == state
    assert ("the days off of 2099 are not known" in found["found"]) is (state == "warning")
