from __future__ import annotations

import csv
from pathlib import Path

import pytest

from analytics.standards import GB3838_2002, STANDARDS, Limit
from analytics.standards.gb3838_2002 import TABLE_1, TABLE_2
from sensors.determinand import DETERMINANDS, determinand_key

# Short names of the facts file that are not aliases of ours.
SHORT = {
    "cu": "copper", "zn": "zinc", "f": "fluoride", "se": "selenium", "as": "arsenic", "hg": "mercury", "cd": "cadmium",
    "cr6": "chromium_vi", "pb": "lead", "cn": "cyanide", "phenol": "volatile_phenols", "oil": "petroleum",
    "las": "anionic_surfactants", "s": "sulfide", "fcoli": "faecal_coliforms",
    "so4": "sulfate", "cl": "chloride", "fe": "iron", "mn": "manganese",
}  # fmt: skip


def test_table_1_has_its_24_items_in_order() -> None:
    assert [item.number for item in TABLE_1] == list(range(1, 25))
    assert len(GB3838_2002.items) == 24
    assert set(GB3838_2002.items) <= set(DETERMINANDS)


def test_table_2_has_its_5_items() -> None:
    assert [(item.number, item.determinand, item.limit) for item in TABLE_2] == [
        (1, "sulfate", 250), (2, "chloride", 250), (3, "nitrate_nitrogen", 10), (4, "iron", 0.3), (5, "manganese", 0.1),
    ]  # fmt: skip
    assert set(GB3838_2002.supplements) <= set(DETERMINANDS)


def test_phosphorus_has_two_columns_and_nitrogen_grades_lakes_only() -> None:
    river, lake = GB3838_2002.limit("total_phosphorus", "river"), GB3838_2002.limit("total_phosphorus", "lake")
    assert river is not None
    assert lake is not None
    assert river.values == (0.02, 0.1, 0.2, 0.3, 0.4)
    assert lake.values == (0.01, 0.025, 0.05, 0.1, 0.2)
    assert GB3838_2002.limit("total_nitrogen", "river") is None
    assert GB3838_2002.limit("total_nitrogen", "lake") is not None


def test_what_has_no_classes_has_no_limit() -> None:
    assert GB3838_2002.limit("water_temperature", "river") is None
    assert GB3838_2002.limit("conductivity", "river") is None


@pytest.mark.parametrize(
    "item", [item for item in TABLE_1 if item.river or item.lake], ids=lambda item: item.determinand
)
def test_limits_never_grow_stricter_with_the_class(item) -> None:  # type: ignore[no-untyped-def]
    for limit in filter(None, (item.river, item.lake)):
        ordered = sorted(limit.values, reverse=limit.direction == "ge")
        assert list(limit.values) == ordered
        assert (limit.low is not None) == (limit.direction == "range")


def test_a_limit_by_class() -> None:
    limit = Limit("dissolved_oxygen", "ge", (7.5, 6, 5, 3, 2))
    assert (limit.at(1), limit.at(5)) == (7.5, 2)
    for water_class in (0, 6):
        with pytest.raises(ValueError, match="has no limit"):
            limit.at(water_class)


def test_standards_are_found_by_their_key() -> None:
    assert all(standard.key == key for key, standard in STANDARDS.items())
    assert STANDARDS["gb3838_2002"].number == "GB 3838-2002"


@pytest.mark.shared
def test_table_1_is_the_published_one(shared: Path) -> None:
    rows = _rows(shared / "facts" / "gb3838_table1.csv")
    assert len(rows) == 25
    for row in rows:
        key = SHORT.get(row["key"]) or determinand_key(row["key"])
        assert key is not None, row["key"]
        item = GB3838_2002.items[key]
        assert item.number == int(row["seq"])
        assert DETERMINANDS[key].code == row["hj525_code"]
        for body in ("river", "lake"):
            limit = item.lake if body == "lake" else item.river
            if row["body"] in (body, "all") and row["direction"] != "none":
                assert limit is not None
                assert limit.direction == row["direction"]
                assert _published(row) == (limit.low, limit.values)
            elif row["key"] in ("tn", "water_temp"):
                assert limit is None


def _published(row: dict[str, str]) -> tuple[float | None, tuple[float, ...]]:
    texts = [row[column] for column in ("I", "II", "III", "IV", "V")]
    if row["direction"] != "range":
        return None, tuple(map(float, texts))
    bounds = [tuple(map(float, text.split("-"))) for text in texts]
    return bounds[0][0], tuple(high for _, high in bounds)


@pytest.mark.shared
def test_table_2_is_the_published_one(shared: Path) -> None:
    rows = _rows(shared / "facts" / "gb3838_table2.csv")
    assert len(rows) == 5
    for row in rows:
        key = SHORT.get(row["key"]) or determinand_key(row["key"])
        assert key is not None, row["key"]
        assert GB3838_2002.supplements[key].limit == float(row["limit"])


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
