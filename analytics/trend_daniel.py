"""The trend test that the official method asks for over several periods: Spearman's rank correlation (Daniel).

Source: 环办[2011]22号. The name of the method was seen in a source, the formula and the table of critical values are
from memory: constants to be checked, never to be quoted as the document's words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from scipy.stats import norm, rankdata

from analytics.trend_kendall import Floats

#: Critical values Wp by number of periods: one-sided 0.05, and 0.01 (from memory; a standard table of Spearman's).
WP: Mapping[int, tuple[float, float]] = MappingProxyType(
    {
        5: (0.900, 1.000), 6: (0.829, 0.943), 7: (0.714, 0.893), 8: (0.643, 0.833), 9: (0.600, 0.783),
        10: (0.564, 0.746), 12: (0.506, 0.712), 14: (0.456, 0.645), 16: (0.425, 0.601), 18: (0.399, 0.564),
        20: (0.377, 0.534), 22: (0.359, 0.508), 24: (0.343, 0.485), 26: (0.329, 0.465), 28: (0.317, 0.448),
        30: (0.306, 0.432),
    }
)  # fmt: skip

#: Levels of the two columns of `WP`, one-sided.
LEVELS = (0.05, 0.01)

#: Fewest periods.
MIN_PERIODS = min(WP)


@dataclass(frozen=True, slots=True)
class DanielTrend:
    """Rank correlation of a series of periods with their order.

    Attributes
    ----------
    n : int
        Periods with a value.
    rs : float
        -1 to 1.
    wp : float
        Critical value at a level of 0.05, one-sided.
    wp_strict : float
        Critical value at a level of 0.01, one-sided.
    """

    n: int
    rs: float
    wp: float
    wp_strict: float

    @property
    def direction(self) -> Literal["rising", "falling", "none"]:
        """Direction of a significant trend: where ``|rs| > Wp`` at 0.05."""
        if abs(self.rs) <= self.wp:
            return "none"
        return "rising" if self.rs > 0 else "falling"


def daniel(values: Floats) -> DanielTrend | None:
    """Trend of the values of successive periods (years, as a rule).

    Parameters
    ----------
    values : ndarray, (n,)
        One per period, in order; NaN where a period has none.

    Returns
    -------
    DanielTrend or None
        None with fewer than `MIN_PERIODS` values.

    Notes
    -----
    ``rs = 1 - 6 sum(d^2) / (n^3 - n)``, d the difference of the two ranks; equal values share their mean rank, and the
    formula is applied as it stands.

    Examples
    --------
    >>> daniel(np.array([2.1, 1.8, 1.9, 1.2, 1.1, 0.9])).direction
    'falling'
    """
    there = values[np.isfinite(values)]
    n = int(there.size)
    if n < MIN_PERIODS:
        return None
    apart = rankdata(there) - np.arange(1, n + 1)
    rs = 1 - 6 * float((apart**2).sum()) / (n**3 - n)
    return DanielTrend(n, rs, *critical_values(n))


def critical_values(n: int) -> tuple[float, float]:
    """Wp for a number of periods, at 0.05 and at 0.01.

    Parameters
    ----------
    n : int
        At least `MIN_PERIODS`.

    Raises
    ------
    ValueError
        With fewer.

    Notes
    -----
    Numbers that the table leaves out take the next smaller one's, which is the stricter. Beyond the table the normal
    approximation ``z / sqrt(n - 1)``, which meets its last row.
    """
    if n < MIN_PERIODS:
        raise ValueError(f"{n} periods; at least {MIN_PERIODS}")
    if n > max(WP):
        strict, stricter = (float(norm.isf(level)) / math.sqrt(n - 1) for level in LEVELS)
        return strict, stricter
    return WP[max(row for row in WP if row <= n)]
