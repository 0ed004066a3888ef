"""Quality control of many series at once: one implementation for a live tick and for ten years of history.

`QualityControl.step` takes rows as they come and gives flags: final ones for all that is older than the lateness,
provisional ones for what is newer. Rows may come late, and again with other values, within `GRACE_MS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.qc.adaptive import PERIOD_MS, Judge, Verdict
from analytics.qc.checks import FAIL_MASK
from analytics.qc.config import Channel, Configuration, default_configuration
from analytics.qc.visits import Visit
from analytics.qc.window import LOOK_MS, Window
from analytics.qc.windows import PERIOD_SLACK, Floats, Times, period_ms
from sensors.reading import Quality

#: A flag is final this long after its reading, or one sampling period where that is longer.
LATENESS_MS = 3_600_000

#: Readings may come this late, or be revised: what the lateness leaves beside the look ahead.
GRACE_MS = LATENESS_MS - LOOK_MS

#: What is kept of the past: the tests that look back, look back this far.
MEMORY_MS = 2 * 3_600_000 + 600_000
MEMORY_ROWS = 40

#: Cells that are worked on at once: working memory stays small and in the processor's cache.
CELLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags of rows.

    Attributes
    ----------
    times_ms : (T,) int
    flags : (T, S) uint8
        Values of `Quality`; MISSING where there is no reading.
    tests : (T, S) uint32
        Which tests set the flag: `Test.bit` of each.
    final : int
        Number of rows, from the first, whose flags never change again.
    findings : Findings
        The numbers behind every flag.
    """

    times_ms: Times
    flags: npt.NDArray[np.uint8]
    tests: npt.NDArray[np.uint32]
    final: int
    findings: Verdict


class QualityControl:
    """Quality control of S series that share time stamps.

    Parameters
    ----------
    channels : sequence of (station, determinand)
        Station and determinand of each series (column).
    configuration : Configuration, optional
    visits : iterable of Visit
        The maintenance log as far as it is known; more may be added with `visit`.
    near : mapping of str to sequence of str, optional
        Stations up and down the water of each station, nearest first: what they show too is no probe's drift.
    """

    def __init__(
        self,
        channels: Sequence[tuple[str, str]],
        configuration: Configuration | None = None,
        *,
        visits: Iterable[Visit] = (),
        near: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.channels = tuple(Channel(*channel) for channel in channels)
        self.judge = Judge(self.channels, configuration or default_configuration(), visits, near)
        self.times_ms: Times = np.empty(0, np.int64)
        self.values: Floats = np.empty((0, len(self.channels)), np.float32)
        self.done = 0

    def visit(self, visit: Visit) -> None:
        """Add a visit to the log; it holds for rows that are not final yet."""
        self.judge.log.add(visit)

    def step(self, times_ms: Times, values: Floats) -> Flags:
        """Take rows and judge.

        Parameters
        ----------
        times_ms : (T,) int
            Milliseconds since the epoch, UTC; any order. Rows older than the newest by more than `GRACE_MS` are left
            out: their flags would change what is final.
        values : (T, S) float
            NaN where there is no reading; a NaN never takes back a reading that came before.

        Returns
        -------
        Flags
            First the rows that became final with this step, then the provisional ones.
        """
        parts = []
        size = max(64, CELLS // max(1, len(self.channels)))
        for begin in range(0, max(1, len(times_ms)), size):
            parts.append(self._step(times_ms[begin : begin + size], values[begin : begin + size]))
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _step(self, times_ms: Times, values: Floats) -> Flags:
        self._merge(times_ms, np.asarray(values, np.float32))
        final = self._final_rows()
        window = Window.of(self.times_ms, self.values, self.judge, self.done)
        begin, verdicts = self.done, []
        for end in self._ends(begin, final):
            verdicts.append(self.judge.rows(window, begin, end, absorb=True))
            begin = end
        verdicts.append(self.judge.rows(window, begin, len(self.times_ms), absorb=False))
        verdict = Verdict.joined(verdicts)
        flags = _flags(self.values[self.done :], verdict.tests)
        result = Flags(self.times_ms[self.done :], flags, verdict.tests, final - self.done, verdict)
        self.done = final
        self._forget()
        return result

    def _merge(self, times_ms: Times, values: Floats) -> None:
        if len(self.times_ms) and len(times_ms):
            # A flag of exactly that age may be final already.
            oldest = self.times_ms[-1] - GRACE_MS + 1
            if self.done:
                oldest = max(oldest, self.times_ms[self.done - 1] + 1)
            keep = times_ms >= oldest
            if not keep.all():
                times_ms, values = times_ms[keep], values[keep]
        if not len(times_ms):
            return
        if (not len(self.times_ms) or times_ms[0] > self.times_ms[-1]) and bool((np.diff(times_ms) > 0).all()):
            self.times_ms = np.concatenate([self.times_ms, times_ms])
            self.values = np.concatenate([self.values, values])
            return
        every = np.unique(np.concatenate([self.times_ms, times_ms]))
        merged = np.full((len(every), values.shape[1]), np.nan, np.float32)
        merged[np.searchsorted(every, self.times_ms)] = self.values
        for row, time in zip(values, np.searchsorted(every, times_ms), strict=True):
            merged[time] = np.where(np.isnan(row), merged[time], row)
        self.times_ms, self.values = every, merged

    def _final_rows(self) -> int:
        """Number of rows of the buffer that are final."""
        if not len(self.times_ms):
            return 0
        late = np.maximum(LATENESS_MS, (period_ms(self.times_ms) * PERIOD_SLACK).astype(np.int64))
        waiting = np.flatnonzero(self.times_ms + late > self.times_ms[-1])
        return max(self.done, int(waiting[0]))

    def _ends(self, begin: int, final: int) -> list[int]:
        """Ends of the stretches of rows within which the adaptive limits stay what they are."""
        if begin == final:
            return []
        period = self.times_ms[begin:final] // PERIOD_MS
        cuts = np.flatnonzero(np.diff(period)) + begin + 1
        return [*cuts.tolist(), final]

    def _forget(self) -> None:
        if not self.done:
            return
        first = int(np.searchsorted(self.times_ms, self.times_ms[self.done - 1] - MEMORY_MS))
        first = max(0, min(first, self.done - MEMORY_ROWS))
        if first:
            self.times_ms, self.values = self.times_ms[first:].copy(), self.values[first:].copy()
            self.done -= first


def _flags(values: Floats, tests: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    flags = np.full(tests.shape, Quality.GOOD, np.uint8)
    flags[tests != 0] = Quality.SUSPECT
    flags[(tests & np.uint32(FAIL_MASK)) != 0] = Quality.FAIL
    flags[np.isnan(values)] = Quality.MISSING
    return flags


def _joined(parts: Sequence[Flags]) -> Flags:
    """Several steps as one: the provisional rows of all but the last came again as final ones."""
    kept = [part.final for part in parts[:-1]] + [len(parts[-1].times_ms)]
    return Flags(
        np.concatenate([p.times_ms[:n] for p, n in zip(parts, kept, strict=True)]),
        np.concatenate([p.flags[:n] for p, n in zip(parts, kept, strict=True)]),
        np.concatenate([p.tests[:n] for p, n in zip(parts, kept, strict=True)]),
        sum(part.final for part in parts),
        Verdict.joined([p.findings.head(n) for p, n in zip(parts, kept, strict=True)]),
    )
