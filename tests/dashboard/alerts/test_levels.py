from __future__ import annotations

import pytest

from analytics.grading import WaterClass
from dashboard.alerts.levels import level_of
from dashboard.alerts.settings import RaiseSettings

HOUR_MS = 3_600_000
NAMES = {"1": "I", "2": "II", "3": "III", "4": "IV", "5": "V", "6": "INFERIOR_V"}


def level(text: str, held: str = "", target: str = "III", **values: int) -> str | None:
    """Level after hours written as digits, a dot where an hour has no class."""
    hours = [(n * HOUR_MS, WaterClass[NAMES[c]]) for n, c in enumerate(text) if c != "."]
    found = level_of(hours, WaterClass[NAMES[held]] if held else None, WaterClass[target], RaiseSettings(**values))
    return None if found is None else str(int(found))


@pytest.mark.parametrize(
    ("text", "held", "expected"),
    [
        ("", "", None),
        ("4", "", None),  # one hour is none
        ("34", "", None),
        ("44", "", "4"),
        ("45", "", "4"),  # both are at least IV
        ("56", "4", "5"),  # worse at once
        ("36", "4", "4"),  # one good hour does not end it, one bad one does not raise it
        ("4...4", "", "4"),  # invalid hours between count neither way
        ("4....4", "", None),  # but not for ever
        ("333", "4", "4"),
        ("3333", "4", None),
        ("4343", "4", "4"),  # flickers about the limit: stays
        ("5554444", "5", "4"),  # better by one
        ("6", "5", "5"),
        ("", "5", "5"),  # nothing comes: nothing is known to be better
        ("3.3.3.3", "4", None),
        ("3.....333", "4", "4"),  # too far apart to be four in a row
    ],
)
def test_two_valid_hours_raise_and_four_better_ones_clear(text: str, held: str, expected: str | None) -> None:
    assert level(text, held) == expected


def test_a_target_that_is_missed_is_enough() -> None:
    assert level("33", target="II") == "3"
    assert level("22", target="II") is None
    assert level("44", target="V") == "4"
    assert level("44", target="V", class_hours=3) is None


def test_a_river_whose_target_was_lowered_is_no_alert_any_more() -> None:
    assert level("3", held="3", target="III") is None
