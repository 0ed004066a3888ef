from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.qc.scale import BINS, RATIO, Scale, decode, encode

UNIT = np.array([0.01, 1.0], np.float32)


def test_codes_begin_at_the_unit_and_say_where_nothing_was() -> None:
    sizes = np.array([[0.0, np.nan], [0.01, 1.001], [1e9, RATIO * 1.01]])
    assert encode(sizes, UNIT).tolist() == [[0, -1], [1, 1], [BINS - 1, 2]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 30))
def test_counts_do_not_depend_on_how_rows_are_cut(seed: int, parts: int) -> None:
    rng = np.random.default_rng(seed)
    codes = encode(rng.lognormal(size=(60, 2)), UNIT)
    whole, cut = Scale(UNIT, 0.9), Scale(UNIT, 0.9)
    for _ in range(3):
        whole.count(codes)
        for part in np.array_split(codes, parts):
            cut.count(part)
        whole.close()
        cut.close()
    np.testing.assert_array_equal(whole.past, cut.past)


def test_a_quantile_is_known_to_a_bin() -> None:
    rng = np.random.default_rng(1)
    sizes = rng.lognormal(size=(4000, 2))
    scale = Scale(UNIT, 1.0)
    scale.count(encode(sizes, UNIT))
    scale.close()
    [median, high] = scale.quantiles((0.5, 0.98), 48)
    for found, share in ((median, 0.5), (high, 0.98)):
        for column, value in enumerate(found):
            want = max(np.quantile(sizes[:, column], share), float(UNIT[column]))
            assert want / RATIO <= value <= want * RATIO * 1.05


def test_too_few_counts_give_nothing() -> None:
    scale = Scale(UNIT, 1.0)
    scale.count(np.zeros((47, 2), np.int16))
    scale.close()
    assert np.isnan(scale.quantiles((0.5,), 48)[0]).all()
    assert np.isnan(scale.mean(48)).all()


def test_a_series_in_silence_forgets_nothing() -> None:
    scale = Scale(UNIT, 0.5)
    scale.count(np.array([[3, 3]] * 10, np.int16))
    scale.close()
    scale.count(np.array([[3, -1]] * 10, np.int16))
    scale.close()
    assert scale.past[:, 3].tolist() == [15.0, 10.0]
    assert scale.share_of_least(5).tolist() == [0.0, 0.0]
    assert scale.mean(5).tolist() == pytest.approx([3.0, 3.0])


def test_decode_is_the_upper_edge() -> None:
    assert decode(np.array([0.0, 0.0]), UNIT).tolist() == pytest.approx([0.01, 1.0])
