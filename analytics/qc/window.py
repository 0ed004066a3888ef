"""What the tests see of the rows at hand: heights, changes, bumps and steps, computed once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.qc import kernels
from analytics.qc.kernels import Mask, Steps
from analytics.qc.scale import Codes, encode
from analytics.qc.windows import CodeSums, Floats, Reach, Sides, Times, bumps, period_ms

if TYPE_CHECKING:
    from analytics.qc.adaptive import Judge

#: How far a test may look ahead [ms]; one sampling period where that is longer.
LOOK_MS = 45 * 60_000

#: How lively the water is, is told from changes in this time before a row and in the look ahead [ms].
ACTIVE_MS = 2 * 60 * 60_000
ACTIVE_LEAST = 6

#: Changes in the window that noise is told from: fewer say nothing.
NOISE_LEAST = 10

#: A change is told across missing readings of this length [ms].
ACROSS_MS = 60 * 60_000

#: A jump is the instrument's only where samples are dense enough to show how water would have mixed [ms].
STEP_PERIOD_MS = 10 * 60_000
STEP_LEAST = 4

#: With fewer samples a jump counts only about a visit, where it is no water's; with fewer still never.
SPARSE_MS = 20 * 60_000
STEP_LEAST_SPARSE = 2
NEVER = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Rows and what was computed from them; all arrays (T, S) unless said.

    Attributes
    ----------
    times_ms : (T,) int
    values : float
        As they came.
    gross, sentinel, visited : bool
        Readings that say nothing about water; ``visited`` by the log.
    heights : float
        The others on their scales; NaN elsewhere.
    change : float
        Absolute change from the row before.
    up, down : float
        Height above and below all that lasts.
    steps : Steps
    reach : Reach
    """

    times_ms: Times
    values: Floats
    gross: Mask
    sentinel: Mask
    visited: Mask | None
    heights: Floats
    change: Floats
    up: Floats
    down: Floats
    steps: Steps
    across: Floats
    context: tuple[Mask, Mask] | None
    codes: Codes
    sums: CodeSums
    period: Times
    reach: Reach

    @classmethod
    def of(cls, times_ms: Times, values: Floats, judge: Judge, start: int) -> Window:
        """All that the tests need for the rows from `start` on; what is before them is context."""
        limits = judge.limits
        sentinel = kernels.equals_any(values, limits.sentinels)
        gross = kernels.outside(values, limits.gross_low, limits.gross_high)
        visited = judge.log.mask(times_ms)
        bad = gross | sentinel if visited is None else gross | sentinel | visited
        heights = limits.scales.forward(np.where(bad, np.float32(np.nan), values) if bad.any() else values)
        reach = Reach.of(times_ms, LOOK_MS)
        sides = Sides.of(heights, reach, max(0, start - 1))
        up, down = bumps(heights, reach, sides)
        period = period_ms(times_ms)
        least = np.where(period <= STEP_PERIOD_MS, STEP_LEAST, np.where(period <= SPARSE_MS, STEP_LEAST_SPARSE, NEVER))
        steps = kernels.steps(heights, reach, sides, least, limits.gap_least)
        across = kernels.changes_across(heights, times_ms, ACROSS_MS)
        span = kernels.outside(values, limits.span_low, limits.span_high)
        context = judge.people.context(times_ms, gross | sentinel | span, across)
        change = kernels.changes(heights)
        codes = encode(change, limits.unit)
        sums = CodeSums(codes, times_ms)
        return cls(
            times_ms, values, gross, sentinel, visited, heights, change, up, down, steps, across, context, codes,
            sums, period, reach,
        )  # fmt: skip

    def activity(self, part: slice) -> Floats:
        """Mean code of the changes about and before each row: how lively the water is."""
        return self.sums.mean(part, ACTIVE_MS, LOOK_MS, ACTIVE_LEAST)

    def noise(self, part: slice) -> Floats:
        """Mean code of the changes about each row: how noisy the instrument is."""
        return self.sums.mean(part, LOOK_MS, LOOK_MS, NOISE_LEAST)
