from __future__ import annotations

import pytest

from analytics.descriptors import DESCRIPTORS, descriptor_of, descriptor_of_ratio
from analytics.grading import WaterClass

II, III, IV, INFERIOR_V = WaterClass.II, WaterClass.III, WaterClass.IV, WaterClass.INFERIOR_V


def test_descriptors_of_the_six_classes() -> None:
    assert [descriptor_of(water_class).name for water_class in WaterClass] == [
        "优", "优", "良好", "轻度污染", "中度污染", "重度污染",
    ]  # fmt: skip


def test_ranks_rise_as_the_water_grows_worse() -> None:
    assert [descriptor.rank for descriptor in DESCRIPTORS.values()] == [1, 2, 3, 4, 5]
    assert len({descriptor.hex for descriptor in DESCRIPTORS.values()}) == 5


@pytest.mark.parametrize(
    ("fair", "inferior", "n", "key"),
    [
        (90, 10, 100, "excellent"),
        (89, 0, 100, "good"),
        (75, 25, 100, "good"),
        (74, 19, 100, "lightly_polluted"),
        (74, 20, 100, "moderately_polluted"),
        (61, 39, 100, "moderately_polluted"),
        (60, 40, 100, "heavily_polluted"),  # the corner that one reading of the rule leaves open
        (0, 40, 100, "heavily_polluted"),
        (0, 39, 100, "moderately_polluted"),
        (0, 19, 100, "lightly_polluted"),
        (9, 1, 10, "excellent"),
        (3, 1, 5, "moderately_polluted"),
        (3, 2, 5, "heavily_polluted"),
        (4, 1, 5, "good"),
        (5, 0, 5, "excellent"),
        (3, 0, 5, "lightly_polluted"),
    ],
)
def test_class_ratios(fair: int, inferior: int, n: int, key: str) -> None:
    classes = [III] * fair + [INFERIOR_V] * inferior + [IV] * (n - fair - inferior)
    assert descriptor_of_ratio(classes).key == key


def test_no_sections_no_ratio() -> None:
    with pytest.raises(ValueError, match="without sections"):
        descriptor_of_ratio([])
