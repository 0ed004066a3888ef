from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.below_detection import Amount, BelowDetection
from analytics.grading import ASSESSED, REPORTED_ONLY, REQUIRED, Grade, WaterClass, grade, grade_columns
from analytics.standards import GB3838_2002, Limit
from sensors.place import WaterBody

FIRST, II, III, IV, V, INFERIOR_V = WaterClass
GOOD = {"ph": 7.0, "dissolved_oxygen": 8.0, "permanganate_index": 1.0, "ammonia_nitrogen": 0.1}
BODIES: tuple[WaterBody, ...] = ("river", "lake")


def meets(limit: Limit, value: float, water_class: int) -> bool:
    bound = limit.values[water_class - 1]
    if limit.direction == "ge":
        return value >= bound
    return value <= bound and (limit.low is None or value >= limit.low)


def expected(key: str, value: float, body: WaterBody) -> WaterClass | None:
    """The standard read aloud: the best class whose limit the value meets."""
    limit = GB3838_2002.limit(key, body)
    if limit is None or not math.isfinite(value):
        return None
    return next((WaterClass(number) for number in range(1, 6) if meets(limit, value, number)), INFERIOR_V)


def boundaries() -> list[tuple[str, WaterBody, int]]:
    return [
        (key, body, number)
        for key in GB3838_2002.items
        for body in BODIES
        if GB3838_2002.limit(key, body)
        for number in range(1, 6)
    ]


@pytest.mark.parametrize(("key", "body", "number"), boundaries())
def test_a_limit_is_met_at_itself_and_failed_just_beyond(key: str, body: WaterBody, number: int) -> None:
    limit = GB3838_2002.limit(key, body)
    assert limit is not None
    bound = limit.values[number - 1]
    at = grade({key: bound}, body, assessed=(key,)).water_class
    worse = float(np.nextafter(bound, -math.inf if limit.direction == "ge" else math.inf))
    beyond = grade({key: worse}, body, assessed=(key,)).water_class
    assert at == expected(key, bound, body)
    assert at is not None
    assert at <= number
    assert beyond == expected(key, worse, body)
    assert beyond is not None
    assert beyond > number


@pytest.mark.parametrize(
    ("ph", "water_class"),
    [(6.0, FIRST), (9.0, FIRST), (np.nextafter(6.0, 0), INFERIOR_V), (np.nextafter(9.0, 10), INFERIOR_V)],
)
def test_ph_is_first_class_or_inferior(ph: float, water_class: WaterClass) -> None:
    assert grade(GOOD | {"ph": ph}).water_class == water_class


def test_phosphorus_of_a_lake_is_judged_more_strictly() -> None:
    values = GOOD | {"total_phosphorus": 0.1}
    assert grade(values, "river").water_class == II
    assert grade(values, "lake").water_class == IV


@pytest.mark.parametrize("key", sorted(REPORTED_ONLY))
def test_what_is_reported_only_never_decides(key: str) -> None:
    values = GOOD | {key: 1e5}
    for body in BODIES:
        graded = grade(values, body)
        assert graded.water_class == FIRST
        assert key not in graded.classes


def test_nitrogen_grades_lakes_where_someone_asks_for_it() -> None:
    assessed = (*ASSESSED, "total_nitrogen")
    values = GOOD | {"total_nitrogen": 1.7}
    assert grade(values, "lake", assessed=assessed).water_class == V
    assert grade(values, "river", assessed=assessed).water_class == FIRST
    assert "total_nitrogen" not in grade(values, "river", assessed=assessed).classes


def test_21_items_are_assessed() -> None:
    assert len(ASSESSED) == 21
    assert set(REQUIRED) < set(ASSESSED)


@pytest.mark.parametrize("key", REQUIRED)
@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, "absent"])
def test_without_a_required_determinand_a_grade_is_partial(key: str, nothing: float | str | None) -> None:
    values: dict[str, float | None] = dict(GOOD)
    if nothing == "absent":
        del values[key]
    else:
        assert not isinstance(nothing, str)
        values[key] = nothing
    graded = grade(values)
    assert graded.partial
    assert graded.missing == (key,)
    assert graded.water_class == FIRST


def test_phosphorus_may_be_missing() -> None:
    graded = grade(GOOD)
    assert not graded.partial
    assert graded.missing == ()


def test_nothing_that_grades_gives_no_class() -> None:
    graded = grade({"water_temperature": 20.0, "conductivity": 500.0, "ph": None})
    assert graded.water_class is None
    assert graded.partial
    assert graded.missing == REQUIRED
    assert graded.deciding == ()
    assert grade({}).water_class is None


