"""The systemd units: they say what the program takes, and leave a service next to nothing to break."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest

from deploy.gateway.unit import DATA, HOME, PROGRAM, gateway_unit
from sensors.site import Site
from tests.packaging.tools import DEPLOY, command, ran, tool

FOLDER = DEPLOY / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))

#: Most exposure that `systemd-analyze security` may find, in tenths.
EXPOSURE = 20


def settings(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text("utf-8").splitlines()
    return dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?RIVERCHIEF_", line))


def directives(text: str) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", text)
    return [tuple(line.split("=", 1)) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line)]  # type: ignore[misc]


def words(unit: Path) -> list[str]:
    """What the unit runs, with the settings that come with it."""
    values = settings("gateway.env" if "gateway" in unit.name else "riverchief.env")
    values["CREDENTIALS_DIRECTORY"] = "/run/credentials"
    [line] = [value for key, value in directives(unit.read_text("utf-8")) if key == "ExecStart"]
    line = re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda found: values[found[1] or found[2]], line).replace("%i", "gw-01")
    program, *rest = shlex.split(line)
    assert program == PROGRAM
    return rest


def test_there_is_one_for_each_service() -> None:
    assert [unit.stem.removeprefix("riverchief-") for unit in UNITS] == ["alerts", "backup", "board", "gateway@", "hub"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_program_takes_what_the_unit_says(unit: Path) -> None:
    assert command(words(unit)).callback is not None


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_no_fault_and_little_exposure(unit: Path, tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "Debian package systemd")
    # `verify` looks for the program, which is not in /opt here, and for the note.
    text = unit.read_text("utf-8").replace(PROGRAM, sys.executable)
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE), "utf-8")
    environ = {"SYSTEMD_LOG_LEVEL": "warning", "HOME": str(tmp_path)}
    assert ran(analyze, "verify", "--recursive-errors=yes", "--man=no", copy, **environ) == ""
    ran(analyze, "security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", copy, **environ)


@pytest.mark.parametrize("unit", [unit for unit in UNITS if "backup" not in unit.name], ids=lambda unit: unit.stem)
def test_it_comes_back_says_that_it_lives_and_never_runs_as_root(unit: Path) -> None:
    found = directives(unit.read_text("utf-8"))
    one = dict(found)
    assert one["Restart"] == "always"
    assert one["StartLimitIntervalSec"] == "0"
    assert one["Type"] == "notify"
    assert int(one["WatchdogSec"]) >= 30
    assert one.get("User") == "riverchief" or one["DynamicUser"] == "yes"
    assert one["UMask"] == "0077"
    assert {"MemoryMax", "TasksMax"} <= set(one)


def test_no_secret_is_in_a_file_that_everybody_may_read() -> None:
    for name in ("riverchief.env", "gateway.env"):
        keys = [key for key in settings(name) if re.search("TOKEN|PASSWORD|SECRET", key)]
        assert keys == []
    for unit in UNITS:
        assert "/hub.key " not in unit.read_text("utf-8").replace("${CREDENTIALS_DIRECTORY}/hub.key ", "")


def test_the_unit_of_a_bundle_and_this_one_are_hardened_alike(xietang: Site) -> None:
    """They are written in two places; what one forbids the other does as well."""
    of_bundle = gateway_unit(xietang, "gw-01", "mqtts://broker.lan:8883")
    hardening = re.compile(
        r"(?:Protect|Private(?!Dev|Users)|Restrict|NoNew|Capab|Ambient|Lock|Memory|System|Remove|Dynamic|UMask|Proc).*"
    )
    here = {
        pair
        for pair in directives((FOLDER / "riverchief-gateway@.service").read_text("utf-8"))
        if hardening.match(pair[0])
    }
    there = {pair for pair in directives(of_bundle) if hardening.match(pair[0])}
    # A call that is refused is told to the program instead of ending it: OpenBLAS makes some, a gateway has none of it.
    assert there - here == set()
    assert {key for key, _ in here - there} <= {"SystemCallErrorNumber"}
    assert (HOME, DATA) == ("/etc/riverchief", "/var/lib/riverchief")


def test_udev_rules_are_whole() -> None:
    """Each jump has its label, each line is of pairs: udevadm of Debian 12 cannot verify."""
    text = (FOLDER / "70-riverchief-serial.rules").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    pair = r'[A-Z]+(?:\{[^}]+\})?(?:==|!=|=|\+=|:=)"[^"]*"'
    for line in lines:
        assert re.fullmatch(rf"{pair}(?:, {pair})*", line), line
    assert set(re.findall(r'GOTO="(\w+)"', text)) == set(re.findall(r'LABEL="(\w+)"', text))


def test_drop_in_of_the_broker_starts_what_broker_config_wrote() -> None:
    values = [
        value
        for key, value in directives((FOLDER / "mosquitto-riverchief.conf").read_text("utf-8"))
        if key == "ExecStart"
    ]
    assert values == ["", "/usr/sbin/mosquitto -c /etc/mosquitto/riverchief/mosquitto.conf"]
