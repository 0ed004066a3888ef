from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.hj212.data import CODED, MICROGRAMS, item, letter, number, number_text, observations, realtime_items
from collectors.hj212.frame import encode, parse
from collectors.hj212.segment import Flag, Frame, Group, encode_cp
from sensors.determinand import DETERMINANDS, determinand_key
from sensors.reading import Observation, Quality, Reading, StationState

NOW = 1_790_000_000_000


@pytest.mark.shared
def test_codes_and_units_are_those_of_the_table(shared: Path) -> None:
    """Where the factor table knows a determinand of ours, both agree on its unit."""
    with (shared / "facts" / "hj212_factors.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["code"]: row["unit_in_212_2017"] for row in csv.DictReader(file)}
    ours = {DETERMINANDS[key].code: DETERMINANDS[key].unit for key in CODED}
    assert {code for code, unit in rows.items() if unit == "ug/L"} == MICROGRAMS
    for code in rows.keys() & ours.keys():
        assert ours[code] == {"1": "pH", "ug/L": "mg/L"}.get(rows[code], rows[code])
    assert len(rows.keys() & ours.keys()) >= 28


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("ph", 7.425, "7.42"), ("ph", 7.435, "7.44"), ("ph", 7, "7.00"), ("water_temperature", -0.04, "0.0"),
        ("water_temperature", -0.06, "-0.1"), ("ammonia_nitrogen", 0.1 + 0.2, "0.300"), ("turbidity", 1e3, "1000.0"),
        ("faecal_coliforms", 9200.0, "9200"), ("faecal_coliforms", 2.5, "2"), ("conductivity", 1e-9, "0.0"),
        ("mercury", 0.00005, "0.05"), ("arsenic", 0.0523, "52.3"), ("cadmium", 0.005, "5.0"), ("lead", 0.05, "50"),
        ("chromium_vi", 0.0005, "0"), ("selenium", 0.01, "10.0"), ("copper", 1.0, "1.000"),
        ("turbidity", 1.7976931348623157e308, "1" + "7976931348623157" + "0" * 292 + ".0"),
    ],
)  # fmt: skip
def test_values_as_they_are_sent(key: str, value: float, text: str) -> None:
    assert number_text(key, value) == text


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("ph", "7.42", 7.42), ("ph", "-0", 0.0), ("ph", "+7", 7.0), ("mercury", "0.05", 0.00005),
        ("arsenic", "52.3", 0.0523), ("lead", "50", 0.05), ("total_nitrogen", "3.563168", 3.563168),
        ("ph", "", None), ("ph", "nan", None), ("ph", "inf", None), ("ph", "1e3", None), ("ph", "1_0", None),
        ("ph", "--", None), ("ph", ".", None), ("ph", "7.", None), ("ph", " 7", None), ("ph", "７", None),
        ("ph", "1" * 31, None), ("ph", "0x1", None), ("ph", "7,4", None),
    ],
)  # fmt: skip
def test_values_as_they_come(key: str, text: str, value: float | None) -> None:
    assert number(key, text) == value


@given(st.sampled_from(CODED), st.floats(-1e9, 1e9))
def test_a_value_comes_back_within_half_a_digit(key: str, value: float) -> None:
    back = number(key, number_text(key, value))
    assert back is not None
    # Three decimals are lost where mg/L have fewer than micrograms need.
    digit = 10.0 ** -max(DETERMINANDS[key].decimals, 3 if DETERMINANDS[key].code in MICROGRAMS else 0)
    assert abs(back - value) <= digit / 2 * 1.0001 + abs(value) * 1e-12


def test_letters_of_readings() -> None:
    assert letter(1.0, Quality.GOOD, "N") == "N"
    assert letter(1.0, Quality.NOT_EVALUATED, "N") == "N"
    assert letter(1.0, Quality.SUSPECT, "N") == "N"
    assert letter(1.0, Quality.FAIL, "N") == "D"
    assert letter(None, Quality.MISSING, "N") == "B"
    assert letter(None, Quality.GOOD, "N") == "B"
    for state in StationState:
        if state != "N":
            assert letter(1.0, Quality.GOOD, state) == letter(None, Quality.MISSING, state) == state


