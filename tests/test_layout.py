"""The shape of the house: what stands where, checked so that it stays findable."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("sensors", "collectors", "analytics", "dashboard", "deploy")

#: Tests of several modules of a folder together.
ACROSS = {"browser", "every_page", "conformance", "delivery", "drills", "examples", "judged", "packaging", "properties"}

#: Longer modules are two modules.
MAX_LINES = 450


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def tracked() -> list[Path]:
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if run.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in run.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_every_package_folder_is_a_package() -> None:
    folders = {path.parent for path in modules()}
    assert folders
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_tests_mirror_the_tree() -> None:
    """``tests/a/b/test_c*.py`` tests ``a/b/c.py`` or the package ``a/b/c``, or is named in `ACROSS`."""
    stray = []
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        parts = test.relative_to(ROOT / "tests").parent.parts
        if not parts or parts[0] not in PACKAGES:
            continue
        folder = ROOT.joinpath(*parts)
        names = {p.stem for p in folder.glob("*")} if folder.is_dir() else set()
        if not any(
            test.stem.removeprefix("test_").startswith(name) for name in names | ACROSS - {"__init__", "__pycache__"}
        ):
            stray.append(str(test.relative_to(ROOT)))
    assert stray == []


def test_test_folders_are_packages() -> None:
    """Without it, ``import sensors`` in a test would find ``tests/sensors``."""
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [f for f in folders if not (f / "__init__.py").is_file()] == []


def test_modules_stay_readable() -> None:
    """Migrations are written by a tool and never change."""
    written = [path for path in modules() if path.parent.name != "versions"]
    long = {str(p.relative_to(ROOT)): n for p in written if (n := p.read_text("utf-8").count("\n")) > MAX_LINES}
    assert long == {}


def test_nothing_on_the_board_s_path_shadows_a_package() -> None:
    """Streamlit puts ``dashboard/`` first on sys.path, and serves what lies in a folder ``pages`` past any login."""
    names = {path.stem for path in (ROOT / "dashboard").iterdir()}
    assert not names & {*PACKAGES, "pages", "streamlit", "numpy", "babel"}


def test_no_path_of_one_machine_is_committed() -> None:
    pattern = re.compile(r"/(?:home|root|work)/[a-z.]")
    found = []
    for path in tracked():
        if path.suffix in {".png", ".lock"} or path == Path(__file__):
            continue
        if pattern.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(str(path.relative_to(ROOT)))
    assert found == []


def test_the_wheel_carries_every_module_and_every_data_file(tmp_path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in PACKAGES and path.name != ".gitignore"
    }
    assert wanted, "nothing tracked in the packages"
    assert wanted - packed == set()