def test_all_determinands_of_the_worst_class_decide() -> None:
    graded = grade(GOOD | {"permanganate_index": 8.0, "ammonia_nitrogen": 1.5, "dissolved_oxygen": 5.0})
    assert graded.water_class == IV
    assert graded.deciding == ("permanganate_index", "ammonia_nitrogen")
    assert graded.classes["dissolved_oxygen"] == III


def test_multiples_are_against_class_three_and_only_of_what_was_put_in() -> None:
    graded = grade(
        {"ph": 9.5, "dissolved_oxygen": 1.0, "ammonia_nitrogen": 2.5, "permanganate_index": 6.0, "cod": 20.1}
    )
    assert graded.exceedances == pytest.approx({"ammonia_nitrogen": 1.5, "cod": 0.005})


def test_a_target_has_multiples_of_its_own() -> None:
    values = GOOD | {"dissolved_oxygen": 4.0, "ammonia_nitrogen": 1.8, "permanganate_index": 9.0}
    graded = grade(values, target=IV)
    assert graded.over_target == ("ammonia_nitrogen",)
    assert graded.target_exceedances == pytest.approx({"ammonia_nitrogen": 0.2})
    assert graded.exceedances == pytest.approx({"ammonia_nitrogen": 0.8, "permanganate_index": 0.5})
    assert graded.attained is False
    assert grade(values, target=V).attained is True
    assert grade(values).attained is None
    assert grade({}, target=V).attained is None


def test_oxygen_misses_a_target_without_a_multiple_worst_first() -> None:
    graded = grade(GOOD | {"dissolved_oxygen": 4.0, "permanganate_index": 16.0}, target=III)
    assert graded.over_target == ("permanganate_index", "dissolved_oxygen")
    assert set(graded.target_exceedances or {}) == {"permanganate_index"}


def test_a_target_must_have_limits() -> None:
    for values in (GOOD, {}):
        with pytest.raises(ValueError, match="INFERIOR_V is no target"):
            grade(values, target=INFERIOR_V)


def test_phosphorus_multiple_uses_the_column_of_the_water() -> None:
    values = GOOD | {"total_phosphorus": 0.3}
    assert grade(values, "river").exceedances == pytest.approx({"total_phosphorus": 0.5})
    assert grade(values, "lake").exceedances == pytest.approx({"total_phosphorus": 5.0})


_KEYS = (*ASSESSED, "total_nitrogen")
_LIMITS = sorted({value for item in GB3838_2002.items.values() for lim in (item.river, item.lake) if lim
                  for value in lim.values})  # fmt: skip
_VALUE = st.one_of(
    st.sampled_from(_LIMITS),
    st.sampled_from(_LIMITS).map(lambda value: float(np.nextafter(value, 1e9))),
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(0, 20),
)
_RECORD = st.tuples(st.dictionaries(st.sampled_from(_KEYS), _VALUE), st.sampled_from(BODIES))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(_RECORD, min_size=1, max_size=8))
def test_columns_records_and_the_standard_read_aloud_agree(records: list[tuple[dict[str, float], WaterBody]]) -> None:
    columns = {key: np.array([values.get(key, math.nan) for values, _ in records]) for key in _KEYS}
    lake = np.array([body == "lake" for _, body in records])
    many = grade_columns(columns, lake, assessed=_KEYS)
    for index, (values, body) in enumerate(records):
        one = grade(values, body, assessed=_KEYS)
        classes = {key: water_class for key in _KEYS if (water_class := expected(key, values.get(key, math.nan), body))}
        worst = max(classes.values(), default=None)
        assert one.classes == classes
        assert one.water_class == worst
        assert many.water_class[index] == (worst or 0)
        assert many.partial[index] == one.partial == any(key not in classes for key in REQUIRED)
        assert _decoded(many.deciding[index], many.determinands) == one.deciding
        assert one.deciding == tuple(key for key in classes if classes[key] == worst)


def _decoded(mask: np.uint32, determinands: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for bit, key in enumerate(determinands) if int(mask) >> bit & 1)


def test_the_answer_does_not_depend_on_how_rows_are_cut() -> None:
    rng = np.random.default_rng(1)
    n = 40_000  # several chunks, the last one short
    columns = {
        key: np.where(rng.random(n) < 0.2, np.nan, rng.uniform(0, 10, n)) for key in (*REQUIRED, "total_phosphorus")
    }
    lake = rng.random(n) < 0.3
    whole = grade_columns(columns, lake)
    for cut in (slice(0, 1), slice(16_383, 16_386), slice(20_000, 40_000)):
        part = grade_columns({key: column[cut] for key, column in columns.items()}, lake[cut])
        for name in ("water_class", "partial", "deciding"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[cut])
        np.testing.assert_array_equal(part.classes, whole.classes[:, cut])


