"""Faults that last: flags of one channel folded into episodes with a kind, for people and for the record.

An episode says nothing that its flags did not say when they became final: it begins with its first flag, never before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analytics.qc.checks import Test
from analytics.qc.windows import Times, period_ms

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How flags make an episode.

    Attributes
    ----------
    kind : str
    tests : int
        Mask of the tests that speak for it.
    join_ms : int
        Flags no further apart belong together.
    least : int
        Flagged readings before an episode begins: it begins with the last of them.
    """

    kind: str
    tests: int
    join_ms: int
    least: int


#: One spike is a reading to leave out; several within hours are an instrument to look at.
RULES = (
    Rule("spikes", Test.SPIKE.bit | Test.GROSS_RANGE.bit | Test.SENTINEL.bit, 6 * HOUR_MS, 2),
    Rule("step_bias", Test.STEP.bit | Test.BIAS.bit, 3 * HOUR_MS, 1),
    Rule("noise", Test.NOISE.bit, 3 * HOUR_MS, 12),
    Rule("flatline", Test.FLAT_LINE.bit, 3 * HOUR_MS, 1),
    Rule("drift", Test.DRIFT.bit, 12 * HOUR_MS, 1),
    Rule("fouling", Test.FOULING.bit, 12 * HOUR_MS, 1),
    Rule("maintenance", Test.VISIT.bit, 2 * HOUR_MS, 1),
)

#: Silence of a whole station for so long, or for so many sampling periods, is a dropout.
DROPOUT_MS = HOUR_MS
DROPOUT_PERIODS = 2.5


@dataclass(frozen=True, slots=True)
class FaultEpisode:
    """A fault of one channel, or of a whole station, that lasted.

    Attributes
    ----------
    station : str
    determinand : str or None
        None for the whole station.
    start_ms, end_ms : int
        First and last flagged reading, milliseconds since the epoch, UTC.
    kind : str
        ``spikes``, ``step_bias``, ``noise``, ``flatline``, ``drift``, ``fouling``, ``dropout`` or ``maintenance``.
    known_ms : int
        When it was first raised: its start and the time that a flag takes to be final.
    evidence : mapping
        ``readings`` flagged; ``share`` of the readings between start and end.
    """

    station: str
    determinand: str | None
    start_ms: int
    end_ms: int
    kind: str
    known_ms: int
    evidence: Mapping[str, float] = field(default_factory=dict)


def fault_episodes(
    channels: Sequence[tuple[str, str]],
    times_ms: Times,
    tests: npt.NDArray[np.uint32],
    there: npt.NDArray[np.bool_],
    lateness_ms: int,
) -> list[FaultEpisode]:
    """Fold the final flags of a history.

    Parameters
    ----------
    channels : sequence of (station, determinand), length S
    times_ms : (T,) int
    tests : (T, S) uint32
        From `QualityControl.step`.
    there : (T, S) bool
        Where there was a reading.
    lateness_ms : int
        How long a flag takes to be final.

    Returns
    -------
    list of FaultEpisode
        By start, station and determinand.
    """
    found = list(_silences(channels, times_ms, there, lateness_ms))
    for rule in RULES:
        marked = (tests & np.uint32(rule.tests)) != 0
        if rule.kind == "spikes":
            marked &= (tests & np.uint32(Test.VISIT.bit)) == 0
        for series in np.flatnonzero(marked.any(axis=0)).tolist():
            rows = np.flatnonzero(marked[:, series])
            seen = np.flatnonzero(there[:, series])
            for first, last, count in _joined(times_ms[rows], rule):
                total = np.searchsorted(seen, rows[last], side="right") - np.searchsorted(seen, rows[first])
                evidence = {"readings": float(count), "share": count / max(1, int(total))}
                start, end = int(times_ms[rows[first]]), int(times_ms[rows[last]])
                station, determinand = channels[series]
                found.append(FaultEpisode(station, determinand, start, end, rule.kind, start + lateness_ms, evidence))
    return sorted(found, key=lambda e: (e.start_ms, e.station, e.determinand or "", e.kind))


def _joined(times_ms: Times, rule: Rule) -> Iterable[tuple[int, int, int]]:
    """First and last of the flagged readings of each episode, and their number."""
    cuts = np.flatnonzero(np.diff(times_ms) > rule.join_ms) + 1
    for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), len(times_ms)], strict=True):
        if end - begin >= rule.least:
            yield begin + rule.least - 1, end - 1, end - begin


def _silences(
    channels: Sequence[tuple[str, str]], times_ms: Times, there: npt.NDArray[np.bool_], lateness_ms: int
) -> Iterable[FaultEpisode]:
    series: dict[str, list[int]] = {}
    for index, (station, _) in enumerate(channels):
        series.setdefault(station, []).append(index)
    for station, columns in series.items():
        rows = np.flatnonzero(there[:, columns].any(axis=1))
        stamps = times_ms[rows]
        longest = np.maximum(DROPOUT_MS, DROPOUT_PERIODS * period_ms(stamps)[:-1])
        for row in np.flatnonzero(np.diff(stamps) > longest).tolist():
            start, end = int(stamps[row]), int(stamps[row + 1])
            evidence = {"hours": (end - start) / HOUR_MS}
            yield FaultEpisode(station, None, start, end, "dropout", start + lateness_ms, evidence)