def reading(key: str, value: float | None, quality: Quality = Quality.GOOD, state: str = "N") -> Reading:
    return Reading("S1", key, NOW, value, quality, StationState(state))


def test_real_time_items_stand_in_the_order_of_the_table() -> None:
    items = realtime_items(
        [
            reading("total_phosphorus", 0.2444), reading("ph", 0.0), reading("orp", 200.0),
            reading("dissolved_oxygen", None, Quality.MISSING), reading("mercury", 0.0001, Quality.FAIL),
        ]
    )  # fmt: skip
    assert encode_cp(items) == (
        "w01001-Rtd=0.00,w01001-Flag=N;w01009-Flag=B;w21011-Rtd=0.244,w21011-Flag=N;w20111-Rtd=0.10,w20111-Flag=D"
    )


def test_items_of_periods() -> None:
    assert item("ph", {"Min": 7.0, "Avg": 7.1, "Max": 7.2}, "N") == (
        ("w01001-Min", "7.00"), ("w01001-Avg", "7.10"), ("w01001-Max", "7.20"), ("w01001-Flag", "N"),
    )  # fmt: skip


def taken(*cp: Group, suffix: str = "Rtd") -> list[Observation]:
    return observations(Frame(2011, cp, None, 21, "1", "A", Flag()), "S1", NOW, suffix)


def test_observations_of_a_frame() -> None:
    found = taken(
        (("DataTime", "20260801085857"),),
        (("w01001-Rtd", "7.42"), ("w01001-Flag", "N")),
        (("w20111-SampleTime", "20260801080000"), ("w20111-Rtd", "0.05")),
        (("w01009-Rtd", "26"), ("w01009-Flag", "N")),
        (("w21003-Rtd", "--"), ("w21003-Flag", "N")),
        (("w99999-Rtd", "1"), ("w99999-Flag", "N")),
        (("a21005-Rtd", "1"),),
        (("ph-Rtd", "7"),),
    )
    assert found == [
        Observation(
            "S1", NOW,
            {
                "ph": (7.42, Quality.NOT_EVALUATED), "mercury": (0.00005, Quality.NOT_EVALUATED),
                "dissolved_oxygen": (26.0, Quality.FAIL), "ammonia_nitrogen": (None, Quality.MISSING),
            },
        )
    ]  # fmt: skip


def test_one_observation_for_each_letter() -> None:
    found = taken(
        (("w01001-Rtd", "7.42"), ("w01001-Flag", "N")),
        (("w01009-Rtd", "3"), ("w01009-Flag", "D")),
        (("w21003-Flag", "B"),),
        (("w21011-Rtd", "1"), ("w21011-Flag", "n")),
    )
    assert {str(one.state): list(one.values) for one in found} == {
        "N": ["ph"], "D": ["dissolved_oxygen", "total_phosphorus"], "B": ["ammonia_nitrogen"],
    }  # fmt: skip
    assert found[2].values == {"ammonia_nitrogen": (None, Quality.MISSING)}


def test_averages_are_taken_where_they_are_asked_for() -> None:
    cp = (("w01001-Min", "7"), ("w01001-Avg", "7.5"), ("w01001-Max", "8"))
    assert taken(cp, suffix="Avg")[0].values == {"ph": (7.5, Quality.NOT_EVALUATED)}
    assert taken(cp) == []


@pytest.mark.parametrize("state", list(StationState))
def test_what_the_uplink_sends_a_listener_reads(state: StationState) -> None:
    values = {key: ((DETERMINANDS[key].low + DETERMINANDS[key].high) / 4, Quality.NOT_EVALUATED) for key in CODED[:12]}
    sent = realtime_items(Observation("S1", NOW, values, state).readings())
    frame = parse(encode(Frame(2011, sent, None, 21, "1", "A", Flag())))
    [found] = observations(frame, "S1", NOW)
    assert found.state == state
    assert found.values.keys() == values.keys()
    for key, (value, _) in values.items():
        assert found.values[key][0] == pytest.approx(value, abs=10.0 ** -DETERMINANDS[key].decimals / 2)


def test_every_code_is_known_by_its_name() -> None:
    assert all(determinand_key(DETERMINANDS[key].code) == key for key in CODED)
    assert len({DETERMINANDS[key].code for key in CODED}) == len(CODED)