def test_no_rows_no_grades() -> None:
    empty = grade_columns({"ph": np.empty(0)}, np.empty(0, bool))
    assert empty.water_class.size == empty.partial.size == 0


def test_a_table_without_what_grades_is_all_partial() -> None:
    graded = grade_columns({"water_temperature": np.array([20.0, 21.0])}, np.array([False, False]))
    assert graded.water_class.tolist() == [0, 0]
    assert graded.partial.tolist() == [True, True]


def test_float32_is_refused() -> None:
    columns: Mapping[str, np.ndarray] = {"ph": np.array([7], np.float32)}
    with pytest.raises(TypeError, match="ph is float32"):
        grade_columns(columns, np.array([False]))


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="ph has shape"):
        grade_columns({"ph": np.array([7.0, 7.1])}, np.array([False]))


@pytest.mark.parametrize("key", ["conductivity", "water_temperature"])
def test_only_what_has_classes_can_be_assessed(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} has no classes"):
        grade(GOOD, assessed=(key,))


def below(key: str, limit: float | None, body: WaterBody = "river", target: WaterClass | None = None) -> Grade:
    values: dict[str, Amount | None] = {**GOOD, key: BelowDetection(limit)}
    return grade(values, body, target=target)


@pytest.mark.parametrize(
    ("limit", "water_class", "best"),
    [(0.15, FIRST, FIRST), (0.151, II, FIRST), (0.5, II, FIRST), (1.0, III, FIRST), (1.01, IV, FIRST), (2.0, V, FIRST)],
)
def test_below_detection_has_the_best_class_that_the_limit_meets(
    limit: float, water_class: WaterClass, best: WaterClass
) -> None:
    graded = below("ammonia_nitrogen", limit)
    assert graded.water_class == graded.classes["ammonia_nitrogen"] == water_class
    assert graded.best_class == graded.certain_class("ammonia_nitrogen") == best
    assert not graded.partial
    assert graded.exceedances == {}
    assert graded.unjudged == ()


@pytest.mark.parametrize("limit", [2.0000001, None])
def test_a_detection_limit_that_meets_no_class_cannot_be_judged(limit: float | None) -> None:
    graded = below("ammonia_nitrogen", limit)
    assert graded.water_class == FIRST
    assert "ammonia_nitrogen" not in graded.classes
    assert graded.unjudged == ("ammonia_nitrogen",)
    assert (graded.partial, graded.missing) == (True, ("ammonia_nitrogen",))


@pytest.mark.parametrize(
    ("key", "limit", "water_class"),
    [
        ("dissolved_oxygen", 1.9, INFERIOR_V),
        ("dissolved_oxygen", 2.0, None),
        ("ph", 7.0, None),
        ("ph", 5.9, INFERIOR_V),
    ],
)
def test_less_oxygen_than_can_be_detected_is_bad_and_ph_below_something_says_little(
    key: str, limit: float, water_class: WaterClass | None
) -> None:
    assert below(key, limit).classes.get(key) == water_class
    assert (key in below(key, limit).unjudged) == (water_class is None)


def test_what_does_not_grade_is_not_unjudged() -> None:
    assert below("total_nitrogen", None, "lake").unjudged == ()
    assert below("conductivity", None).unjudged == ()


@pytest.mark.parametrize(
    ("limit", "target", "attained"), [(1.0, III, True), (1.1, III, None), (1.1, IV, True), (None, III, None)]
)
def test_the_target_is_reached_where_the_detection_limit_meets_it(
    limit: float | None, target: WaterClass, attained: bool | None
) -> None:
    graded = below("ammonia_nitrogen", limit, target=target)
    assert graded.attained is attained
    assert graded.over_target == ()


def test_what_is_certainly_worse_than_the_target_decides_whatever_lies_below_detection() -> None:
    graded = grade({**GOOD, "total_phosphorus": 0.5, "copper": BelowDetection(None)}, target=III)
    assert graded.attained is False
    assert graded.over_target == ("total_phosphorus",)
    assert graded.attains(INFERIOR_V) is None  # copper cannot be judged
    assert grade({}).attains(III) is None


def test_a_target_without_doubt_needs_no_target_at_grading() -> None:
    graded = grade(GOOD | {"ammonia_nitrogen": 0.9})
    assert (graded.attained, graded.attains(II), graded.attains(III)) == (None, False, True)
