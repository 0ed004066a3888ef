"""README.md on a fresh machine, as ``python -m tests.drills.readme`` runs it, and that it notices another README."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.drills import readme
from tests.drills.readme import ROOT, Unreadable, blocks, first_steps, port_option, script

README = (ROOT / "README.md").read_text("utf-8")

#: Commands of the other blocks, by how they begin, and where they are tried. A new block wants a line here.
TRIED = {
    ".venv/bin/riverchief simulate --replay": "tests/deploy/local",
    ".venv/bin/riverchief grade": "tests/deploy/test_grade.py",
}


@pytest.mark.system
@pytest.mark.timeout(600)
def test_a_new_user_gets_what_it_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which("git") is None or subprocess.run(["git", "-C", ROOT, "rev-parse"], capture_output=True).returncode:
        pytest.skip("this is no git checkout, so there is nothing to clone")
    if why := readme.reached():
        pytest.skip(f"the package index is not reached from here: {why}")
    outcome = readme.run(tmp_path)
    with capsys.disabled():
        print(f"\nREADME on a fresh machine: {json.dumps(asdict(outcome), ensure_ascii=False)}")
    shutil.rmtree(tmp_path / "home")  # 1.5 GB
    assert outcome.graded
    assert 0 < outcome.cloned_s < outcome.address_s <= outcome.board_s <= outcome.graded_s < readme.MOST_S


def test_every_block_is_tried_somewhere() -> None:
    for block in blocks(README)[1:]:
        [place] = [where for begin, where in TRIED.items() if block.startswith(begin)]
        assert (ROOT / place).exists()


def test_both_languages_say_the_same_commands() -> None:
    chinese = (ROOT / "README.zh.md").read_text("utf-8")
    lines = [[readme._PLACEHOLDER.sub("<>", line) for line in first_steps(text)] for text in (README, chinese)]
    assert lines[0] == lines[1]
    assert port_option(README) == port_option(chinese)


def test_the_script_is_what_it_says_with_what_it_leaves_open() -> None:
    made = script(README, Path("/srv/it.git"), 4711)
    assert made.splitlines() == [
        "set -eu", "git clone '/srv/it.git' riverchief && cd riverchief", "echo cloned",
        'exec make run ARGS="--port 4711"',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("```sh\n", "```text\n", "no block of commands"),
        ("git clone <this repository>", "git clone https://example.org/it.git", "no `git clone <...>"),
        ("\nmake run\n", "\nmake start\n", "not `make run`: make start"),
        ("\nmake run\n", "\nmake PYTHON=<yours> install\nmake run\n", "cannot fill: make PYTHON=<yours>"),
        ('ARGS="--port', 'PORT="', "how another port is taken"),
    ],
)
def test_another_readme_is_told_from_this_one(old: str, new: str, told: str) -> None:
    assert old in README
    with pytest.raises(Unreadable, match=told.replace(".", r"\.")):
        script(README.replace(old, new), Path("/srv/it.git"), 4711)


def test_nothing_of_whoever_runs_it_comes_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR", "XDG_CACHE_HOME", "VIRTUAL_ENV", "PYTHONPATH", "RIVERCHIEF_SERVERS"):
        monkeypatch.setenv(name, "/somewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    environ = readme.bare_environ(tmp_path)
    assert "/somewhere" not in environ.values()
    assert environ["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert environ["HOME"] == str(tmp_path)
