"""How many days a section spent in each class, and how many it reached its target: this year, or any span."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.grading import WaterClass


@dataclass(frozen=True, slots=True)
class DaysInClass:
    """Days of a span by class.

    Attributes
    ----------
    days : mapping of WaterClass to int
        Best first; classes that do not occur included.
    without : int
        Days without a class.
    partial, provisional : int
        Days whose class lacks a required determinand, and in whose class suspect readings took part.
    attained : int or None
        Days on which the target was reached; None without a target.
    """

    days: Mapping[WaterClass, int]
    without: int
    partial: int
    provisional: int
    attained: int | None

    @property
    def graded(self) -> int:
        """Days with a class."""
        return sum(self.days.values())

    @property
    def attained_share(self) -> float | None:
        """Share of the days with a class on which the target was reached [%]; None without such days or a target."""
        return None if self.attained is None or not self.graded else 100 * self.attained / self.graded


def days_in_class(
    water_class: NDArray[np.int8],
    partial: NDArray[np.bool_],
    provisional: NDArray[np.bool_],
    *,
    target: WaterClass | None = None,
) -> DaysInClass:
    """Count the days of a section by class.

    Parameters
    ----------
    water_class : ndarray of int8, (n,)
        Class of each day, 0 where it has none; see `analytics.period_means.period_classes`.
    partial, provisional : ndarray of bool, (n,)
    target : WaterClass, optional
        Class the water must reach.
    """
    counts = np.bincount(water_class, minlength=len(WaterClass) + 1).tolist()
    graded = water_class > 0
    return DaysInClass(
        days={each: counts[each] for each in WaterClass},
        without=counts[0],
        partial=int((partial & graded).sum()),
        provisional=int((provisional & graded).sum()),
        attained=None if target is None else sum(counts[1 : target + 1]),
    )
