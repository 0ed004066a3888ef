"""Limits that follow each series, and the tests that use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analytics.qc.biases import Biases
from analytics.qc.checks import Test
from analytics.qc.config import Channel, Configuration
from analytics.qc.fixed import Climatology, Consistency, rate_after_gap
from analytics.qc.kernels import Mask, Scales, run_starts
from analytics.qc.levels import Levels
from analytics.qc.scale import RATIO, Scale, decode, encode
from analytics.qc.visits import Groups, People, Visit, VisitLog
from analytics.qc.window import STEP_PERIOD_MS, Window
from analytics.qc.windows import Floats, Times

HOUR_MS = 3_600_000

#: Before all readings [ms].
NEVER_MS = -(2**62)

#: Adaptive limits change at these instants (UTC) [ms].
PERIOD_MS = 6 * HOUR_MS

#: Time over which what was typical is forgotten, in periods.
MEMORY_PERIODS = 5 * 4

#: A run of equal readings is no chance where equal neighbours as frequent as they were make one in a million of them;
#: times three, for readings follow each other.
STILL_CHANCE = 1e-6
STILL_RUNS = 3.0

#: About a visit an equal reading is evidence of its own where at most this share of readings equals the one before.
EQUAL_RARE = 0.7

#: Hours of readings before a jump can be told to lead away from what was usual.
SETTLED_H = 24

#: A bump of this share of the limit counts as company for a spike of another determinand: water moves several.
COHERENT = 0.5

#: A jump is one sample's where the two sides of it lie apart by more than this share of all that they span.
STEP_SHARE = 0.5

#: A change across a longer gap than this says nothing [h].
RATE_HOURS = 24.0

#: An instrument that spiked is not believed for so long [ms]: what makes it spike comes in bursts.
REMEMBER_MS = HOUR_MS

#: Counts before a typical size is believed.
LEAST_COUNTS = 48.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests said about rows.

    Attributes
    ----------
    tests : (T, S) uint32
        `Test.bit` of every test that failed.
    row, series, test : (F,) int
        Where each finding belongs: row of `tests`, series, value of `Test`.
    statistic, limit : (F,) float
        The numbers behind it; `checks.MEANING` says what they are.
    """

    tests: npt.NDArray[np.uint32]
    row: npt.NDArray[np.intp]
    series: npt.NDArray[np.intp]
    test: npt.NDArray[np.intp]
    statistic: npt.NDArray[np.float32]
    limit: npt.NDArray[np.float32]

    @classmethod
    def joined(cls, parts: Sequence[Verdict]) -> Verdict:
        """Several stretches of rows as one."""
        if len(parts) == 1:
            return parts[0]
        offset = np.cumsum([0, *(len(part.tests) for part in parts[:-1])])
        return cls(
            np.concatenate([p.tests for p in parts]),
            np.concatenate([p.row + o for p, o in zip(parts, offset, strict=True)]),
            *(np.concatenate([getattr(p, name) for p in parts]) for name in ("series", "test", "statistic", "limit")),
        )

    def head(self, rows: int) -> Verdict:
        """The first rows only."""
        keep = self.row < rows
        names = ("row", "series", "test", "statistic", "limit")
        return Verdict(self.tests[:rows], *(getattr(self, name)[keep] for name in names))


class Findings:
    """Collects the tests' results for some rows."""

    def __init__(self, rows: int, series: int) -> None:
        self.tests = np.zeros((rows, series), np.uint32)
        self._parts: list[tuple[npt.NDArray[np.generic], ...]] = []

    def add(self, test: Test, mask: Mask, statistic: Floats, limit: Floats | float) -> None:
        """Note where a test failed, and its numbers there."""
        if not mask.any():
            return
        self.tests[mask] |= np.uint32(test.bit)
        row, series = np.nonzero(mask)
        limits = np.broadcast_to(np.asarray(limit, np.float32), mask.shape)
        self._parts.append(
            (row, series, np.full(row.size, int(test)), statistic[row, series].astype(np.float32), limits[row, series])
        )

    def verdict(self) -> Verdict:
        """All of them."""
        if not self._parts:
            none, empty = np.empty(0, np.intp), np.empty(0, np.float32)
            return Verdict(self.tests, none, none, none, empty, empty)
        return Verdict(self.tests, *(np.concatenate(column) for column in zip(*self._parts, strict=True)))


