"""A station's instruments as plain data: newest values, what the tests say, valid hours, faults that last, clock."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analytics.qc.checks import Test
from analytics.qc.episodes import RULES
from collectors.stores.base import Flag, ReadingStore
from dashboard.alerts.causes_care import gateways_of
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS
from sensors.place import Station
from sensors.reading import Block, Quality
from sensors.site import Site

#: Days of valid hours that are shown.
COVERAGE_DAYS = 30

#: Name under which a hub process leaves word of itself in the store (`deploy.hub.marks`, which loads no board).
HUB_STATE = "hub.state/"

#: Bit of each test, by its name.
_BITS = {test.key: test.bit for test in Test}


@dataclass(frozen=True, slots=True)
class Head:
    """One determinand of a station now.

    Attributes
    ----------
    determinand : str
    time_ms : int
        Of its newest reading, milliseconds since the epoch, UTC.
    value : float or None
    quality : int
        QARTOD flag.
    state : str
        Letter of HJ 212.
    flagged : float
        Share of the readings of the last day that a test doubts, 0 to 1.
    failed : float
        Share that cannot be water's.
    tests : tuple of str
        That spoke in the last day, the most frequent first.
    """

    determinand: str
    time_ms: int
    value: float | None
    quality: int
    state: str
    flagged: float
    failed: float
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one test said of one determinand in a span.

    Attributes
    ----------
    determinand, test : str
    flag : int
        The worst that it gave: 3 suspect, 4 fail.
    readings : int
        How many it doubts.
    first_ms, last_ms : int
        Milliseconds since the epoch, UTC.
    statistic, limit : float or None
        Numbers behind the reading that is farthest beyond its limit; None where the test keeps none.
    means : (str, str)
        What the two numbers are, as the tests say it; empty where they do not.
    """

    determinand: str
    test: str
    flag: int
    readings: int
    first_ms: int
    last_ms: int
    statistic: float | None
    limit: float | None
    means: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a determinand that lasted; kinds are those of `analytics.qc.episodes`."""

    determinand: str
    kind: str
    start_ms: int
    end_ms: int
    readings: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Valid hours of each day.

    Attributes
    ----------
    days : tuple of date
        Of the site's calendar.
    hours : mapping of str to tuple of int
        By determinand, for each of the days: hours with a usable reading.
    """

    days: tuple[date, ...]
    hours: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class GatewayNow:
    """What is known of the gateway that polls a station; None where nobody said.

    Attributes
    ----------
    heard_ms : int or None
        When it last said something, milliseconds since the epoch, UTC.
    online, synchronised : bool or None
    source : str
        Who keeps its clock; see `collectors.clock_state`.
    jumps, jump_ms : int
        How often the clock jumped, and how far the last time [ms].
    backlog : int
        Rows that wait in its spool.
    silent : str
        Why the station does not answer; empty where it does.
    """

    heard_ms: int | None
    online: bool | None
    synchronised: bool | None
    source: str
    jumps: int
    jump_ms: int
    backlog: int
    silent: str


@dataclass(frozen=True, slots=True)
class Effect:
    """A day of a station's evaluation with and without its suspect readings.

    Attributes
    ----------
    day : date
    with_suspect, without : str or None
        Class; None where it could not be graded.
    deciding : tuple of str
        With them.
    """

    day: date
    with_suspect: str | None
    without: str | None
    deciding: tuple[str, ...]


