"""A client that shares no code with ours, libmodbus' mbpoll (Debian), reads the fleet: TCP and a serial line."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from deploy.fleet.faults import Mishap
from sensors.profile import load_profiles
from sensors.simulate.steady import Steady
from tests.fleets import NOW_MS, SERIAL, TCP, fleet_beside

MBPOLL = shutil.which("mbpoll")

pytestmark = pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed (Debian package mbpoll)")


def mbpoll(endpoint: str, *words: str, write: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    kind, _, place = endpoint.partition("://")
    if kind == "tcp":
        host, _, port = place.partition(":")
        argv = [host, "-m", "tcp", "-p", port]
    else:
        argv = [place.partition("?")[0], "-m", "rtu", "-b", "9600", "-P", "none"]
    return subprocess.run(
        [str(MBPOLL), *words, "-0", "-1", "-o", "0.5", *argv, *write],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def told(run: subprocess.CompletedProcess[str]) -> dict[int, float]:
    assert run.returncode == 0, run.stderr
    return {int(at): float(value) for at, value in re.findall(r"^\[(\d+)\]:\s+(\S+)", run.stdout, re.MULTILINE)}


@pytest.mark.parametrize("endpoint", [TCP, SERIAL])
def test_it_reads_and_writes(endpoint: str) -> None:
    models = ("station_cabinet", "remond_ec")
    with fleet_beside(*models, endpoint=endpoint, terminals=True) as (fleet, there):
        expected, _ = Steady(load_profiles()["station_cabinet"], 1).measure(NOW_MS)
        values = told(mbpoll(there, "-a", "1", "-t", "4:float", "-B", "-r", "2", "-c", "10"))
        # mbpoll prints six digits.
        assert list(values.values()) == pytest.approx(list(expected.values()), rel=1e-5)
        assert told(mbpoll(there, "-a", "1:2", "-t", "4", "-r", "0", "-c", "1"))[0] != 0, "several units, one bus"
        run = mbpoll(there, "-a", "2", "-t", "4", "-r", "20", write=("7",))
        assert run.returncode == 0, run.stderr
        assert told(mbpoll(there, "-a", "2", "-t", "4", "-r", "20", "-c", "1")) == {20: 7}
        assert fleet.units["unit-2"].written == [(6, 20, (7,))]


@pytest.mark.parametrize("endpoint", [TCP, SERIAL])
def test_it_understands_what_is_refused_and_what_goes_wrong(endpoint: str) -> None:
    with fleet_beside("station_cabinet", endpoint=endpoint, terminals=True) as (fleet, there):
        ask = ("-a", "1", "-t", "4", "-r", "0", "-c", "2")
        told(mbpoll(there, *ask))
        assert "Illegal data address" in mbpoll(there, "-a", "1", "-t", "4", "-r", "500", "-c", "1").stderr
        assert "Illegal function" in mbpoll(there, "-a", "1", "-t", "3", "-r", "0", "-c", "1").stderr
        with fleet.faults.injected(Mishap.EXCEPTION, code=6):
            assert "busy" in mbpoll(there, *ask).stderr
        for kind in (Mishap.SILENT, Mishap.WRONG_CRC, Mishap.TRUNCATED):
            with fleet.faults.injected(kind):
                run = mbpoll(there, *ask)
                assert re.search("timed out|Invalid|reset", run.stderr), (kind, run.stderr)
        told(mbpoll(there, *ask))