class Limits:
    """The configuration as columns (S,), one value for each series."""

    def __init__(self, channels: Sequence[Channel], configuration: Configuration) -> None:
        def column(key: str, part: int | None = None) -> npt.NDArray[np.float32]:
            return configuration.column(channels, key, part)

        self.sentinels = np.array(configuration.sections["all"]["sentinels"], np.float32)
        self.scales = Scales(column("log_offset"))
        self.gross_low, self.gross_high = column("gross", 0), column("gross", 1)
        self.span_low, self.span_high = column("span", 0), column("span", 1)
        resolution = column("resolution")
        level = np.where(self.scales.offset > 0, self.scales.offset, 1)
        self.unit = np.where(self.scales.offset >= 0, resolution / level, resolution).astype(np.float32) / 2
        self.floor_up, self.floor_down = column("spike_floor", 0), column("spike_floor", 1)
        self.spike_times, self.spike_noise = column("spike_times"), column("spike_noise")
        self.step_floor, self.step_times = column("step_floor"), column("step_times")
        self.flat_ms = (column("flat_hours").astype(np.float64) * HOUR_MS).astype(np.int64)
        self.flat_above = column("flat_above")
        self.spike_local = column("spike_local")
        self.level_floor = column("level_floor")
        self.visit_floor = np.fmin(column("visit_floor"), self.step_floor)
        self.gap_least = np.fmin(self.step_floor, self.visit_floor) / 2
        self.level_alone = column("level_alone")
        self.step_sparse = column("step_sparse") > 0
        self.noise_codes = (np.log(column("noise_times")) / np.log(RATIO)).astype(np.float32)
        self.calm_codes = (np.log(column("calm_times")) / np.log(RATIO)).astype(np.float32)
        self.rate = column("rate_4h")
        self.bias_ms = (column("bias_hours").astype(np.float64) * HOUR_MS).astype(np.int64)
        self.company = column("spike_company")
        self.jump = column("jump")
        self.visit_times = column("visit_times")


