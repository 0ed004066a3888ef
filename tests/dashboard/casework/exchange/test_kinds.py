from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.casework.exchange.kinds import (
    AmountText,
    Cell,
    Choice,
    Context,
    Day,
    DeterminandName,
    Instant,
    Kind,
    Number,
    Reference,
    Text,
    UnreadableError,
    YesNo,
    blank,
)
from dashboard.casework.exchange.names import names
from dashboard.casework.vocabulary import PATROL_TYPES, SHOP_STATES

RIVERS = names([("R01", "斜塘河", "Xietang River"), ("R02", "中塘河", "Zhongtang"), ("R03", "中塘河", "R01")])
SHANGHAI = Context(ZoneInfo("Asia/Shanghai"), {"river": RIVERS})
BERLIN = Context(ZoneInfo("Europe/Berlin"), {})
NOON = 1777867500000  # 2026-05-04 12:05 in Shanghai


def read(kind: Kind, cell: Cell, context: Context = SHANGHAI) -> object:
    return kind.read(cell, context)


def refused(kind: Kind, cell: Cell, context: Context = SHANGHAI) -> str:
    with pytest.raises(UnreadableError) as caught:
        kind.read(cell, context)
    return str(caught.value.accepted)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-05-04", "2026/5/4", "2026.5.4", "2026年5月4日", "2026 年 5 月 4 日", "20260504", "２０２６-０５-０４",
        "2026-05-04 13:05", "2026/5/4 下午1:05", date(2026, 5, 4), datetime(2026, 5, 4, 13, 5), 46146, 46146.5, "46146",
        20260504, "2026-5-4 00:00:00",
    ],
)  # fmt: skip
def test_days_as_people_and_excel_write_them(cell: Cell) -> None:
    assert read(Day(), cell) == date(2026, 5, 4)


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "5月4日", "2026年5月", "soon", "04/05/2026", 3, 19999, 80000, True, "26-5-4", "20261304"]
)
def test_what_is_no_day(cell: Cell) -> None:
    assert refused(Day(), cell) == "a day such as 2026-05-04, 2026/5/4 or 2026年5月4日"


@pytest.mark.parametrize(
    "cell",
    [
        "2026-05-04 12:05", "2026-05-04T12:05:00", "2026/5/4 12:05:00", "2026年5月4日12时05分",
        "2026年5月4日 12点5分0秒",
        "2026-05-04 12:05 PM", "2026-5-4 下午12:05", "2026-05-04T04:05:00Z", "2026-05-04 04:05:00+00:00",
        datetime(2026, 5, 4, 12, 5), "2026-05-04 12：05", 46146 + 725 / 1440,
    ],
)  # fmt: skip
def test_times_as_people_and_excel_write_them(cell: Cell) -> None:
    assert read(Instant(), cell) == NOON


def test_a_day_is_its_first_instant_and_midnight_has_two_names() -> None:
    assert read(Instant(), "2026-05-04") == read(Instant(), "2026-05-04 上午12:00") == NOON - (12 * 60 + 5) * 60_000
    assert read(Instant(), "2026-05-04 12:05:00.25") == NOON + 250
    assert read(Instant(), datetime(2026, 5, 4, 12, 5, 0, 249_700)) == NOON + 250


@pytest.mark.parametrize("cell", ["2026-05-04 25:00", "2026-05-04 12:60", "12:05", "2026-05-04 12:05:60", time(12, 5)])
def test_what_is_no_time(cell: Cell) -> None:
    assert refused(Instant(), cell) == "a time such as 2026-05-04 13:05"


def test_where_clocks_change() -> None:
    assert refused(Instant(), "2026-03-29 02:30", BERLIN) == "a time that the clock shows: it was set forward then"
    for instant in (1792888200000, 1792891800000):  # 02:30 twice
        shown = Instant().write(instant, BERLIN, "zh")
        assert str(shown).startswith("2026-10-25 02:30:00.000+0")
        assert read(Instant(), shown, BERLIN) == instant
    assert Instant().write(NOON, SHANGHAI, "zh") == datetime(2026, 5, 4, 12, 5)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("12", 12.0), (12, 12.0), ("-3.5", -3.5), ("１２．５", 12.5), ("1,200", 1200.0), ("1e3", 1000.0), (" 7 ", 7.0),
     ("−2", -2.0), ("+4", 4.0), (".5", 0.5)],
)  # fmt: skip
def test_numbers(cell: Cell, value: float) -> None:
    assert read(Number(-10, 2000), cell) == value


@pytest.mark.parametrize("cell", ["", "x", "1_0", "nan", "inf", "1,2", "2001", "-11", True, "12m", "0x1F"])
def test_what_is_no_number(cell: Cell) -> None:
    assert refused(Number(-10, 2000), cell) == "a number from -10 to 2000"


