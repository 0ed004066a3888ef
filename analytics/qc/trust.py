"""Which readings detection may use, and which it must doubt: what quality control knew at each row's own time.

A verdict that looks ahead is known only once it is final. Detection of a row may therefore use what was said about rows
older than the lateness, and about the row itself only what never changes: a detection must not tell of the future.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analytics.qc.checks import Test
from analytics.qc.control import LATENESS_MS, Flags
from analytics.qc.kernels import Mask
from analytics.qc.windows import Times

HOUR_MS = 3_600_000

#: Tests whose verdict is there with the reading and never changes: detection does not wait for the others.
AT_ONCE = Test.GROSS_RANGE.bit | Test.SENTINEL.bit

#: A series that stood still when it was last looked at says nothing.
STANDING = Test.FLAT_LINE.bit

#: What these found lasts, and a rise beside it is more likely the probe's than the water's.
LASTING = sum(test.bit for test in (Test.DRIFT, Test.FOULING, Test.BIAS, Test.NOISE, Test.ATTENUATED, Test.FLAT_LINE))

#: A fault is taken to last this long after the newest reading that is known to show it [ms]: it ends with a jump.
HOLD_MS = 6 * HOUR_MS

#: A series stands still as long as one of its readings of this time before the newest final row did [ms].
STILL_MS = HOUR_MS // 2

_NEVER = -(2**62)


class Trusted(NamedTuple):
    """Trust in rows of readings, (T, S).

    Attributes
    ----------
    usable : bool
        False where the reading is none: out of range, a sentinel, of a series known to stand still.
    doubted : bool
        True where the series was known to drift, foul, be biased or noisy or to stand still, now or a few hours ago.
    """

    usable: Mask
    doubted: Mask


class Trust:
    """Follows the final flags of S series: two times a series.

    Attributes
    ----------
    last_ms : (2, S) int
        Newest final reading that stood still, and that showed any fault that lasts.
    """

    def __init__(self, series: int) -> None:
        self.last_ms: Times = np.full((2, series), _NEVER, np.int64)

    def rows(self, flags: Flags, times_ms: Times) -> Trusted:
        """Trust in the newest rows of a step of quality control.

        Parameters
        ----------
        flags : Flags
            What `QualityControl.step` gave when it took the rows; of steps before it every final row was seen here.
        times_ms : (T,) int
            Times of the rows; the newest of the step, in order.
        """
        final_ms, tests = flags.times_ms[: flags.final], flags.tests[: flags.final]
        known = np.searchsorted(final_ms, times_ms - LATENESS_MS, side="right")
        doubted, standing = (
            self._since(which, tests, bits, final_ms)[known] > (times_ms - LATENESS_MS - hold_ms)[:, None]
            for which, bits, hold_ms in ((1, LASTING, HOLD_MS), (0, STANDING, STILL_MS))
        )
        impossible = (flags.tests[-len(times_ms) :] & np.uint32(AT_ONCE)) != 0
        return Trusted(~(impossible | standing), doubted)

    def _since(self, which: int, tests: npt.NDArray[np.uint32], bits: int, final_ms: Times) -> Times:
        """Newest marked row before each final row and after the last one (F + 1, S); what is known moves on."""
        found = np.full((len(tests) + 1, tests.shape[1]), _NEVER, np.int64)
        found[0] = self.last_ms[which]
        np.copyto(found[1:], final_ms[:, None], where=(tests & np.uint32(bits)) != 0)
        np.maximum.accumulate(found, axis=0, out=found)
        self.last_ms[which] = found[-1]
        return found
