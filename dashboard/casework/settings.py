"""How a site's office works: ``casework.toml`` in the site folder, every number with its bounds."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from pathlib import Path
from typing import Any

from sensors.errors import ConfigError, Problem
from sensors.site import Site

FILE = "casework.toml"


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"bounds": (low, high)})


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

    normal_days: int = _number(10, 1, 250)
    urgent_days: int = _number(3, 1, 250)
    critical_days: int = _number(1, 1, 250)
    draft_hours: float = _number(7, 0.5, 700)
    registered_hours: float = _number(7, 0.5, 700)
    returned_hours: float = _number(7, 0.5, 700)
    done_hours: float = _number(21, 0.5, 700)
    return_hours: float = _number(24, 1, 720)
    remind_hours: float = _number(0, 0, 700)
    supervise_hours: float = _number(7, 0, 700)
    report_hours: float = _number(21, 0, 700)


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
    join_days: float = _number(7, 0.1, 365)
    join_probability: float = _number(0.5, 0, 1)
    watch_days: float = _number(7, 0.1, 365)
    watch_grace_hours: float = _number(12, 0, 240)
    watch_coverage: float = _number(0.8, 0, 1)


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

    inspection_weight: float = _number(0.5, 0, 10)
    remind_points: float = _number(1, 0, 100)
    supervise_points: float = _number(3, 0, 100)
    report_points: float = _number(5, 0, 100)
    redo_points: float = _number(2, 0, 100)
    class_points: float = _number(10, 0, 100)
    inferior_points: float = _number(10, 0, 100)
    red_from: float = _number(90, 0, 100)
    black_below: float = _number(60, 0, 100)


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

    pace_days: int = _number(90, 2, 3650)
    pace_min_days: int = _number(14, 1, 3650)
    cleared_share: float = _number(0.95, 0.01, 1)


@dataclass(frozen=True, slots=True)
class OfficeSettings:
    """Everything in ``casework.toml``.

    Attributes
    ----------
    calendar, deadlines, cases, numbers, list, goals
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
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_TABLES: Mapping[str, type] = {
    "calendar": CalendarSettings,
    "deadlines": DeadlineSettings,
    "cases": CaseSettings,
    "numbers": NumberSettings,
    "list": ListSettings,
    "goals": GoalSettings,
}


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
    problems: list[Problem] = []

    def bad(where: str, found: object, accepted: str) -> None:
        problems.append(Problem(FILE, where, repr(found), accepted))

    try:
        tables = tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(FILE, "file", str(error), "TOML in UTF-8")]) from error
    for name in sorted(set(tables) - {*_TABLES, "groups"}):
        bad(name, name, "one of " + ", ".join((*_TABLES, "groups")))
    read = {name: _table(name, kind, tables.get(name, {}), bad) for name, kind in _TABLES.items()}
    settings = OfficeSettings(**read, groups=_groups(tables.get("groups", {}), departments, bad))
    if problems:
        raise ConfigError(problems)
    return settings


def _table(name: str, kind: type, raw: Any, bad: Any) -> Any:
    known = {each.name: each for each in fields(kind)}
    if not isinstance(raw, dict):
        bad(name, raw, f"a table [{name}]")
        return kind()
    values = {}
    for key, value in raw.items():
        where = f"{name}.{key}"
        if key not in known:
            bad(where, key, "one of " + ", ".join(known))
        elif (found := _value(known[key], value, lambda accepted, w=where, v=value: bad(w, v, accepted))) is not None:
            values[key] = found
    return kind(**values)


def _value(each: Any, value: Any, bad: Any) -> Any:
    """The value in the field's own type; None where it is not one, which was noted then."""
    if bounds := each.metadata.get("bounds"):
        whole = each.type == "int"
        if type(value) not in ((int,) if whole else (int, float)) or not bounds[0] <= value <= bounds[1]:
            return bad(f"a {'whole ' if whole else ''}number from {bounds[0]:g} to {bounds[1]:g}")
        return value
    if each.name == "hours":
        return _spans(value, bad)
    if each.type == "str":
        return _form(value, bad)
    kind, what = (date, "dates") if "date" in each.type else (str, "texts")
    if not isinstance(value, list) or any(type(item) is not kind for item in value):
        return bad(f"a list of {what}")
    return tuple(value)


def _spans(value: Any, bad: Any) -> Any:
    try:
        spans = tuple((time.fromisoformat(begin), time.fromisoformat(end)) for begin, end in value)
    except (TypeError, ValueError):
        spans = ()
    edges = [edge for span in spans for edge in span]
    if not spans or sorted(set(edges)) != edges:
        return bad('spans in order, such as [["09:00", "12:00"], ["13:00", "17:00"]]')
    return spans


def _form(value: Any, bad: Any) -> Any:
    """A form must tell every number of every year apart."""
    try:
        made = {value.format(site="", year=year, sequence=sequence) for year in (2026, 2027) for sequence in (1, 2)}
    except (AttributeError, KeyError, IndexError, ValueError, TypeError):
        made = set()
    return value if len(made) == 4 else bad("a text with {year} and {sequence}, and {site} where wanted")


def _groups(raw: Any, departments: frozenset[str], bad: Any) -> dict[str, tuple[str, ...]]:
    accepted = "a list of departments, the lead first: " + ", ".join(sorted(departments))
    found = {}
    for name, members in (raw if isinstance(raw, dict) else {}).items():
        if isinstance(members, list) and members and len(set(map(str, members))) == len(members) and (
            set(map(str, members)) <= departments
        ):  # fmt: skip
            found[name] = tuple(members)
        else:
            bad(f"groups.{name}", members, accepted)
    if not isinstance(raw, dict):
        bad("groups", raw, "a table [groups]")
    return found


def load_office(folder: Path) -> tuple[Site, OfficeSettings]:
    """A site and how its office works.

    Raises
    ------
    ConfigError
        With every mistake in the files of the one, or of the other.
    """
    from sensors.site import load_site

    site = load_site(folder)
    return site, load_settings(site)
