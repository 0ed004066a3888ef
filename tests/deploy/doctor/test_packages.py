"""Packages that are not what was installed are found, whichever way."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from deploy.doctor import packages
from deploy.doctor.packages import files, locked, needed, origins, read_lock


def test_this_installation_comes_from_one_place() -> None:
    [found] = origins()
    assert found.state == "ok"


def test_a_foreign_package_of_our_name_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "sensors"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("")
    real = importlib.util.find_spec

    def found(name: str) -> object:
        if name != "sensors":
            return real(name)
        return importlib.util.spec_from_file_location(
            "sensors", foreign / "__init__.py", submodule_search_locations=[str(foreign)]
        )

    monkeypatch.setattr(importlib.util, "find_spec", found)
    [one] = origins()
    assert one.state == "fault"
    assert f"sensors from {foreign}" in one.found


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with two files, as pip leaves it."""
    info = tmp_path / "thing-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.2\n")
    lines = []
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(name)
        digest = base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(name)}")
    (info / "RECORD").write_text("\n".join([*lines, "a.pyc,,", "thing-1.2.dist-info/RECORD,,"]))
    monkeypatch.setattr(packages, "needed", lambda: [PathDistribution(info)])
    return tmp_path


def test_files_are_compared_with_their_record(installed: Path) -> None:
    [found] = files()
    assert (found.state, found.found) == ("ok", "1 packages, 2 files, each as it was installed")
    (installed / "a.py").write_text("tampered")
    (installed / "b.py").unlink()
    [found] = files()
    assert found.state == "fault"
    assert "a.py was altered, b.py is gone" in found.found
    assert "--force-reinstall" in found.advice


def test_versions_are_compared_with_a_lock(installed: Path) -> None:
    lock = installed / "uv.lock"
    lock.write_text('[[package]]\nname = "Thing"\nversion = "1.2"\n')
    assert [one.state for one in locked(lock)] == ["ok"]
    lock.write_text('[[package]]\nname = "thing"\nversion = "1.3"\n')
    [found] = locked(lock)
    assert (found.state, found.found) == ("fault", "thing 1.2 instead of 1.3")
    requirements = installed / "requirements.txt"
    requirements.write_text("other==1 \\\n    --hash=sha256:00\nwith[extra]==2 ; python_version > '3'\n")
    [found] = locked(requirements)
    assert (found.state, found.found) == ("warning", "not in requirements.txt: thing")
    assert read_lock(requirements) == {"other": {"1"}, "with": {"2"}}
    [found] = locked(installed / "nothing")
    assert found.state == "fault"


def test_what_is_needed_is_ours_and_what_it_stands_on() -> None:
    names = {dist.name.lower() for dist in needed()}
    assert {"riverchief", "click", "paho-mqtt"} <= names
    # Tools of the developers are not part of an installation.
    assert not {"pytest", "mypy", "ruff"} & names
    assert "pytest" in sys.modules
