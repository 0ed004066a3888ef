from __future__ import annotations

from datetime import UTC, datetime

import pytest

from collectors.hj212.codes import Command
from collectors.hj212.segment import Hj212Error
from collectors.hj212.times import LocalTime
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.reading import to_ms

SHANGHAI = LocalTime("Asia/Shanghai", 5 * MINUTE_MS)
NOON = to_ms(datetime(2026, 8, 1, 4, 7, 33, 250_000, tzinfo=UTC))


def test_times_are_those_of_the_site() -> None:
    assert SHANGHAI.text(NOON) == "20260801120733"
    assert SHANGHAI.qn(NOON) == "20260801120733250"
    assert SHANGHAI.parse("20260801120733") == NOON - 250
    assert SHANGHAI.parse("20260801120733250") == NOON


def test_periods_begin_where_the_local_clock_says() -> None:
    starts = {cn: SHANGHAI.text(SHANGHAI.start(cn, NOON)) for cn in (2011, 2051, 2061, 2031)}
    assert starts == {2011: "20260801120733", 2051: "20260801120500", 2061: "20260801120000", 2031: "20260801000000"}
    for cn in (2051, 2061, 2031):
        start = SHANGHAI.start(cn, NOON)
        assert SHANGHAI.start(cn, start) == start
        assert SHANGHAI.start(cn, SHANGHAI.after(cn, start) - 1) == start
        assert SHANGHAI.start(cn, SHANGHAI.after(cn, start)) == SHANGHAI.after(cn, start)


def test_starts_between_two_instants() -> None:
    noon = SHANGHAI.start(2061, NOON)
    assert list(SHANGHAI.starts(2061, noon, noon + 2 * HOUR_MS)) == [noon, noon + HOUR_MS]
    assert list(SHANGHAI.starts(2061, noon + 1, noon + HOUR_MS + 1)) == [noon + HOUR_MS]
    assert list(SHANGHAI.starts(2061, noon + 1, noon + HOUR_MS)) == []


def test_days_of_a_zone_that_changes_its_clock() -> None:
    berlin = LocalTime("Europe/Berlin")
    autumn = berlin.start(Command.DAY, to_ms(datetime(2026, 10, 25, 12, tzinfo=UTC)))
    assert berlin.after(Command.DAY, autumn) - autumn == 25 * HOUR_MS
    spring = berlin.start(Command.DAY, to_ms(datetime(2026, 3, 29, 12, tzinfo=UTC)))
    assert berlin.after(Command.DAY, spring) - spring == 23 * HOUR_MS


def test_hours_of_a_zone_that_is_half_an_hour_off() -> None:
    kolkata = LocalTime("Asia/Kolkata")
    assert kolkata.text(kolkata.start(Command.HOUR, NOON)) == "20260801090000"
    assert kolkata.start(Command.HOUR, NOON) % HOUR_MS == HOUR_MS // 2


def test_instants_before_the_epoch_keep_their_milliseconds() -> None:
    assert SHANGHAI.qn(-1) == "19700101075959999"
    assert SHANGHAI.parse("19700101075959999") == -1


@pytest.mark.parametrize(
    "text",
    [
        "", "2026080112073", "202608011207333", "2026080112073325", "20261301000000", "20260230000000",
        "20260801240000", "20260801006000", "00000101000000", "2026-08-01 12:00", " 20260801120733",
        "２０２６０８０１１２０７３３",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Hj212Error, match="time"):
        SHANGHAI.parse(text)
