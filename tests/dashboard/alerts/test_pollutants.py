"""What is worse than class III, and how it is said."""

from __future__ import annotations

import pytest

from dashboard.alerts.pollutants import over_class_iii, over_words
from dashboard.wording import Wording


def test_the_worst_first_and_oxygen_without_a_multiple() -> None:
    values = {
        "ammonia_nitrogen": 3.0, "total_phosphorus": 0.2, "permanganate_index": 6.6, "dissolved_oxygen": 3.0,
        "ph": 9.5, "turbidity": 900.0,
    }  # fmt: skip
    found = over_class_iii(values, "river")
    assert [(one.determinand, one.multiple if one.multiple is None else round(one.multiple, 3)) for one in found] == [
        ("ammonia_nitrogen", 2.0), ("permanganate_index", 0.1), ("dissolved_oxygen", None), ("ph", None),
    ]  # fmt: skip


@pytest.mark.parametrize(("value", "body", "count"), [(0.2, "river", 0), (0.2, "lake", 1), (0.05, "lake", 0)])
def test_limits_are_inclusive_and_those_of_the_water(value: float, body: str, count: int) -> None:
    assert len(over_class_iii({"total_phosphorus": value}, body)) == count


def test_in_words(zh: Wording, en: Wording) -> None:
    found = over_class_iii({"ammonia_nitrogen": 3.2, "dissolved_oxygen": 3.0}, "river")
    assert over_words(found, zh) == ["氨氮 3.200 mg/L（超Ⅲ类2.2倍）", "溶解氧 3.00 mg/L（未达Ⅲ类）"]
    assert over_words(found, en)[0] == "Ammonia nitrogen 3.200 mg/L (2.2 times over class III)"
