"""Jumps that one sample made and that were not taken back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analytics.qc.windows import Floats

#: A visit this long after a small jump is another visit than the one that made it [ms].
RENEWED_MS = 24 * 3_600_000

#: and it is believed no longer than instruments are left alone between visits [ms].
SMALL_MS = 21 * 24 * 3_600_000

#: A jump is over where the level is back within this share of its height for so many hours.
BACK, BACK_H = 0.5, 12


class Biases:
    """Jumps that one sample made and that were not taken back: about 20 bytes a channel.

    Attributes
    ----------
    height : (S,) float
        Of the jump; 0 where there is none.
    since_ms : (S,) int
    """

    def __init__(self, count: int, longest_ms: npt.NDArray[np.int64]) -> None:
        self.height = np.zeros(count, np.float32)
        self.since_ms = np.zeros(count, np.int64)
        self.back = np.zeros(count, np.int16)
        self.longest_ms = longest_ms

    def copy(self) -> Biases:
        """The same, to go on from for rows that are not final."""
        other = Biases(len(self.height), self.longest_ms)
        other.height, other.since_ms, other.back = self.height.copy(), self.since_ms.copy(), self.back.copy()
        return other

    def rows(
        self, times_ms: npt.NDArray[np.int64], jump: Floats, after: Floats, limit: Floats,
        visited: npt.NDArray[np.bool_] | None,
    ) -> Floats:  # fmt: skip
        """Take the jumps of some rows of one hour; give the height that holds in each row.

        Only a jump away from the reference begins something: one towards it ends what was not seen to begin.

        Parameters
        ----------
        times_ms : (T,) int
        jump : (T, S) float
            0 where there was none.
        after : (T, S) float
            Departure from the reference.
        limit : (S,) float
            Departure that counts.
        visited : (T, S) bool or None
            Rows beside a visit: a small jump that a visit made is over with the next.
        """
        held = np.empty_like(jump)
        begin = 0
        marked = jump.any(axis=1) if visited is None else jump.any(axis=1) | visited.any(axis=1)
        for row in [*np.flatnonzero(marked).tolist(), len(jump)]:
            held[begin:row] = self.height
            self._expire(times_ms[begin:row], held[begin:row], limit)
            if row < len(jump):
                if visited is not None:
                    small = visited[row] & (np.abs(self.height) < limit) & (times_ms[row] - self.since_ms > RENEWED_MS)
                    self.height[small] = 0
                self._jump(times_ms[row], jump[row], after[row], limit)
            begin = row
        return held

    def _jump(self, time_ms: np.int64, jump: Floats, after: Floats, limit: Floats) -> None:
        further = (jump != 0) & (np.abs(after) >= np.abs(after - jump))
        back = (np.sign(jump) == -np.sign(self.height)) & (np.abs(jump) >= np.abs(self.height) / 2) & (self.height != 0)
        beyond = back & (np.abs(after) > 2 * limit) & (np.sign(after) == np.sign(jump))
        starts = (further & (self.height == 0)) | beyond
        self.height = np.where(starts, jump, np.where(back, 0, self.height)).astype(np.float32)
        self.since_ms = np.where(starts, time_ms, self.since_ms)
        self.back[starts] = 0

    def hour(self, departure: Floats, judged: npt.NDArray[np.bool_]) -> None:
        """Take the mean departure (S,) of one hour of biased readings from the reference; NaN where there are none."""
        near = np.abs(departure) < BACK * np.abs(self.height)
        self.back = np.where(near, self.back + 1, np.where(np.isnan(departure), self.back, 0)).astype(np.int16)
        self.height[self.back >= np.where(judged, BACK_H, 2 * BACK_H)] = 0

    def _expire(self, times_ms: npt.NDArray[np.int64], held: Floats, limit: Floats) -> None:
        if not len(times_ms) or not self.height.any():
            return
        longest = np.where(np.abs(self.height) < limit, SMALL_MS, self.longest_ms)
        old = times_ms[:, None] - self.since_ms > longest
        held[old] = 0
        self.height[old[-1]] = 0
