"""Turns stored hours into stored evaluations of days, months, quarters and years, as they go and when late data come.

Hours make days, days make months, months make quarters and years; each is kept with its values, so that a year costs
twelve rows a station and not its hours. Every row is told with and without suspect readings. Comparisons with earlier
periods are not kept: they are made where they are shown, from the rows, so that they cannot grow old.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from analytics.grading import WaterClass
from analytics.laboratory import LaboratoryResult
from analytics.period_evaluation import Evaluation, evaluation_of
from analytics.period_means import HourColumns
from analytics.period_record import values_of
from analytics.periods import Period, PeriodKind
from analytics.section import PeriodValue, SectionGrade, evaluate_section, section_of_values, values_of_parts
from analytics.window import HourMean, hours_between, hours_in_state
from collectors.stores.base import Assessment, Basis, ReadingStore
from deploy.hub.period_rows import river_row, station_row, subdistrict_row
from sensors.determinand import DETERMINANDS
from sensors.durations import HOUR_MS
from sensors.place import Station
from sensors.reading import StationState
from sensors.site import Site
from sensors.site_settings import PeriodSettings

#: Periods that have changed are evaluated this often [ms].
EVERY_MS = 600_000

#: Days that one tick evaluates at most: about a second's work.
DAYS_A_TICK = 8

#: Readings that come later than this change no evaluation by themselves: that takes `PeriodJudge.redo` [ms].
MAX_BACK_MS = 400 * 24 * HOUR_MS

#: Finds laboratory results of a span, start inclusive, end exclusive [ms since the epoch, UTC].
Results = Callable[[int, int], Sequence[LaboratoryResult]]

_LONGER: Mapping[PeriodKind, tuple[PeriodKind, ...]] = {"day": ("month",), "month": ("quarter", "year")}


def no_results(_start_ms: int, _end_ms: int) -> Sequence[LaboratoryResult]:
    """A site without a laboratory."""
    return ()


class PeriodJudge:
    """Evaluates calendar periods of a site, in its time zone.

    Parameters
    ----------
    site : Site
    store : ReadingStore
        Hours come from it and evaluations go to it.
    results : callable, optional
        Results of the laboratory.
    """

    def __init__(self, site: Site, store: ReadingStore, results: Results = no_results) -> None:
        self._site, self._store, self._results = site, store, results
        self._zone = ZoneInfo(site.timezone)
        self._due: dict[PeriodKind, set[int]] = {"day": set(), "month": set(), "quarter": set(), "year": set()}
        self._next_ms = 0
        self._today: int | None = None

    @property
    def behind(self) -> bool:
        """Whether changed periods wait to be evaluated at once."""
        return self._next_ms == 0 and any(self._due.values())

    def left(self) -> dict[str, Any]:
        """What is due and not evaluated yet, as plain data for `take_up`."""
        return {kind: sorted(due) for kind, due in self._due.items() if due}

    def take_up(self, left: Mapping[str, Any]) -> None:
        """Go on where another judge has left off.

        Raises
        ------
        TypeError, ValueError, AttributeError
            If it is not what `left` gives; nothing is taken up then.
        """
        due = {kind: {int(start_ms) for start_ms in left.get(kind, ())} for kind in self._due}
        for kind, starts in due.items():
            self._due[kind] |= starts

    def note(self, now_ms: int, changed: Mapping[str, tuple[int, int]]) -> None:
        """Remember what has changed.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.
        changed : mapping of str to (int, int)
            By station: time of its oldest and newest changed readings [ms since the epoch, UTC].
        """
        for station, (oldest_ms, newest_ms) in changed.items():
            if station in self._site.stations:
                start_ms, end_ms = max(oldest_ms, now_ms - MAX_BACK_MS), min(newest_ms, now_ms)
                if start_ms <= end_ms:
                    self.redo(start_ms, end_ms)

    def redo(self, start_ms: int, end_ms: int) -> None:
        """Have every day of a span, and what it belongs to, evaluated again [ms since the epoch, UTC]."""
        day = Period.at("day", start_ms, self._zone)
        while day.start_ms <= end_ms:
            self._due["day"].add(day.start_ms)
            day = Period.at("day", day.end_ms, self._zone)

    def tick(self, now_ms: int) -> list[Assessment]:
        """Evaluate some of what is due; nothing until `EVERY_MS` after everything was done.

        Parameters
        ----------
        now_ms : int
            Milliseconds since the epoch, UTC.

        Returns
        -------
        list of Assessment
            What was stored.

        Raises
        ------
        StoreError
            If the store cannot be read or written; the next tick makes up for it.
        """
        today = Period.at("day", now_ms, self._zone)
        if today.start_ms != self._today:
            # What has ended is told as ended, even where nothing more comes in.
            self.redo(today.previous().start_ms, now_ms)
            self._today = today.start_ms
        if now_ms < self._next_ms <= now_ms + EVERY_MS:
            return []
        self._next_ms = 0
        rows: list[Assessment] = []
        left = DAYS_A_TICK
        for kind, due in self._due.items():
            while due and left:
                start_ms = min(due)
                period = Period.at(kind, start_ms, self._zone)
                rows += self._evaluate(period, now_ms)
                due.discard(start_ms)
                left -= 1
                for longer in _LONGER.get(kind, ()):
                    self._due[longer].add(Period.at(longer, start_ms, self._zone).start_ms)
        if not any(self._due.values()):
            self._next_ms = now_ms + EVERY_MS
        return rows

    def _evaluate(self, period: Period, now_ms: int) -> list[Assessment]:
        sections = self._days(period) if period.kind == "day" else self._longer(period, now_ms)
        whole, certain = (
            evaluation_of(
                self._site.id, period, self._site.rivers.values(), self._site.stations.values(), of_kind,
                suspect=suspect, settings=self._site.periods,
            )
            for of_kind, suspect in zip(sections, (True, False), strict=True)
        )  # fmt: skip
        rows = [
            row
            for row in evaluation_rows(self._site.id, whole, certain, running=period.end_ms > now_ms)
            # A gap is a gap; but what was told before must not stay when it is no longer so.
            if _known(row) or self._told(row)
        ]
        self._store.put_assessments(rows)
        return rows

    def _days(self, period: Period) -> tuple[list[SectionGrade], list[SectionGrade]]:
        stations = list(self._site.stations.values())
        hours: dict[str, dict[str, list[HourMean]]] = {}
        for row in self._store.summary(
            [s.id for s in stations], list(DETERMINANDS), period.start_ms, period.end_ms, HOUR_MS
        ):
            of_key = hours.setdefault(row.station, {}).setdefault(row.determinand, [])
            of_key.append(HourMean(row.start_ms, row.mean, row.count, row.provisional, row.certain_mean))
        with_suspect: list[SectionGrade] = []
        without: list[SectionGrade] = []
        for station in stations:
            of_station = hours.get(station.id, {})
            columns = {key: HourColumns.of(means) for key, means in of_station.items()}
            # Only where hours are missing can there be any in another state.
            full = max(map(len, of_station.values()), default=0) >= hours_between(period.start_ms, period.end_ms)
            states = {} if full else self._states(station, period)
            evaluate = partial(
                evaluate_section, station.id, station.water_body, period, columns,
                target=self._target(station), settings=self._site.periods, states=states,
            )  # fmt: skip
            section = evaluate(suspect=True)
            with_suspect.append(section)
            doubtful = any(hour.provisional for means in of_station.values() for hour in means)
            without.append(evaluate(suspect=False) if doubtful else replace(section, suspect=False))
        return with_suspect, without

    def _told(self, row: Assessment) -> bool:
        return bool(self._store.assessment_history(row.scope, row.subject, row.basis, row.time_ms, row.time_ms + 1))

    def _states(self, station: Station, period: Period) -> Mapping[StationState, int]:
        readings = self._store.range(station.id, list(DETERMINANDS), period.start_ms, period.end_ms)
        return hours_in_state(readings).get(station.id, {})

    def _longer(self, period: Period, now_ms: int) -> tuple[list[SectionGrade], list[SectionGrade]]:
        part: Basis = "day" if period.kind == "month" else "month"
        settings = self._site.periods
        if period.end_ms > now_ms:
            settings = _running(settings, (now_ms - period.start_ms) / (period.end_ms - period.start_ms))
        by_station: dict[str, list[LaboratoryResult]] = {}
        if period.kind == "month":
            for result in self._results(period.start_ms, period.end_ms):
                by_station.setdefault(result.station, []).append(result)
        with_suspect: list[SectionGrade] = []
        without: list[SectionGrade] = []
        for station in self._site.stations.values():
            kept = self._store.assessment_history("station", station.id, part, period.start_ms, period.end_ms)
            hours, states = _total(kept)
            for suspect, into in ((True, with_suspect), (False, without)):
                parts = [_values(row, suspect=suspect) for row in kept]
                values = values_of_parts(period, parts, by_station.get(station.id, ()), settings=settings)
                into.append(
                    section_of_values(
                        station.id, station.water_body, period, values, target=self._target(station),
                        suspect=suspect, hours_used=hours, states=states,
                    )
                )  # fmt: skip
        return with_suspect, without

    def _target(self, station: Station) -> WaterClass:
        return WaterClass[self._site.rivers[station.river].target_class]


def evaluation_rows(site: str, whole: Evaluation, certain: Evaluation, *, running: bool) -> list[Assessment]:
    """All rows of a period, those of which nothing is known included."""
    rows = [station_row(section, certain.sections[name], running=running) for name, section in whole.sections.items()]
    rows += [
        river_row(river, certain.rivers[name], whole.period, running=running) for name, river in whole.rivers.items()
    ]
    rows.append(subdistrict_row(site, whole.subdistrict, certain.subdistrict, whole.period, running=running))
    return rows


def _known(row: Assessment) -> bool:
    return bool(row.detail.get("hours") or row.detail.get("values") or row.detail.get("states"))


def _running(settings: PeriodSettings, share: float) -> PeriodSettings:
    """Fewest parts of a period of which so much is over: as many of what there can be as of a whole one."""
    days, quarter, year = (
        max(1, math.ceil(least * share - 1e-9))
        for least in (settings.min_days_month, settings.min_months_quarter, settings.min_months_year)
    )
    return replace(settings, min_days_month=days, min_months_quarter=quarter, min_months_year=year)


def _values(row: Assessment, *, suspect: bool) -> Mapping[str, PeriodValue]:
    certain = row.detail.get("certain")
    if not suspect and certain is not None:
        return values_of(certain["values"])
    return values_of(row.detail["values"])


def _total(rows: Sequence[Assessment]) -> tuple[int, dict[StationState, int]]:
    states: dict[StationState, int] = {}
    for row in rows:
        for state, hours in row.detail.get("states", {}).items():
            states[StationState(state)] = states.get(StationState(state), 0) + hours
    return sum(row.detail.get("hours", 0) for row in rows), states