class Judge:
    """All tests with what they carry from row to row: (S,) arrays and histograms, about 1 kB a series."""

    def __init__(
        self, channels: Sequence[Channel], configuration: Configuration, visits: Iterable[Visit],
        near: Mapping[str, Sequence[str]] | None = None,
    ) -> None:  # fmt: skip
        series = len(channels)
        self.limits = Limits(channels, configuration)
        self.log = VisitLog(channels, visits)
        self.groups = Groups(channels)
        self.people = People(channels, self.groups, self.limits.jump)
        keep = float(np.exp(-1 / MEMORY_PERIODS))
        self.up, self.down, self.change = (Scale(self.limits.unit, keep) for _ in range(3))
        self.climatology = Climatology(channels, configuration)
        self.consistency = Consistency(channels)
        self.last_sound: Floats = np.full(series, np.nan, np.float32)
        self.last_ms: Times = np.zeros(series, np.int64)
        self.levels = Levels(channels, self.groups, self.limits.level_floor, self.limits.level_alone, near)
        self.biases = Biases(series, self.limits.bias_ms)
        self.hour = NEVER_MS
        self.hour_sum, self.hour_count = np.zeros((2, 2, series), np.int64)
        self.taken_back = np.zeros(series, bool)
        self.period = NEVER_MS
        self.spiked_ms: Times = np.full(series, NEVER_MS, np.int64)
        self.last: Floats = np.full(series, np.nan, np.float32)
        self.since_ms: Times = np.zeros(series, np.int64)
        self._refresh()

    def _refresh(self) -> None:
        limits = self.limits
        [high_up] = self.up.quantiles((0.98,), LEAST_COUNTS)
        [high_down] = self.down.quantiles((0.98,), LEAST_COUNTS)
        equal = self.change.share_of_least(LEAST_COUNTS)
        with np.errstate(divide="ignore"):
            self.still = STILL_RUNS * np.log(STILL_CHANCE) / np.log(np.clip(equal, 1e-3, 1 - 1e-6))
        self.still[np.isnan(equal)] = 10_000
        self.restless = ~(equal > EQUAL_RARE)
        self.calm = self.change.mean(LEAST_COUNTS)
        middle, upper = self.change.quantiles((0.5, 0.9), LEAST_COUNTS)
        self.typical = np.fmax(middle, upper / 2)
        noise = limits.spike_noise * self.typical
        self.limit_up = np.fmax(np.fmax(limits.floor_up, limits.spike_times * high_up), noise).astype(np.float32)
        self.limit_down = np.fmax(np.fmax(limits.floor_down, limits.spike_times * high_down), noise).astype(np.float32)
        visit = np.fmax(limits.visit_floor, limits.step_times * self.typical)
        self.limit_visit = np.fmin(visit, np.fmax(limits.step_floor, limits.step_times * self.typical)).astype(
            np.float32
        )
        self.limit_step = np.fmax(limits.step_floor, limits.step_times * self.typical).astype(np.float32)

    def rows(self, window: Window, begin: int, end: int, *, absorb: bool) -> Verdict:
        """Judge rows ``begin:end``, which lie in one period where they are absorbed.

        Parameters
        ----------
        window : Window
        begin, end : int
        absorb : bool
            True for final rows: what is carried moves on.
        """
        part = slice(begin, end)
        if absorb:
            period = int(window.times_ms[begin] // PERIOD_MS)
            if period != self.period:
                self._turn(period)
        found = Findings(end - begin, window.values.shape[1])
        values, limits = window.values[part], self.limits
        found.add(Test.GROSS_RANGE, window.gross[part], values, limits.gross_high)
        found.add(Test.SENTINEL, window.sentinel[part], values, 0.0)
        if window.visited is not None:
            found.add(Test.VISIT, window.visited[part] & ~np.isnan(values), values, 0.0)
        if window.context is not None:
            core, beside = window.context[0][part], window.context[1][part]
            own = np.fmin(limits.visit_times * self.typical, limits.jump)
            across = window.across[part]
            found.add(Test.VISIT, (beside & (across > own)) | (core & (across == 0) & self.restless), across, own)
        found.add(Test.SPAN, (values < limits.span_low) | (values > limits.span_high), values, limits.span_high)
        up, down = window.up[part], window.down[part]
        alone = self._unaccompanied(window, part) | (limits.company > 0)
        lively = limits.spike_local * decode(window.activity(part), limits.unit)
        limit_up, limit_down = np.fmax(self.limit_up, lively), np.fmax(self.limit_down, lively)
        spikes_up, spikes_down = alone & (up > limit_up), alone & (down > limit_down)
        found.add(Test.SPIKE, spikes_up, up, limit_up)
        found.add(Test.SPIKE, spikes_down, -down, -limit_down)
        self._remember(found, spikes_up | spikes_down, window.times_ms[part], ~np.isnan(values), absorb)
        noise = window.noise(part)
        noisy = noise > self.calm + limits.noise_codes
        if noisy.any():
            company = noise > self.calm + limits.noise_codes / 2
            noisy &= self.groups.spread(self.groups.count(company)) - company == 0
            limit = decode(self.calm + limits.noise_codes, limits.unit)
            found.add(Test.NOISE, noisy, decode(noise, limits.unit), limit)
        calmed = noise < self.calm - limits.calm_codes
        if calmed.any():
            limit = decode(self.calm - limits.calm_codes, limits.unit)
            found.add(Test.ATTENUATED, calmed & (values > limits.flat_above), decode(noise, limits.unit), limit)
        self._fixed(found, window, part, absorb)
        since, last = run_starts(values, window.times_ms[part], self.last, self.since_ms)
        stood = window.times_ms[part, None] - since
        longest = np.fmax(limits.flat_ms, self.still * window.period[part, None])
        flat = (stood >= longest) & (values > limits.flat_above)
        found.add(Test.FLAT_LINE, flat, stood / HOUR_MS, longest / HOUR_MS)
        released = self._released(window, begin, since, longest)
        if absorb:
            self.up.count(encode(up, limits.unit))
            self.down.count(encode(down, limits.unit))
            self.change.count(window.codes[part])
            if end > begin:
                self.since_ms, self.last = since[-1].copy(), last.copy()
        self._hours(found, window, part, released, absorb)
        return found.verdict()

    def _remember(self, found: Findings, spikes: Mask, times_ms: Times, there: Mask, absorb: bool) -> None:
        """Flag what comes within `REMEMBER_MS` after a spike."""
        if not len(times_ms) or not (spikes.any() or (self.spiked_ms >= times_ms[0] - REMEMBER_MS).any()):
            return
        newest = np.where(spikes, times_ms[:, None], np.int64(NEVER_MS))
        np.maximum(newest[0], self.spiked_ms, out=newest[0])
        np.maximum.accumulate(newest, axis=0, out=newest)
        since = times_ms[:, None] - newest
        found.add(Test.AFTER_SPIKE, (since <= REMEMBER_MS) & ~spikes & there, since / HOUR_MS, REMEMBER_MS / HOUR_MS)
        if absorb:
            self.spiked_ms = newest[-1].copy()

    def _released(self, window: Window, begin: int, since: Times, longest: Floats) -> Mask:
        """Rows right after a standstill that was none of chance (T, S): what jumps there goes back to the water."""
        before_ms = window.times_ms[max(0, begin - 1) : begin + len(since) - 1]
        before = np.vstack([self.since_ms[None], since[:-1]])[-len(before_ms) :] if len(before_ms) else since[:0]
        stood = np.zeros(since.shape, np.int64)
        stood[len(since) - len(before_ms) :] = before_ms[:, None] - before
        return np.asarray(stood >= longest)

    def _unaccompanied(self, window: Window, part: slice) -> Mask:
        """Where no other determinand of the station has a bump of its own in the same row or beside it."""
        around = slice(max(0, part.start - 1), min(len(window.times_ms), part.stop + 1))
        moved = window.up[around] > COHERENT * self.limit_up
        moved |= window.down[around] > COHERENT * self.limit_down
        if not moved.any():
            return np.ones((part.stop - part.start, len(self.limits.unit)), bool)
        return self.groups.alone(moved)[part.start - around.start : part.stop - around.start]

    def _fixed(self, found: Findings, window: Window, part: slice, absorb: bool) -> None:
        """Tests whose limits stand in the configuration."""
        values, times_ms, limits = window.values[part], window.times_ms[part], self.limits
        bad = window.gross[part] | window.sentinel[part]
        sound = np.where(bad, np.float32(np.nan), values) if bad.any() else values
        before_ms = int(window.times_ms[part.start - 1]) if part.start else 0
        change, hours = rate_after_gap(sound, times_ms, self.last_sound, self.last_ms, before_ms)
        limit = limits.rate * np.fmax(1, hours / 4)
        found.add(Test.RATE_OF_CHANGE, (change > limit) & (hours <= RATE_HOURS), change, limit)
        if self.climatology.series.size:
            beyond, end = self.climatology.judge(times_ms, values)
            self._add_some(found, Test.CLIMATOLOGY, self.climatology.series, beyond, values, end)
        for series, beyond, bound in self.consistency.judge(sound):
            self._add_some(found, Test.CONSISTENCY, series, beyond, values, bound)
        if absorb and len(values):
            row = np.where(np.isnan(sound), -1, np.arange(len(sound))[:, None]).max(axis=0)
            seen = np.flatnonzero(row >= 0)
            self.last_sound[seen], self.last_ms[seen] = sound[row[seen], seen], times_ms[row[seen]]

    @staticmethod
    def _add_some(
        found: Findings, test: Test, series: npt.NDArray[np.intp], beyond: Mask, values: Floats, limit: Floats
    ) -> None:
        if beyond.any():
            mask, limits = np.zeros(values.shape, bool), np.zeros(values.shape, np.float32)
            mask[:, series], limits[:, series] = beyond, limit
            found.add(test, mask, values, limits)

    def _jumps(self, found: Findings, window: Window, part: slice, released: Mask) -> Floats:
        """Height of the jump that one sample made, in each row (T, S); 0 where there was none."""
        around = slice(max(0, part.start - 1), min(len(window.times_ms), part.stop + 1))
        inner = slice(part.start - around.start, part.stop - around.start)
        gap, share = window.steps.gap[around], window.steps.share[around]
        jumps = (np.abs(gap) > self.limit_step) & (share > STEP_SHARE)
        if not jumps.any() and window.context is None:
            return np.zeros(found.tests.shape, np.float32)
        alone = self.groups.alone(jumps)
        visited = np.zeros_like(jumps)
        if window.context is not None:
            visited = window.context[1][around] & (np.abs(gap) > self.limit_visit) & (share > STEP_SHARE)
        sparse = (window.period[around] > STEP_PERIOD_MS)[:, None]
        alone &= ~sparse | (self.groups.alone(np.abs(gap) > self.limits.step_floor / 2) & self.limits.step_sparse)
        jumps = (jumps & alone) | (visited & sparse)
        jumps[inner] &= ~released
        found.add(Test.STEP, (jumps & alone)[inner], gap[inner], self.limit_step)
        return np.where(jumps[inner], gap[inner], 0).astype(np.float32)

    def _hours(self, found: Findings, window: Window, part: slice, released: Mask, absorb: bool) -> None:
        """Go through the rows hour by hour: what is known of slow faults moves on only where an hour ends."""
        jump = self._jumps(found, window, part, released)
        biases = self.biases if absorb else self.biases.copy()
        hours = window.times_ms[part] // HOUR_MS
        cuts = [0, *(np.flatnonzero(np.diff(hours)) + 1).tolist(), len(hours)]
        held, size = np.zeros((2, *found.tests.shape), np.float32)
        faulty = np.zeros(found.tests.shape, bool)
        sound = ((found.tests & ~np.uint32(Test.AFTER_SPIKE.bit)) == 0) & ~np.isnan(window.heights[part])
        for begin, end in pairwise(cuts):
            if begin == end:
                continue
            if absorb and hours[begin] != self.hour:
                self._hour_ends(int(hours[begin]))
            here, rows = slice(begin, end), slice(part.start + begin, part.start + end)
            known = np.where(self.levels.age >= SETTLED_H, self.levels.slow + self.levels.common, np.float32(np.nan))
            after = window.heights[rows] - known
            held[here] = biases.rows(
                window.times_ms[rows], jump[here], after, self.limit_step,
                None if window.context is None else window.context[0][rows],
            )  # fmt: skip
            faulty[here], size[here] = self.levels.faulty, self.levels.z
            if absorb:
                towards = (np.sign(jump[here]) == -np.sign(self.levels.z)) & (jump[here] != 0)
                self.taken_back |= towards.any(axis=0) & self.levels.faulty
                steps = np.rint(np.where(sound[here], window.heights[rows], 0) / self.limits.unit).astype(np.int64)
                biased = held[here] != 0
                for which, mask in enumerate((sound[here] & ~biased, sound[here] & biased)):
                    self.hour_sum[which] += np.where(mask, steps, 0).sum(axis=0)
                    self.hour_count[which] += mask.sum(axis=0)
        there = ~np.isnan(window.values[part])
        found.add(Test.BIAS, (held != 0) & there, held, self.limit_step)
        if faulty.any():
            foul = np.sign(size) == self.levels.fouling
            found.add(Test.FOULING, faulty & there & foul, size, 1.0)
            found.add(Test.DRIFT, faulty & there & ~foul, size, 1.0)

    def _hour_ends(self, hour: int) -> None:
        if self.hour > 0:
            with np.errstate(invalid="ignore", divide="ignore"):
                means, biased = (self.hour_sum / self.hour_count * self.limits.unit).astype(np.float32)
            self.levels.forget(self.taken_back)
            self.levels.hour(self.hour, means)
            self.biases.hour(biased - self.levels.slow - self.levels.common, self.levels.judged)
        self.hour_sum[:], self.hour_count[:], self.taken_back[:] = 0, 0, False
        self.hour = hour

    def _turn(self, period: int) -> None:
        if self.period > 0:
            for scale in (self.up, self.down, self.change):
                scale.close()
            self._refresh()
        self.period = period
