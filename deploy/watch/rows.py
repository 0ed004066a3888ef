"""Events and verdicts of the watch as the store keeps them: everything behind them, in a form that JSON can carry."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from analytics.attribution.ranking import Ranking
from analytics.detectors import Detection
from analytics.detectors.options import TICK_MS
from analytics.qc import Channel
from analytics.qc.checks import FAIL_MASK, MEANING, Test
from analytics.qc.control import Flags
from analytics.qc.trust import AT_ONCE
from collectors.stores.base import Event as Row
from collectors.stores.base import Flag
from deploy.watch.cases import Told
from deploy.watch.grid import Impossible, slot_of
from sensors.reading import Block, Quality, StationState

#: Tests whose verdict is final only after the lateness; `prompt_flags` has the others.
WAITED = sum(test.bit for test in Test) & ~AT_ONCE

#: Outfalls that are kept of a ranking, best first; and of an earlier one.
CANDIDATES, EARLIER = 20, 5


def event_row(told: Told, *, rain_known: bool) -> Row:
    """An event with its whole explanation.

    Parameters
    ----------
    told : Told
    rain_known : bool
        Whether a rain gauge told anything lately; without one rain is no reason for anything.

    Returns
    -------
    Event
        ``detail`` has: ``probabilities`` (by kind); ``determinands``; ``first`` (the detection that began it:
        ``station``, ``determinand``, ``time_ms``, ``value``, ``baseline``, ``scale`` [unit of the determinand],
        ``evidence``, ``fast``, ``slow`` [multiples of the scale], ``steadiness``); ``rises`` (determinand: multiple of
        its scale) and ``increments`` (determinand: rise in its unit); ``against`` (reason: what it took away);
        ``neighbours`` (station, travel_h, rise); ``rain_mm`` (of 24 h, absent where unknown) and ``rain_known``;
        ``arrivals`` (station, onset_ms, evidence); ``peak``; ``episodes``; ``detections``. Of a discharge also
        ``candidates`` (outfall, probability, travel_h), ``cannot_tell`` (1 or 0), ``effective`` (as many equally likely
        outfalls would be as uncertain), ``silent`` (stations whose silence counted) and ``rankings`` (at_ms,
        candidates) as each episode gave them.
    """
    event = told.event
    end_ms = event.updated_ms + TICK_MS if told.over else None
    detail: dict[str, Any] = {
        "probabilities": dict(event.probabilities),
        "determinands": list(event.determinands),
        **_explained(event.first),
        "rain_known": rain_known,
        "arrivals": [
            {"station": name, "onset_ms": onset_ms, "evidence": evidence} for name, onset_ms, evidence in event.arrivals
        ],
        "peak": event.peak,
        "episodes": event.episodes,
        "detections": event.detections,
    }
    if rain_known:
        detail["rain_mm"] = event.first.rain_mm
    if told.rankings:
        ranking = told.rankings[-1][1]
        detail |= {
            "candidates": _candidates(ranking, CANDIDATES),
            "cannot_tell": 0.0 if ranking.told else 1.0,
            "effective": ranking.effective,
            "silent": list(ranking.silent),
            "rankings": [{"at_ms": at_ms, "candidates": _candidates(one, EARLIER)} for at_ms, one in told.rankings],
        }
    return Row(
        event.id, event.kind, event.onset_ms, end_ms, event.detected_ms, event.updated_ms, event.stations,
        _plain(detail),
    )  # fmt: skip


def _explained(first: Detection) -> dict[str, Any]:
    return {
        "first": {
            "station": first.station, "determinand": first.determinand, "time_ms": first.time_ms, "value": first.value,
            "baseline": first.baseline, "scale": first.scale, "evidence": first.evidence, "fast": first.raw,
            "slow": first.slow, "steadiness": first.steadiness,
        },
        "rises": {first.determinand: first.raw, **dict(first.others)},
        "increments": dict(first.increments),
        "against": dict(first.against),
        "neighbours": [
            {"station": name, "travel_h": hours, "rise": rise} for name, hours, rise in first.neighbours
        ],
    }  # fmt: skip


def _candidates(ranking: Ranking, most: int) -> list[dict[str, Any]]:
    return [
        {"outfall": one.outfall, "probability": one.probability, "travel_h": one.travel_h}
        for one in ranking.candidates[:most]
    ]


def _plain(value: Any) -> Any:
    """The same with numbers rounded to six digits and without any that JSON cannot carry."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def flagged_spans(flags: Flags, channels: tuple[Channel, ...]) -> dict[str, tuple[int, int]]:
    """Stations with final verdicts that had to wait, and the first and last slot of those [ms since the epoch, UTC]."""
    rows, columns = np.nonzero(flags.tests[: flags.final] & np.uint32(WAITED))
    spans: dict[str, tuple[int, int]] = {}
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        time_ms, station = int(flags.times_ms[row]), channels[column].station
        first_ms, last_ms = spans.get(station, (time_ms, time_ms))
        spans[station] = min(first_ms, time_ms), max(last_ms, time_ms)
    return spans


def final_flags(flags: Flags, channels: tuple[Channel, ...], readings: Iterable[tuple[str, Block]]) -> Iterator[Flag]:
    """Final verdicts on slots, as verdicts on each reading in them."""
    found = flags.findings
    said: dict[tuple[str, str, int], list[tuple[Test, float, float]]] = {}
    for i in np.flatnonzero((found.row < flags.final) & ((1 << found.test) & WAITED != 0)).tolist():
        channel = channels[int(found.series[i])]
        key = channel.station, channel.determinand, int(flags.times_ms[found.row[i]])
        said.setdefault(key, []).append((Test(int(found.test[i])), float(found.statistic[i]), float(found.limit[i])))
    for station, block in readings:
        for determinand, time_ms, value, state in zip(
            block.determinand, block.time_ms, block.value, block.state, strict=True
        ):
            # Nobody grades what was read in another state than the normal one.
            if value is None or state != StationState.NORMAL:
                continue
            for test, statistic, limit in said.get((station, determinand, slot_of(time_ms)), ()):
                yield _flag(Channel(station, determinand), time_ms, test, statistic, limit)


def prompt_flags(impossible: Iterable[Impossible]) -> Iterator[Flag]:
    """Verdicts that need not wait: a value that no water has."""
    for one in impossible:
        yield _flag(one.channel, one.time_ms, one.test, one.value, one.limit)


def _flag(channel: Channel, time_ms: int, test: Test, statistic: float, limit: float) -> Flag:
    quality = Quality.FAIL if test.bit & FAIL_MASK else Quality.SUSPECT
    meaning = MEANING[test]
    evidence = {"statistic": statistic, "is": meaning.statistic, "limit": limit, "limit_is": meaning.limit}
    return Flag(*channel, time_ms, test.key, quality, _plain(evidence))
