from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.fleet.fault_file import read_faults
from deploy.fleet.faults import ALL, InjectedFault, Mishap
from sensors.errors import ConfigError
from tests.fleets import RTU_TCP, stations_of

START_MS = 1_790_000_000_000
STATIONS = [*stations_of(["station_cabinet", "yosemitech_y504"])]


def given(tmp_path: Path, text: str, start_ms: int = START_MS) -> list[InjectedFault]:
    path = tmp_path / "faults.toml"
    path.write_text(text, encoding="utf-8")
    return read_faults(path, STATIONS, start_ms)


def test_seconds_after_the_start_times_and_settings(tmp_path) -> None:
    late, drift = given(
        tmp_path,
        """
        [[fault]]
        station = "unit-1"
        kind = "late"
        from = 30
        to = 90.5
        probability = 0.3
        delay_s = 1.5
        [[fault]]
        unit = 2
        kind = "drift"
        determinand = "dissolved_oxygen"
        from = 2026-11-24T08:00:00+08:00
        size = -0.4
        over_s = 600
        """,
    )
    assert late == InjectedFault(
        Mishap.LATE, "unit-1", ALL, START_MS + 30_000, START_MS + 90_500, probability=0.3, delay_s=1.5
    )
    at_ms = datetime(2026, 11, 24, tzinfo=UTC).timestamp() * 1000
    assert (drift.station, drift.determinand, drift.start_ms) == ("unit-2", "dissolved_oxygen", at_ms)
    assert (drift.size, drift.over_s) == (-0.4, 600)


def test_whom_it_befalls(tmp_path) -> None:
    def whom(where: str) -> list[str]:
        return [fault.station for fault in given(tmp_path, f'[[fault]]\nkind = "silent"\n{where}')]

    assert whom("") == [ALL]
    assert whom('station = "*"') == [ALL]
    assert whom('endpoint = "tcp://10.0.0.1"') == ["unit-1", "unit-2"]
    assert whom('endpoint = "tcp://10.0.0.1:502"\nunit = 2') == ["unit-2"]


@pytest.mark.parametrize("kind", Mishap)
def test_every_kind_can_be_written(tmp_path, kind: Mishap) -> None:
    [fault] = given(tmp_path, f'[[fault]]\nkind = "{kind}"')
    assert fault.kind is kind


@pytest.mark.parametrize(
    ("text", "where", "accepted"),
    [
        ('kind = "lat"', "fault[0] (lat).kind", "silent, late"),
        ("from = 3", "fault[0] (None).kind", "silent, late"),
        ('kind = "late"\nfrom = -1', "fault[0] (late).from", "seconds after the start"),
        ('kind = "late"\nfrom = 2026-11-24T08:00:00', "fault[0] (late).from", "with its zone"),
        ('kind = "late"\nfrom = 5\nto = 5', "fault[0] (late).to", "after 'from'"),
        ('kind = "late"\nprobability = 1.5', "fault[0] (late).probability", "0 to 1"),
        ('kind = "late"\ncode = 2', "fault[0] (late).code", "delay_s"),
        ('kind = "lat"\ndelay_s = 1.5\ndeterminand = "ph"', "fault[0] (lat).kind", "silent, late"),
        ('kind = "silent"\ndelay_s = "x"', "fault[0] (silent).delay_s", "one of"),
        ('kind = "late"\ndeterminand = "ph"', "fault[0] (late).determinand", "delay_s"),
        ('kind = "exception"\ncode = 0', "fault[0] (exception).code", "1 to 255"),
        ('kind = "nan"\ndeterminand = "cod"', "fault[0] (nan).determinand", "one of *, water_temperature"),
        ('kind = "late"\nstation = "x"', "fault[0] (late).station", "unit-1, unit-2"),
        ('kind = "late"\nunit = 7', "fault[0] (late).unit", "1, 2"),
        ('kind = "late"\nunit = 1\nstation = "unit-1"', "fault[0] (late).unit", "not both"),
        (f'kind = "late"\nendpoint = "{RTU_TCP}"', "fault[0] (late).endpoint", "tcp://10.0.0.1:502"),
        ('kind = "late"\nendpoint = "x"', "fault[0] (late).endpoint", "tcp://HOST"),
    ],
)
def test_every_mistake_is_told_with_its_key(tmp_path, text: str, where: str, accepted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        given(tmp_path, f"[[fault]]\n{text}")
    [problem] = caught.value.problems
    assert (problem.file, problem.where) == ("faults.toml", where)
    assert accepted in problem.accepted


def test_a_file_that_is_none(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: file: found nothing"):
        read_faults(tmp_path / "none.toml", STATIONS, START_MS)
    with pytest.raises(ConfigError, match="TOML in UTF-8"):
        given(tmp_path, "[[fault]")
    with pytest.raises(ConfigError, match="faults: found 'faults'; accepted: one of fault"):
        given(tmp_path, "[[faults]]\nkind = 'late'")
    assert given(tmp_path, "") == []