def effects(store: ReadingStore, site: Site, station: str, start_ms: int, end_ms: int) -> tuple[Effect, ...]:
    """What suspect readings do to the days of a span, as they are evaluated now.

    Parameters
    ----------
    store : ReadingStore
    site : Site
    station : str
    start_ms, end_ms : int
        First and last reading, milliseconds since the epoch, UTC.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    zone = ZoneInfo(site.timezone)
    found = []
    for row in store.assessment_history("station", station, "day", start_ms - 25 * HOUR_MS, end_ms + 1):
        if row.detail.get("end_ms", row.time_ms + 24 * HOUR_MS) <= start_ms:
            continue
        certain = row.detail.get("certain")
        without = row.water_class if certain is None else certain.get("water_class")
        day = datetime.fromtimestamp(row.time_ms / 1000, zone).date()
        found.append(Effect(day, row.water_class, without, row.deciding))
    return tuple(found)


def doubts(
    flags: Iterable[Flag], block: Block, determinand: str
) -> tuple[tuple[int, float, dict[str, tuple[float | None, float | None]], bool], ...]:
    """Readings of a determinand that a test doubts: time, value, numbers of each test, whether it fails.

    Parameters
    ----------
    flags : iterable of Flag
        Of one station.
    block : Block
        Its readings of the same span.
    determinand : str
    """
    tests: defaultdict[int, dict[str, tuple[float | None, float | None]]] = defaultdict(dict)
    failed: set[int] = set()
    for flag in flags:
        if flag.determinand == determinand and flag.flag in (Quality.SUSPECT, Quality.FAIL):
            numbers = _number(flag.evidence.get("statistic")), _number(flag.evidence.get("limit"))
            tests[flag.time_ms][flag.test] = numbers
            if flag.flag == Quality.FAIL:
                failed.add(flag.time_ms)
    columns = zip(block.determinand, block.time_ms, block.value, strict=True)
    return tuple(
        (time_ms, value, tests[time_ms], time_ms in failed)
        for key, time_ms, value in columns
        if key == determinand and value is not None and time_ms in tests
    )


def measured(store: ReadingStore, station: str) -> tuple[str, ...]:
    """Determinands of which anything was ever read, in the order in which people expect them."""
    latest = store.latest()
    found = {key for name, key in zip(latest.station, latest.determinand, strict=True) if name == station}
    return tuple(key for key in DETERMINANDS if key in found)


def heads(store: ReadingStore, station: str, now_ms: int) -> tuple[Head, ...]:
    """Every determinand of a station now, with what the tests said in the last day.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    latest = store.latest()
    rows = [i for i, name in enumerate(latest.station) if name == station]
    keys = [latest.determinand[i] for i in rows]
    start_ms = now_ms - 24 * HOUR_MS
    day = store.range(station, keys, start_ms, now_ms + 1)
    count = Counter(key for key, value in zip(day.determinand, day.value, strict=True) if value is not None)
    doubted: dict[str, set[int]] = defaultdict(set)
    failed: dict[str, set[int]] = defaultdict(set)
    tests: dict[str, Counter[str]] = defaultdict(Counter)
    for flag in store.flags(station, start_ms, now_ms + 1):
        doubted[flag.determinand].add(flag.time_ms)
        tests[flag.determinand][flag.test] += 1
        if flag.flag == Quality.FAIL:
            failed[flag.determinand].add(flag.time_ms)
    found = {
        key: _head(latest, i, len(doubted[key]), len(failed[key]), count[key], tests[key])
        for key, i in zip(keys, rows, strict=True)
    }
    return tuple(found[key] for key in DETERMINANDS if key in found)


def _head(latest: Block, i: int, doubted: int, failed: int, count: int, tests: Counter[str]) -> Head:
    whole = max(count, doubted, 1)
    return Head(
        latest.determinand[i], latest.time_ms[i], latest.value[i], int(latest.quality[i]), str(latest.state[i]),
        doubted / whole, failed / whole, tuple(name for name, _count in tests.most_common()),
    )  # fmt: skip


def verdicts(flags: Iterable[Flag]) -> tuple[Verdict, ...]:
    """What each test said in a span, the most frequent first.

    Parameters
    ----------
    flags : iterable of Flag
        Of one station, as the store gives them.
    """
    grouped: defaultdict[tuple[str, str], list[Flag]] = defaultdict(list)
    for flag in flags:
        if flag.flag in (Quality.SUSPECT, Quality.FAIL):
            grouped[flag.determinand, flag.test].append(flag)
    return tuple(sorted((_verdict(group) for group in grouped.values()), key=lambda one: -one.readings))


