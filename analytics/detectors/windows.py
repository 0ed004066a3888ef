"""Medians and quantiles along the first axis of small stacks, blind to missing values, without warnings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Counts = NDArray[np.intp]


def ordered(stack: Floats) -> tuple[Floats, Counts]:
    """Values of each column in order, missing ones last, and how many there are.

    Parameters
    ----------
    stack : ndarray, shape (n, n_series)
    """
    values = np.sort(stack, axis=0)
    return values, np.count_nonzero(values == values, axis=0)


def median(stack: Floats, least: int = 1) -> Floats:
    """Median of each column; NaN where fewer than `least` values are there.

    Parameters
    ----------
    stack : ndarray, shape (n, n_series)

    Examples
    --------
    >>> median(np.array([[1, np.nan], [3, np.nan], [8, 2]], np.float32), least=2)
    array([ 3., nan], dtype=float32)
    """
    values, count = ordered(stack)
    column = np.arange(values.shape[1])
    low, high = values[np.maximum(count - 1, 0) // 2, column], values[np.minimum(count // 2, len(values) - 1), column]
    return np.where(count >= max(least, 1), (low + high) * np.float32(0.5), np.float32(np.nan))


def quantile(stack: Floats, share: float, least: int = 1) -> Floats:
    """Smallest value of each column that at least `share` of its values do not exceed; NaN below `least` values."""
    values, count = ordered(stack)
    row = np.clip(np.ceil(share * count).astype(np.intp) - 1, 0, len(values) - 1)
    return np.where(count >= max(least, 1), values[row, np.arange(values.shape[1])], np.float32(np.nan))


def mean(stack: Floats, least: int = 1) -> Floats:
    """Mean of each column; NaN where fewer than `least` values are there."""
    there = stack == stack
    count = np.count_nonzero(there, axis=0)
    total = np.where(there, stack, np.float32(0)).sum(axis=0, dtype=np.float32)
    return np.where(count >= max(least, 1), total / np.maximum(count, 1).astype(np.float32), np.float32(np.nan))


def positive(values: Floats) -> Floats:
    """Values above 0, NaN for the others: what never moves has no scale."""
    return np.where(values > 0, values, np.float32(np.nan))


def push(ring: Floats, newest: Floats, where: NDArray[np.bool_] | None = None) -> None:
    """Move a ring by one towards its beginning and put the newest row last, in place; only in the columns `where`."""
    if where is None:
        ring[:-1] = ring[1:]
        ring[-1] = newest
    elif where.any():
        columns = np.flatnonzero(where)
        ring[:-1, columns] = ring[1:, columns]
        ring[-1, columns] = newest[columns]
