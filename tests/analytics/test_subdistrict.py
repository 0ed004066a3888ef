from __future__ import annotations

import pytest

from analytics.evaluation import RiverGrade, StationGrade, evaluate_river, evaluate_station
from analytics.grading import WaterClass
from analytics.subdistrict import SubdistrictGrade, evaluate_subdistrict
from analytics.window import HourMean
from sensors.durations import HOUR_MS

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0}
AMMONIA = {FIRST: 0.1, II: 0.4, III: 0.9, IV: 1.4, V: 1.9, INFERIOR_V: 3.0}
SILENT = None


def station(name: str, water_class: WaterClass | None) -> StationGrade:
    values = GOOD | {"ammonia_nitrogen": AMMONIA[water_class]} if water_class else {}
    return evaluate_station(name, "river", {key: [HourMean(0, v, 1)] for key, v in values.items()}, 0, HOUR_MS)


def subdistrict(**rivers: tuple[WaterClass, list[WaterClass | None]]) -> SubdistrictGrade:
    """By river: its target, and the classes of its sections."""
    sections: list[StationGrade] = []
    graded: list[RiverGrade] = []
    for name, (target, classes) in rivers.items():
        own = [station(f"{name}{index}", each) for index, each in enumerate(classes)]
        sections += own
        graded.append(evaluate_river(name, own, target=target))
    return evaluate_subdistrict("x", sections, graded)


def test_shares_of_sections_and_rivers_of_each_class() -> None:
    found = subdistrict(
        a=(III, [II, III]), b=(III, [IV]), c=(IV, [INFERIOR_V, SILENT]), d=(III, [SILENT]), e=(II, [II] * 4 + [V])
    )
    assert found.sections == {FIRST: 0, II: 5, III: 1, IV: 1, V: 1, INFERIOR_V: 1}
    assert found.shares[II] == pytest.approx(100 * 5 / 9)
    assert sum(found.shares.values()) == pytest.approx(100)
    assert found.fair_share == pytest.approx(100 * 6 / 9)
    assert found.inferior_share == pytest.approx(100 / 9)
    assert found.ungraded_sections == ("c1", "d0")
    assert found.rivers == {FIRST: 0, II: 0, III: 1, IV: 1, V: 0, INFERIOR_V: 1}  # a: mean of 0.4 and 0.9
    assert found.river_states == {
        "excellent": 0, "good": 2, "lightly_polluted": 1, "moderately_polluted": 0, "heavily_polluted": 1,
    }  # fmt: skip
    assert found.ungraded_rivers == ("d",)


def test_which_rivers_and_sections_reach_their_target() -> None:
    found = subdistrict(a=(III, [II, IV]), b=(III, [IV]), c=(IV, [IV, SILENT]), d=(III, [SILENT]))
    assert found.attaining == ("a", "c")  # a by its mean, 0.9
    assert found.failing == ("b",)
    assert found.open_rivers == ("d",)
    assert found.attaining_sections == 2
    assert found.attaining_share == 50


def test_with_ratios_a_river_reaches_its_target_where_every_section_does() -> None:
    found = subdistrict(a=(III, [II] * 4 + [III]), b=(III, [II] * 9 + [IV]))
    assert found.attaining == ("a",)
    assert found.failing == ("b",)
    assert found.attaining_sections == 14


@pytest.mark.parametrize(
    ("classes", "descriptor", "method"),
    [
        ([II] * 9 + [IV], "excellent", "ratio"),
        ([II] * 8 + [IV] * 2, "good", "ratio"),
        ([II] * 7 + [IV] * 3, "lightly_polluted", "ratio"),
        ([II] * 7 + [IV] + [INFERIOR_V] * 2, "moderately_polluted", "ratio"),
        ([II] * 6 + [INFERIOR_V] * 4, "heavily_polluted", "ratio"),
        ([II] * 4, "excellent", "mean"),
    ],
)
def test_the_state_of_the_whole_follows_the_rules_of_a_river(
    classes: list[WaterClass | None], descriptor: str, method: str
) -> None:
    found = subdistrict(a=(III, classes))
    assert found.descriptor is not None
    assert (found.descriptor.key, found.overall.method) == (descriptor, method)


def test_without_a_graded_section_nothing_is_claimed() -> None:
    found = subdistrict(a=(III, [SILENT]))
    assert (found.descriptor, found.fair_share, found.inferior_share, found.attaining_share) == (None,) * 4
    assert set(found.shares.values()) == {0.0}
