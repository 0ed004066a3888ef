"""One value in a map: the bits it occupies, what judges it, how exact it is."""

from __future__ import annotations

import pytest

from sensors.reading import Quality
from sensors.register import WIDTHS, Accuracy, Register, Status


@pytest.mark.parametrize(
    ("changes", "mask"),
    [
        ({"type": "uint16"}, 0xFFFF), ({"type": "uint8_high"}, 0xFF00), ({"type": "uint8_low"}, 0x00FF),
        ({"type": "bits", "bit": 3}, 0x0008), ({"type": "bits", "bit": 12, "bits": 4}, 0xF000),
    ],
)  # fmt: skip
def test_the_bits_that_a_value_occupies(changes, mask) -> None:
    assert Register(name="x_a", function=3, address=0, **changes).mask == mask


@pytest.mark.parametrize("type_", sorted(WIDTHS))
def test_a_table_is_as_wide_as_all_its_elements(type_) -> None:
    register = Register("x_a", 3, 10, type_, count=3)
    assert (register.width, register.end) == (3 * WIDTHS[type_], 10 + 3 * WIDTHS[type_])


def test_accuracy_adds_up_or_takes_the_larger() -> None:
    assert Accuracy(0.2, 0.05).at(2.0) == pytest.approx(0.3)
    larger = Accuracy(0.3, 0.05, "larger")
    assert (larger.at(2.0), larger.at(-100.0)) == (0.3, 5.0)


def test_a_status_knows_good_fail_missing_and_has_a_word_for_the_rest() -> None:
    status = Status("x_q", frozenset({0}), frozenset({3}), frozenset({7}))
    assert [status.quality(n) for n in (0, 3, 7, 5, None)] == [
        Quality.NOT_EVALUATED, Quality.FAIL, Quality.MISSING, Quality.FAIL, Quality.FAIL,
    ]  # fmt: skip
    strict = Status("x_mode", frozenset({1}), otherwise=Quality.MISSING)
    assert [strict.quality(n) for n in (1, 0, None)] == [Quality.NOT_EVALUATED, Quality.MISSING, Quality.MISSING]
