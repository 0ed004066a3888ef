"""Medians and quantiles against NumPy's."""

from __future__ import annotations

import numpy as np

from analytics.detectors import windows


def stack() -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(9, 50)).astype(np.float32)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:, 0] = np.nan
    return values


def test_median_and_mean_are_numpy_s() -> None:
    values = stack()
    assert np.allclose(windows.median(values)[1:], np.nanmedian(values[:, 1:], axis=0), atol=1e-6)
    assert np.allclose(windows.mean(values)[1:], np.nanmean(values[:, 1:], axis=0), atol=1e-6)
    assert np.isnan(windows.median(values)[0])
    assert np.isnan(windows.mean(values)[0])


def test_quantile_is_the_smallest_value_that_the_share_does_not_exceed() -> None:
    values = np.arange(1, 11, dtype=np.float32)[:, None]
    assert [float(windows.quantile(values, q)[0]) for q in (0.0, 0.1, 0.11, 0.95, 1.0)] == [1, 1, 2, 10, 10]


def test_too_few_values_give_none() -> None:
    values = np.array([[1.0, 1.0], [np.nan, 2.0]], np.float32)
    for kernel in (windows.median, windows.mean):
        assert np.isnan(kernel(values, least=2)).tolist() == [True, False]


def test_push_moves_only_the_chosen_columns() -> None:
    ring = np.array([[1, 2], [3, 4]], np.float32)
    windows.push(ring, np.array([5, 6], np.float32), np.array([False, True]))
    assert ring.tolist() == [[1, 4], [3, 6]]
    windows.push(ring, np.array([7, 8], np.float32))
    assert ring.tolist() == [[3, 6], [7, 8]]
