"""The fleet as a command, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.bus import Bus, BusError
from deploy.commissioning.probing import parse_target
from deploy.fleet.command import command
from sensors.errors import ConfigError, UsageError
from sensors.site import load_site
from tests.conftest import ROOT

RUN = "from deploy.fleet.command import command; command()"


@contextmanager
def fleet(*words: str, lines: int = 1) -> Iterator[tuple[list[str], subprocess.Popen[str]]]:
    """The command; gives the first lines that it prints."""
    argv = [sys.executable, "-c", RUN, *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environ, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield [process.stdout.readline().strip() for _ in range(lines)], process
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0, "it ends in order"
        finally:
            process.kill()


def read(line: str, unit: int | None = None, timeout_s: float = 5.0) -> list[int]:
    target = parse_target(line.split()[0])

    async def work() -> list[int]:
        async with Bus(target.endpoint, timeout_s) as bus:
            return await bus.read(unit or target.unit or 1, 3, 4, 2)

    return asyncio.run(work())


@pytest.mark.parametrize("kind", ["tcp", "rtu+tcp", "rtu"])
def test_instruments_of_a_profile_and_faults_that_are_changed_meanwhile(tmp_path: Path, kind: str) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nunit = 2\nkind = "exception"\ncode = 6\n', "utf-8")
    words = ["--profile", "station_cabinet", "--units", "1-2", "--as", kind, "--port", "0", "--faults", str(faults)]
    with fleet(*words, lines=2) as (lines, process):
        assert [re.search(r"unit=(\d)  station_cabinet", line)[1] for line in lines] == ["1", "2"]  # type: ignore[index]
        assert len(read(lines[0])) == 2
        with pytest.raises(BusError, match="exception 6"):
            read(lines[1])
        assert process.stdout is not None
        faults.write_text('[[fault]]\nunit = 2\nkind = "excuse"\n', "utf-8")
        assert "the faults stay as they were" in process.stdout.readline()
        assert "accepted: one of silent" in process.stdout.readline()
        with pytest.raises(BusError, match="exception 6"):
            read(lines[1])
        faults.write_text("", "utf-8")
        assert "0 faults" in process.stdout.readline()
        assert len(read(lines[1])) == 2


def test_the_instruments_of_a_site_and_a_copy_that_polls_them(tmp_path: Path, xietang) -> None:
    copy = tmp_path / "site"
    with fleet(str(xietang.folder), "--copy", str(copy), lines=len(xietang.stations)) as (lines, _):
        assert {line.split()[-1] for line in lines} == set(xietang.stations)
        assert len(read(lines[0])) == 2
        served = {line.split()[-1]: str(parse_target(line.split()[0]).endpoint) for line in lines}
        assert {s.id: s.endpoint for s in load_site(copy).stations.values()} == served


def test_an_instrument_of_a_profile_that_somebody_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "my_probe.toml"
    text = (ROOT / "sensors" / "profiles" / "station_cabinet.toml").read_text("utf-8")
    path.write_text(text.replace('id = "station_cabinet"', 'id = "my_probe"'), "utf-8")
    with fleet("--profile", str(path), "--port", "0") as (lines, _):
        assert lines[0].split()[1] == "my_probe"
        assert len(read(lines[0])) == 2


def test_a_port_that_is_taken_is_refused_to_who_asked_for_it(monkeypatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1 cannot be had .*; accepted: --port"):
            said("--profile", "remond_ph", "--port", str(port))
        served: list[int] = []
        monkeypatch.setattr("deploy.local.virtual.serve_profiles", lambda *words: served.append(words[2]))
        monkeypatch.setattr(next(option for option in command.params if option.name == "port"), "default", port)
        result = CliRunner().invoke(command, ["--profile", "remond_ph"])
        assert (result.exit_code, served) == (0, [port])
        assert f"port {port} of 127.0.0.1" in result.stderr
        assert "another one is served" in result.stderr
        # A DTU calls a port that somebody else has; a pseudo terminal has none.
        for kind in ("rtu", "rtu+listen"):
            assert CliRunner().invoke(command, ["--profile", "remond_ph", "--as", kind]).stderr == ""


def said(*words: str) -> str:
    result = CliRunner().invoke(command, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2
    return result.output


def test_mistakes(tmp_path: Path) -> None:
    assert "--profile is instead of a SITE" in said("x", "--profile", "remond_ph")
    assert "--units goes with --profile" in said("--units", "3")
    assert "--replay goes with --copy" in said("x", "--replay", "y")
    with pytest.raises(UsageError, match="remond_ph"):
        said("--profile", "remond_xy")
    with pytest.raises(UsageError, match="1 to 247"):
        said("--profile", "remond_ph", "--units", "300")
    with pytest.raises(ConfigError, match="faults"):
        said("--profile", "remond_ph", "--faults", str(tmp_path / "faults.toml"))
