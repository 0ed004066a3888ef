"""What an engineer types, and what is answered."""

import json

import pytest
from click.testing import CliRunner, Result

from collectors.clock import machine_ms
from deploy.commissioning.probe_command import command
from deploy.fleet.faults import Mishap
from sensors.errors import UsageError
from tests.fleets import RTU_TCP, SERIAL, TCP, fleet_beside


def probe(*words: str) -> Result:
    result = CliRunner().invoke(command, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("endpoint", [TCP, SERIAL])
def test_a_probe_is_found_and_shown(endpoint: str) -> None:
    with fleet_beside("station_cabinet", endpoint=endpoint, terminals=True) as (_, there):
        result = probe(f"{there}?unit=1", "--once")
    assert result.exit_code == 0
    for part in ("station_cabinet", "likely", "makes sense", "permanganate_index", "3:12-13", "round trip min"):
        assert part in result.output


def test_json_is_all_that_is_printed(tmp_path) -> None:
    with fleet_beside("yosemitech_y4000") as (_, there):
        result = probe(
            f"{there}?unit=1", "--json", "--record", str(tmp_path / "r"), "--by", "Li Wei", "--note", "tank 3"
        )
    record = json.loads(result.stdout)
    assert (record["profile"], record["chosen"], record["unit"], record["by"]) == (
        "yosemitech_y4000", "certain", 1, "Li Wei",
    )  # fmt: skip
    assert "tank 3" in record["notes"]
    assert "written" in result.stderr
    assert json.loads((tmp_path / "r.json").read_text("utf-8")) == record
    assert "Li Wei" in (tmp_path / "r.txt").read_text("utf-8")


def test_a_start_is_given_only_when_asked_for() -> None:
    with fleet_beside("aqualabo_c4e", now_ms=machine_ms) as (fleet, there):
        unit = fleet.units["unit-1"]
        idle = probe(there, "--profile", "aqualabo_c4e", "--once", "--unit", "1", "--reads", "1")
        assert "--start gives it" in idle.output
        assert unit.written == []
        started = probe(there, "--profile", "aqualabo_c4e", "--once", "--start", "--reads", "1")
    assert "Started; waiting" in started.output
    assert unit.done == ["start", "start"]
    assert (idle.exit_code, started.exit_code) == (0, 0)


def test_silence_ends_with_1_and_advice() -> None:
    with fleet_beside("station_cabinet") as (_, there):
        result = probe(f"{there}?unit=9", "--once", "--timeout", "0.05")
        plain = json.loads(probe(f"{there}?unit=9", "--json", "--timeout", "0.05").stdout)
    assert result.exit_code == 1
    assert "silent" in result.output
    assert f"riverchief scan {there}" in result.output
    assert (plain["presence"], plain["profile"], plain["values"]) == ("silent", None, [])


def test_a_refusing_gateway_is_told_from_silence() -> None:
    with fleet_beside("station_cabinet") as (fleet, there), fleet.faults.injected(Mishap.EXCEPTION, code=11):
        result = probe(f"{there}?unit=1", "--once")
    assert result.exit_code == 1
    assert "gateway says absent" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("10.0.0.1",), "accepted: tcp://HOST"),
        (("tcp://127.0.0.1?unit=999",), "1 to 247"),
        (("tcp://127.0.0.1", "--unit", "0"), "1 to 247"),
        (("tcp://127.0.0.1", "--profile", "yosemitech_y1"), "yosemitech_y504"),
        (("tcp://nowhere.invalid?unit=1", "--once"), "no such host"),
        (("rtu:///dev/ttyNOWHERE?unit=1", "--once"), "no serial port"),
    ],
)
def test_mistakes_are_one_sentence(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        probe(*words)


@pytest.mark.parametrize("name", ["no/such/folder/r", "taken"])
def test_a_record_that_cannot_be_written_is_refused_before_the_probe_is_asked(tmp_path, name: str) -> None:
    (tmp_path / "taken.txt").mkdir()
    with fleet_beside("station_cabinet") as (fleet, there):
        fleet.units["unit-1"].answer = lambda pdu: pytest.fail("it was asked")  # type: ignore[method-assign]
        with pytest.raises(UsageError, match=r"cannot write .*\.(json|txt)"):
            probe(f"{there}?unit=1", "--once", "--record", str(tmp_path / name))
    assert list(tmp_path.iterdir()) == [tmp_path / "taken.txt"], "the try leaves nothing behind"


@pytest.mark.parametrize("data", [bytes(range(1, 10)), b"\x07\x00"])
def test_bytes_that_are_no_answer_are_shown(data: bytes) -> None:
    """Whoever sends them has another baud rate or parity, or is no Modbus at all."""
    with fleet_beside("station_cabinet", endpoint=RTU_TCP) as (fleet, there):
        [bus] = fleet._buses.values()
        bus.take = lambda request, frames, connection: connection.send(data)  # type: ignore[method-assign]
        plain = json.loads(probe(f"{there}?unit=1", "--json", "--timeout", "0.1").stdout)
    assert plain["presence"] == "wrong answers"
    assert f"{len(data)} bytes came and are no answer of unit 1: {data.hex(' ')}" in plain["advice"][0]
    assert "baud rate and parity" in plain["advice"][-1]


def test_a_unit_that_refuses_is_not_told_as_absent() -> None:
    with fleet_beside("station_cabinet") as (fleet, there), fleet.faults.injected(Mishap.EXCEPTION, code=6):
        result = probe(f"{there}?unit=1", "--once", "--profile", "station_cabinet", "--reads", "1")
    assert "<- refused: exception 6" in result.output
    assert "the unit is there and refuses to be read" in result.output
    assert result.exit_code == 1


def test_contradictions() -> None:
    both = probe("tcp://127.0.0.1?unit=3", "--unit", "4")
    assert (both.exit_code, "says unit 3, --unit says 4" in both.output) == (2, True)
    live = probe("tcp://127.0.0.1?unit=3", "--watch", "--json")
    assert (live.exit_code, "--json goes with --once" in live.output) == (2, True)
