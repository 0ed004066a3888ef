from __future__ import annotations

from typing import get_args

import pytest

from dashboard.casework import vocabulary
from dashboard.casework.tables import inspections, stations, survey, works
from dashboard.casework.vocabulary import PATROL_GROUPS, PATROL_TYPES, SHOWN, Words, plain
from sensors.place import Bank, OutfallKind

LISTS = {name: value for name, value in vars(vocabulary).items() if isinstance(value, Words)}


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("OUTFALL_KINDS", get_args(OutfallKind)), ("BANKS", get_args(Bank)),
        ("OUTFALL_STAGES", survey.OUTFALL_STAGES), ("RECTIFICATIONS", survey.RECTIFICATIONS),
        ("SHOP_STATES", survey.SHOP_STATES), ("LEAK_STATES", survey.LEAK_STATES), ("PIPE_STATES", works.PIPE_STATES),
        ("WORK_KINDS", works.WORK_KINDS), ("WORK_STATES", works.WORK_STATES),
        ("STRUCTURE_STATES", works.STRUCTURE_STATES), ("BOAT_KINDS", works.BOAT_KINDS),
        ("INSPECTION_KINDS", inspections.INSPECTION_KINDS), ("VISIT_KINDS", stations.VISIT_KINDS),
        ("DECISIONS", stations.DECISIONS),
    ],
)  # fmt: skip
def test_columns_and_words_have_the_same_keys(name: str, keys: tuple[str, ...]) -> None:
    assert set(LISTS[name]) == set(keys)


@pytest.mark.parametrize("name", LISTS)
def test_every_word_means_one_key(name: str) -> None:
    words = LISTS[name]
    for key, (zh, en) in words.words.items():
        assert [words.key_of(text) for text in (key, zh, en, f" {en.upper()} ", zh.replace("(", "（"))] == [key] * 5
    texts = [plain(text) for both in words.words.values() for text in set(map(plain, both))]
    assert len(texts) == len(set(texts))
    assert all(plain(other) not in map(plain, words.words) for other in words.also)


def test_patrols_record_what_the_system_lists() -> None:
    assert [len(types) for _, types in PATROL_GROUPS.values()] == [2, 3, 5, 5, 2, 5, 4, 3]
    assert len(PATROL_TYPES.words) == 29
    assert PATROL_TYPES.key_of("晴天雨水口有污水排放") == "dry_weather_flow"


def test_words_of_a_language_and_of_both() -> None:
    words = LISTS["OUTFALL_STAGES"]
    assert (words.word("closed"), words.word("closed", "en"), words.word("?")) == ("已销号", "Written off", "?")
    assert (words.both("closed"), words.both("?")) == ("已销号 (Written off)", "?")
    assert words.key_of("nothing") is None


def test_long_lists_are_only_counted_from_some_word_on() -> None:
    many = Words({str(n): (f"n{n}", f"n{n}") for n in range(SHOWN + 1)})
    assert many.shown == ", ".join(f"n{n}" for n in range(SHOWN)) + f", … ({SHOWN + 1})"
