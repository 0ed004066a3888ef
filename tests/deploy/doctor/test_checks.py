"""Findings, their exit codes, and the checks of the machine itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.doctor import checks as doctor
from deploy.doctor.checks import Finding, disks, examined, good, permissions, table, versions, worst
from sensors.errors import LinkError, Problem, SiteError

WARN, FAULT = Finding("a", "warning", "x", "do y"), Finding("longer", "fault", "z", "do it now")


def test_the_worst_finding_is_the_exit_code() -> None:
    assert worst([]) == 0
    assert worst([good("a", "x"), Finding("a", "skipped", "x")]) == 0
    assert worst([good("a", "x"), WARN]) == 1
    assert worst([FAULT, WARN]) == 2


def test_the_table_says_what_to_do() -> None:
    text = table([good("a", "fine"), FAULT])
    assert text.splitlines() == [
        "ok       a       fine",
        "FAULT    longer  z",
        "                 → do it now",
        "",
        "1 fault, 0 warning, 1 ok, 0 skipped",
    ]


def test_a_check_that_breaks_down_is_a_fault_and_the_others_go_on() -> None:
    def breaks() -> Iterator[Finding]:
        yield good("a", "fine")
        raise RuntimeError("broken")

    def gone() -> Iterator[Finding]:
        raise LinkError("nobody answers")
        yield

    def missing() -> Iterator[Finding]:
        raise ModuleNotFoundError("No module named 'numpy'", name="numpy")
        yield

    def wrong() -> Iterator[Finding]:
        raise SiteError([Problem("stations.csv", f"line {n}", "x", "y") for n in range(7)])
        yield

    assert [one.state for one in examined("a", breaks)] == ["ok", "fault"]
    assert "RuntimeError: broken" in examined("a", breaks)[1].found
    assert examined("b", gone)[0].found == "nobody answers"
    assert "pip install" in examined("b", missing)[0].advice
    found = examined("site", wrong)
    assert len(found) == 6
    assert "line 0: found x; accepted: y" in found[0].found
    assert found[-1].found == "2 more mistakes"


def test_versions() -> None:
    [found] = versions()
    assert found.state == "ok"
    assert "SQLite" in found.found


@pytest.mark.parametrize(
    ("free", "state"), [(100 << 20, "fault"), (1 << 30, "warning"), (9 << 30, "warning"), (50 << 30, "ok")]
)
def test_room_on_the_disk(free: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=100 << 30, free=free, used=0))
    [found] = disks([tmp_path / "not" / "there" / "yet", tmp_path])
    assert found.state == state


def test_inodes_count_as_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=100 << 30, free=50 << 30, used=0))
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_files=1000, f_favail=3))
    [found] = disks([tmp_path])
    assert found.state == "fault"
    assert "3 of 1,000 inodes" in found.found


def test_what_is_secret_is_its_owner_s(tmp_path: Path) -> None:
    secret = tmp_path / "channels.toml"
    secret.write_text("x")
    secret.chmod(0o644)
    [found] = permissions([secret, tmp_path / "nothing"], [tmp_path])
    assert (found.state, found.advice) == ("fault", f"chmod 600 {secret}")
    secret.chmod(0o600)
    assert [one.state for one in permissions([secret], [tmp_path])] == ["ok"]


def test_folders_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    [found] = permissions([], [tmp_path])
    assert "may not write" in found.found
