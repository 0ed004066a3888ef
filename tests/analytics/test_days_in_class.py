from __future__ import annotations

import numpy as np
import pytest

from analytics.days_in_class import DaysInClass, days_in_class
from analytics.grading import WaterClass

FIRST, II, III, IV, V, INFERIOR_V = WaterClass


def count(classes: list[int], target: WaterClass | None = None) -> DaysInClass:
    column = np.array(classes, np.int8)
    partial, provisional = np.zeros(column.size, np.bool_), np.zeros(column.size, np.bool_)
    partial[:2] = provisional[-1:] = True
    return days_in_class(column, partial, provisional, target=target)


def test_days_are_counted_by_class() -> None:
    days = count([0, 1, 3, 3, 4, 6, 0, 6])
    assert days.days == {FIRST: 1, II: 0, III: 2, IV: 1, V: 0, INFERIOR_V: 2}
    assert (days.graded, days.without) == (6, 2)
    assert (days.partial, days.provisional) == (1, 1)  # a day without a class is neither
    assert (days.attained, days.attained_share) == (None, None)


@pytest.mark.parametrize(("target", "attained"), [(II, 1), (III, 3), (IV, 4), (V, 4)])
def test_days_on_which_the_target_was_reached(target: WaterClass, attained: int) -> None:
    days = count([0, 1, 3, 3, 4, 6, 0, 6], target)
    assert days.attained == attained
    assert days.attained_share == pytest.approx(100 * attained / 6)


def test_a_span_without_days() -> None:
    days = count([], III)
    assert (days.graded, days.without, days.attained, days.attained_share) == (0, 0, 0, None)