def _verdict(group: Sequence[Flag]) -> Verdict:
    worst = max(group, key=_beyond)
    return Verdict(
        worst.determinand, worst.test, max(int(flag.flag) for flag in group), len(group),
        min(flag.time_ms for flag in group), max(flag.time_ms for flag in group),
        _number(worst.evidence.get("statistic")), _number(worst.evidence.get("limit")),
        (str(worst.evidence.get("is", "")), str(worst.evidence.get("limit_is", ""))),
    )  # fmt: skip


def _beyond(flag: Flag) -> float:
    """How far a reading is beyond its limit, as a multiple of it."""
    statistic, limit = _number(flag.evidence.get("statistic")), _number(flag.evidence.get("limit"))
    if statistic is None or limit is None:
        return -1.0
    return abs(statistic - limit) / (abs(limit) or 1.0)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def faults(flags: Iterable[Flag]) -> tuple[Fault, ...]:
    """Faults that last, folded from the flags of one station by the rules of quality control, newest first."""
    times: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for flag in flags:
        if flag.flag in (Quality.SUSPECT, Quality.FAIL):
            there = times[flag.determinand]
            there[flag.time_ms] = there.get(flag.time_ms, 0) | _BITS.get(flag.test, 0)
    found = []
    for determinand, masks in times.items():
        for rule in RULES:
            run: list[int] = []
            for time_ms in [*sorted(t for t, mask in masks.items() if mask & rule.tests), None]:
                if run and (time_ms is None or time_ms - run[-1] > rule.join_ms):
                    if len(run) >= rule.least:
                        found.append(Fault(determinand, rule.kind, run[rule.least - 1], run[-1], len(run)))
                    run = []
                if time_ms is not None:
                    run.append(time_ms)
    return tuple(sorted(found, key=lambda fault: (-fault.start_ms, fault.determinand)))


def coverage(
    store: ReadingStore, site: Site, station: str, keys: Sequence[str], now_ms: int, days: int = COVERAGE_DAYS
) -> Coverage:
    """Valid hours of the last days, today included, from the hourly roll-up.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    zone = ZoneInfo(site.timezone)
    today = datetime.fromtimestamp(now_ms / 1000, zone).date()
    shown = tuple(today - timedelta(days=days - 1 - number) for number in range(days))
    start = datetime(shown[0].year, shown[0].month, shown[0].day, tzinfo=zone)
    start_ms = round(start.timestamp() * 1000)
    end_ms = now_ms // HOUR_MS * HOUR_MS + HOUR_MS
    # Hours are those of the clock: a zone of half an hour sees them a little moved.
    hours: dict[tuple[str, date], int] = defaultdict(int)
    for row in store.summary([station], keys, start_ms // HOUR_MS * HOUR_MS, end_ms, HOUR_MS):
        hours[row.determinand, datetime.fromtimestamp(row.start_ms / 1000, zone).date()] += 1
    return Coverage(shown, {key: tuple(hours[key, day] for day in shown) for key in keys})


def gateway_now(store: ReadingStore, station: Station, labels: Iterable[str] = ("all",)) -> GatewayNow | None:
    """What the hub knows of a station's gateway; None where no hub ever said.

    Parameters
    ----------
    store : ReadingStore
    station : Station
    labels : iterable of str
        Of the hub processes (`deploy.hub.role`).

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    reports = {}
    for label in labels:
        try:
            report = json.loads(store.mark(HUB_STATE + label) or "null")
        except ValueError:
            continue
        if isinstance(report, dict):
            reports[label] = report
    one = gateways_of(reports).get(station.gateway)
    if one is None:
        return None
    clock = one.get("clock")
    clock = clock if isinstance(clock, dict) else {}
    silent = one.get("silent")
    return GatewayNow(
        heard_ms=_whole(one.get("heard_ms")),
        online=_truth(one.get("online")),
        synchronised=_truth(clock.get("synchronised")),
        source=str(clock.get("source", "")),
        jumps=_whole(clock.get("jumps")) or 0,
        jump_ms=_whole(clock.get("jump_ms")) or 0,
        backlog=_whole(one.get("backlog")) or 0,
        silent=str(silent.get(station.id, "")) if isinstance(silent, dict) else "",
    )


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