def test_whole_numbers() -> None:
    whole = Number(1, 9, whole=True)
    assert read(whole, 3.0) == read(whole, "3") == 3
    assert isinstance(read(whole, "3"), int)
    assert refused(whole, 3.5) == refused(whole, 10) == "a whole number from 1 to 9"


@pytest.mark.parametrize("cell", ["是", "有", "YES", "y", "√", 1, True, "true"])
def test_yes(cell: Cell) -> None:
    assert read(YesNo(), cell) is True


@pytest.mark.parametrize("cell", ["否", "无", "No", "×", 0, False, "没有"])
def test_no(cell: Cell) -> None:
    assert read(YesNo(), cell) is False


def test_neither_yes_nor_no() -> None:
    assert refused(YesNo(), "也许") == "yes or no"
    assert [YesNo().write(True, SHANGHAI, language) for language in ("zh", "en")] == ["是", "yes"]


def test_words_in_both_languages_and_free_ones_where_a_list_is_open() -> None:
    assert read(Choice(SHOP_STATES), "待整改") == read(Choice(SHOP_STATES), "to rectify") == "to_rectify"
    assert refused(Choice(SHOP_STATES), "很好").startswith("one of 未排查 (Not surveyed), 正常 (In order)")
    assert read(Choice(PATROL_TYPES, open=True), "桥下有异味") == "桥下有异味"
    assert read(Choice(PATROL_TYPES, open=True), "沉船") == "sunken_boat"


def test_references_by_id_and_by_names_that_are_not_claimed_twice() -> None:
    river = Reference("river")
    assert read(river, "斜塘河") == read(river, "r01") == "R01"
    assert read(river, "R03") == "R03"
    assert refused(river, "中塘河").startswith("one that is known: 斜塘河")
    shown = [(river.write(name, SHANGHAI, "zh"), river.write(name, SHANGHAI, "en")) for name in ("R01", "R02", "R03")]
    assert shown == [("斜塘河", "Xietang River"), ("R02", "Zhongtang"), ("R03", "R03")]
    assert all(read(river, cell) == name for name, both in zip(RIVERS, shown, strict=True) for cell in both)


def test_texts() -> None:
    assert [read(Text(), cell) for cell in (13812345678.0, 12, "a\nb", 1.5, True)] == [
        "13812345678", "12", "a\nb", "1.5", "True",
    ]  # fmt: skip
    for cell in ("x" * 201, "#REF!", "a\x00b"):
        assert refused(Text(), cell) == "a text of at most 200 characters"
    assert refused(Text(64, one_line=True), "a\nb") == "a text of at most 64 characters"


@pytest.mark.parametrize("cell", ["0.05L", "<0.05", "ND", "1.25", 1.25, "未检出"])
def test_amounts_stay_as_they_were_written(cell: Cell) -> None:
    assert read(AmountText(), cell) == str(cell)


def test_what_is_no_amount_and_amounts_that_excel_may_keep_as_numbers() -> None:
    for cell in ("n.a.", "about 3", "-", True, "0L"):
        assert refused(AmountText(), cell) == "an amount such as 1.25, 0.05L, <0.05 or ND"
    shown = [AmountText().write(text, SHANGHAI, "zh") for text in ("1.25", "1.250", "0.05L", "3")]
    assert shown == [1.25, "1.250", "0.05L", 3.0]


def test_determinands() -> None:
    assert read(DeterminandName(), "氨氮") == read(DeterminandName(), "NH3-N") == "ammonia_nitrogen"
    assert refused(DeterminandName(), "vibes") == "a determinand such as pH值, 溶解氧, 氨氮"
    assert [DeterminandName().write("ph", SHANGHAI, language) for language in ("zh", "en")] == ["pH值", "pH"]


def test_what_says_nothing() -> None:
    assert all(blank(cell, Day()) for cell in (None, "", "-", "/", "—"))
    assert [blank(cell, Text()) for cell in (None, "", "-", "/")] == [True, True, False, False]
    assert not blank(0, Number(0, 1))


CELLS = st.one_of(
    st.text(max_size=20), st.text("0123456789-/.:年月日时分 上下午TZ+", max_size=24), st.integers(), st.floats(),
    st.booleans(), st.datetimes(), st.dates(), st.times(),
)  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    [Text(), Choice(SHOP_STATES), Reference("river"), YesNo(), Number(-1e9, 1e9), Number(0, 9, whole=True), Day(),
     Instant(), DeterminandName(), AmountText()],
    ids=lambda kind: type(kind).__name__,
)  # fmt: skip
@settings(max_examples=60, deadline=None)
@given(cell=CELLS)
def test_whatever_stands_in_a_cell_it_is_read_or_refused(kind: Kind, cell: Cell) -> None:
    """What was read is written so that it is read as the same."""
    try:
        value = kind.read(cell, SHANGHAI)
    except UnreadableError:
        return
    if not isinstance(kind, Text):
        assert kind.read(kind.write(value, SHANGHAI, "zh"), SHANGHAI) == value
