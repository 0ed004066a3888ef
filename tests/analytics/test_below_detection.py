from __future__ import annotations

import math

import pytest

from analytics.below_detection import Amount, BelowDetection, mean_amount, meets, number_of, parse_amount

TENTH = BelowDetection(0.1)


@pytest.mark.parametrize(
    "text",
    ["0.05L", "0.05 l", " 0.05L ", "<0.05", "< 0.05", "＜0.05", "ND(0.05)", "nd（0.05）", "ND (<0.05)", "未检出(0.05)",
     "5e-2L", "<.05"],
)  # fmt: skip
def test_a_detection_limit_is_read(text: str) -> None:
    assert parse_amount(text) == BelowDetection(0.05)


@pytest.mark.parametrize("text", ["ND", "nd", "N.D.", "未检出", " 未检出 "])
def test_nothing_found_without_a_limit(text: str) -> None:
    assert parse_amount(text) == BelowDetection(None)


@pytest.mark.parametrize("text", ["", " ", "NaN", "NA", "N/A", "--", "-", "—", "*", "null", "None"])
def test_nothing_measured(text: str) -> None:
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7.0), (" 7.25 ", 7.25), ("-0.5", -0.5), ("1e-3", 0.001), ("+5", 5.0), (".5", 0.5), ("5.", 5)],
)
def test_numbers(text: str, value: float) -> None:
    assert parse_amount(text) == value


@pytest.mark.parametrize(
    "text",
    ["seven", "0,5", "inf", "1e999", ">5", "5L5", "0x10", "L", "<", "7 mg/L", "0L", "<0", "ND()", "-1L", "1_000", "٣"],
)
def test_what_is_no_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_amount(text)


@pytest.mark.parametrize("limit", [0.0, -0.1, math.inf, math.nan])
def test_a_detection_limit_is_a_number_above_0(limit: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        BelowDetection(limit)


@pytest.mark.parametrize("amount", [BelowDetection(0.05), BelowDetection(0.0004), BelowDetection(None)])
def test_what_is_written_reads_back(amount: BelowDetection) -> None:
    assert parse_amount(str(amount)) == amount


@pytest.mark.parametrize(("amount", "number"), [(0.3, 0.3), (TENTH, 0.05), (BelowDetection(None), None)])
def test_half_of_the_limit_stands_for_it_in_means(amount: Amount, number: float | None) -> None:
    assert number_of(amount) == number


def test_the_share_is_a_setting() -> None:
    assert number_of(TENTH, share=1.0) == 0.1
    assert mean_amount([TENTH, 0.3], share=0.0) == 0.15


@pytest.mark.parametrize(
    ("amounts", "mean"),
    [
        ([0.1, 0.2], 0.15),
        ([TENTH, 0.15], 0.1),
        ([TENTH, BelowDetection(0.04)], TENTH),
        ([BelowDetection(None), 0.2], 0.2),
        ([BelowDetection(None), TENTH], TENTH),
        ([BelowDetection(None)], BelowDetection(None)),
    ],
)
def test_means(amounts: list[Amount], mean: Amount) -> None:
    assert mean_amount(amounts) == mean


def test_there_is_no_mean_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        mean_amount([])


@pytest.mark.parametrize(
    ("amount", "limit", "met"),
    [
        (0.05, 0.05, True),
        (0.050000001, 0.05, False),
        (BelowDetection(0.05), 0.05, True),
        (BelowDetection(0.050000001), 0.05, None),
        (BelowDetection(None), 0.05, None),
    ],
)
def test_a_limit_is_met_where_the_detection_limit_meets_it(amount: Amount, limit: float, met: bool | None) -> None:
    assert meets(amount, limit) is met
