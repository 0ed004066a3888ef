"""What the tests of packaging share: where things are, and foreign programs that judge them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"

#: Places where programs are that PATH may not have: beside this Python, root's own, Go's.
_BESIDES = (Path(sys.executable).parent, Path("/usr/sbin"), Path("/sbin"), Path.home() / "go" / "bin")


def tool(name: str, source: str) -> str:
    """Path of a foreign program; the test is skipped, with where it can be had, where it is absent."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, _BESIDES)]))
    if found is None:
        pytest.skip(f"{name} is not installed ({source})")
    return found


def ran(*words: str | Path, cwd: Path = ROOT, **environ: str) -> str:
    """Run a program and give what it said; the test fails with that where the program is not content."""
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env={**os.environ, **environ}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def command(words: list[str]) -> click.Command:
    """Command of ours that the words after ``riverchief`` name, after click has parsed them.

    Fails where the program would: an option that there is not, a missing one, an argument too many.
    """
    from deploy.cli import cli

    # Some options want a folder that is there.
    words = [word.replace("/etc/riverchief/site", str(DEPLOY / "sites" / "xietang")) for word in words]
    group: click.Command = cli
    context = click.Context(cli, info_name="riverchief")
    while isinstance(group, click.Group):
        name, words = words[0], words[1:]
        found = group.get_command(context, name)
        assert found is not None, f"riverchief has no command {name}"
        group, context = found, click.Context(found, parent=context, info_name=name)
    group.parse_args(context, words)
    return group


def metrics() -> set[str]:
    """Names of all metrics in the program's text, and those that prometheus_client adds of the process."""
    pattern = re.compile(r"(?:gauge|counter)\(\s*\"([a-z_]+)\"")
    names = {f"riverchief_{name}" for path in DEPLOY.rglob("*.py") for name in pattern.findall(path.read_text("utf-8"))}
    return names | {"process_resident_memory_bytes", "process_cpu_seconds_total", "up"}


def used_metrics(text: str) -> set[str]:
    """Names of metrics in a text."""
    return set(re.findall(r"\b(?:riverchief|process)_[a-z_]+\b", text))


def scripts() -> Iterator[Path]:
    """Every shell script of the project."""
    begins = (b"#!/bin/sh\n", b"#!/bin/bash\n", b"#!/usr/bin/env bash\n")
    for folder in (DEPLOY, ROOT / "tests", ROOT / ".ci"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.read_bytes().startswith(begins):
                yield path
