"""How a site's office works: ``casework.toml`` in the site folder, every number with its bounds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from typing import Any

from sensors.errors import ConfigError, Problem
from sensors.lists import Checker
from sensors.site import Site
from sensors.toml_table import Table, bounded, settings_of

FILE = "casework.toml"


@dataclass(frozen=True, slots=True)
class CalendarSettings:
    """Working time: ``[calendar]``.

    Attributes
    ----------
    hours : tuple of (time, time)
        Spans of a working day, in order.
    holidays, workdays : tuple of date
        Days off and make-up days of the site's own, or of a year that the calendar does not know yet.
    """

    hours: tuple[tuple[time, time], ...] = ((time(9), time(12)), (time(13), time(17)))
    holidays: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """Deadlines and what follows when they pass: ``[deadlines]``. None is quoted from a rule.

    Attributes
    ----------
    normal_days, urgent_days, critical_days : int
        Proposed time for the departments, by urgency [working days].
    draft_hours, registered_hours, returned_hours, done_hours : float
        Time for the office to take the next step, by state [working hours].
    return_hours : float
        How long after it was assigned an order may be given back [h].
    remind_hours, supervise_hours, report_hours : float
        How long after a deadline each step of the escalation is taken [working hours].
    """

    normal_days: int = bounded(10, 1, 250)
    urgent_days: int = bounded(3, 1, 250)
    critical_days: int = bounded(1, 1, 250)
    draft_hours: float = bounded(7, 0.5, 700)
    registered_hours: float = bounded(7, 0.5, 700)
    returned_hours: float = bounded(7, 0.5, 700)
    done_hours: float = bounded(21, 0.5, 700)
    return_hours: float = bounded(24, 1, 720)
    remind_hours: float = bounded(0, 0, 700)
    supervise_hours: float = bounded(7, 0, 700)
    report_hours: float = bounded(21, 0, 700)


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """From events to cases and back to the water: ``[cases]``.

    Attributes
    ----------
    event_kinds : tuple of str
        Kinds of event that open a draft. Faults go to the maintainer, as alerts.
    join_days : float
        A repeated event joins a case whose last event is at most this old [d].
    join_probability : float
        Probability from which the first-ranked outfall names the place of a case.
    watch_days : float
        How long the water is watched after closing [d].
    watch_grace_hours : float
        What was there before the closing may flow by for so long [h].
    watch_coverage : float
        Share of the watched hours that must have readings; otherwise the watch goes on.
    """

    event_kinds: tuple[str, ...] = ("discharge", "overflow", "unknown")
    join_days: float = bounded(7, 0.1, 365)
    join_probability: float = bounded(0.5, 0, 1)
    watch_days: float = bounded(7, 0.1, 365)
    watch_grace_hours: float = bounded(12, 0, 240)
    watch_coverage: float = bounded(0.8, 0, 1)


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """Forms of numbers that stand on paper: ``[numbers]``. Each has {year} and {sequence}, and may have {site}."""

    order: str = "{year}-{sequence:04d}"
    supervision: str = "{site}督办〔{year}〕{sequence}号"
    rectification: str = "{site}整改〔{year}〕{sequence}号"


@dataclass(frozen=True, slots=True)
class ListSettings:
    """Points of the red and black list: ``[list]``; the formula is in `dashboard.casework.redblack`.

    Attributes
    ----------
    inspection_weight : float
        Points lost for each point that the mean inspection score is below 100.
    remind_points, supervise_points, report_points, redo_points : float
        Points lost for each step of an overdue order, and each time that work was sent back.
    class_points : float
        Points lost for each class that the month's grade is worse than the target.
    inferior_points : float
        Points lost besides where it is worse than V.
    red_from, black_below : float
        At least so many points are red (praised), fewer than so many black.
    """

    inspection_weight: float = bounded(0.5, 0, 10)
    remind_points: float = bounded(1, 0, 100)
    supervise_points: float = bounded(3, 0, 100)
    report_points: float = bounded(5, 0, 100)
    redo_points: float = bounded(2, 0, 100)
    class_points: float = bounded(10, 0, 100)
    inferior_points: float = bounded(10, 0, 100)
    red_from: float = bounded(90, 0, 100)
    black_below: float = bounded(60, 0, 100)


@dataclass(frozen=True, slots=True)
class GoalSettings:
    """How goals are measured and foreseen: ``[goals]``.

    Attributes
    ----------
    pace_days : int
        Span of progress from which the pace is taken [d].
    pace_min_days : int
        Shorter histories have no pace [d].
    cleared_share : float
        Share of a reach's length that must have been cleared for it to count as cleared.
    """

    pace_days: int = bounded(90, 2, 3650)
    pace_min_days: int = bounded(14, 1, 3650)
    cleared_share: float = bounded(0.95, 0.01, 1)


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Reports that the service makes when a period has ended: ``[reports]``.

    Attributes
    ----------
    daily, monthly, quarterly, yearly : bool
        Which are made.
    after_hours : float
        How long after the end of a period: laboratory results of its last days may still come [h].
    pdf, docx, xlsx : bool
        In which forms.
    zh, en : bool
        In which languages.
    """

    daily: bool = False
    monthly: bool = True
    quarterly: bool = True
    yearly: bool = True
    after_hours: float = bounded(9, 0, 720)
    pdf: bool = True
    docx: bool = True
    xlsx: bool = True
    zh: bool = True
    en: bool = False


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Everything in ``casework.toml``.

    Attributes
    ----------
    calendar, deadlines, cases, numbers, list, goals, reports
        One table each.
    groups : mapping of str to tuple of str
        Joint offices (现场办公室): name -> departments, the lead first.
    """

    calendar: CalendarSettings = field(default_factory=CalendarSettings)
    deadlines: DeadlineSettings = field(default_factory=DeadlineSettings)
    cases: CaseSettings = field(default_factory=CaseSettings)
    numbers: NumberSettings = field(default_factory=NumberSettings)
    list: ListSettings = field(default_factory=ListSettings)
    goals: GoalSettings = field(default_factory=GoalSettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_settings(site: Site) -> OfficeSettings:
    """Read ``casework.toml`` of a site folder; a site without one has the defaults.

    Raises
    ------
    ConfigError
        With every mistake in the file.
    """
    path = site.folder / FILE
    if not path.is_file():
        return OfficeSettings()
    return read_settings(path.read_bytes(), frozenset(site.departments))


def read_settings(raw: bytes, departments: frozenset[str]) -> OfficeSettings:
    """Read the text of a ``casework.toml``.

    Raises
    ------
    ConfigError
        With every mistake in it.
    """
    check = Checker(FILE)
    try:
        top = Table(tomllib.loads(raw.decode("utf-8-sig")), "", check)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(FILE, "file", str(error), "TOML in UTF-8")]) from error
    top.known(each.name for each in fields(OfficeSettings))
    settings = OfficeSettings(
        calendar=settings_of(top, "calendar", CalendarSettings(), _other),
        deadlines=settings_of(top, "deadlines", DeadlineSettings(), _other),
        cases=settings_of(top, "cases", CaseSettings(), _other),
        numbers=settings_of(top, "numbers", NumberSettings(), _other),
        list=settings_of(top, "list", ListSettings(), _other),
        goals=settings_of(top, "goals", GoalSettings(), _other),
        reports=settings_of(top, "reports", ReportSettings(), _other),
        groups=_groups(top, departments),
    )
    if check.problems:
        raise ConfigError(check.problems)
    return settings


def _other(table: Table, key: str, default: Any) -> Any:
    """A field that is no number: spans of a day, the form of a number, days, words."""
    if key == "hours":
        return _spans(table, key, default)
    if isinstance(default, str):
        return _form(table, key, default)
    return _days(table, key) if key in ("holidays", "workdays") else table.texts(key)


def _spans(table: Table, key: str, default: Any) -> Any:
    try:
        spans = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in table.raw[key])
    except (TypeError, ValueError):
        spans = ()
    edges = [edge for span in spans for edge in span]
    if not spans or sorted(set(edges)) != edges:
        table.bad(key, 'spans in order, such as [["09:00", "12:00"], ["13:00", "17:00"]]')
        return default
    return spans


def _days(table: Table, key: str) -> tuple[date, ...]:
    value = table.raw[key]
    if not isinstance(value, list) or any(type(item) is not date for item in value):
        table.bad(key, "a list of dates")
        return ()
    return tuple(value)


def _form(table: Table, key: str, default: str) -> str:
    """A form must tell every number of every year apart."""
    value = table.raw[key]
    try:
        made = {value.format(site="", year=year, sequence=sequence) for year in (2026, 2027) for sequence in (1, 2)}
    except (AttributeError, KeyError, IndexError, ValueError, TypeError):
        made = set()
    if len(made) == 4:
        return str(value)
    table.bad(key, "a text with {year} and {sequence}, and {site} where wanted")
    return default


def _groups(top: Table, departments: frozenset[str]) -> dict[str, tuple[str, ...]]:
    table = top.table("groups")
    found: dict[str, tuple[str, ...]] = {}
    for name, members in (table.raw if table is not None else {}).items():
        named = list(map(str, members)) if isinstance(members, list) else []
        if named and len(set(named)) == len(named) and set(named) <= departments:
            found[name] = tuple(named)
        elif table is not None:
            table.bad(name, "a list of departments, the lead first: " + ", ".join(sorted(departments)))
    return found
