"""When alerts are raised, who is told, and when: ``alerts.toml`` in the site folder. No contacts, no secrets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from types import MappingProxyType
from typing import Any

from dashboard.alerts.kinds import KINDS, MAINTENANCE, is_of
from dashboard.casework.tables.alerts import SEVERITIES
from dashboard.i18n import DEFAULT_LANGUAGE, LANGUAGES
from sensors.errors import ConfigError, Problem
from sensors.lists import Checker
from sensors.site import Site
from sensors.toml_table import Table, bounded, settings_of

FILE = "alerts.toml"

#: Classes that may raise an alert by themselves.
CLASSES = ("II", "III", "IV", "V", "INFERIOR_V")

#: Who may stand in ``to`` of a route, besides ``department:ID`` and ``account:ID``. ``hears`` is whom an overdue order
#: has reached.
TARGETS = ("department", "grid", "chief", "office", "maintainer", "hears")

#: Those that stand for whoever answers for the water.
_WATER = frozenset({"department", "grid", "chief"})


@dataclass(frozen=True, slots=True)
class RaiseSettings:
    """When an alert is raised and cleared: ``[raise]``. None is quoted from a rule.

    Attributes
    ----------
    event_probability : float
        Events are told whose kind is at least so probable, where a probability is known.
    event_hours : float
        Events that ended before anybody was told are told for so long [h].
    from_class : str
        Waters of this class or worse raise an alert, whatever their target; every water does that misses its target.
    class_hours : int
        Consecutive valid hours that must be that bad.
    class_clear_hours : int
        Consecutive valid hours that must be better before it counts as better.
    class_gap_hours : int
        Valid hours farther apart than this are not consecutive [h].
    silent_min : float
        A station or gateway without a word for so long is silent [min].
    burst : int
        So many silent stations of one gateway are one alert.
    fault_hours : float
        Span over which flags are counted [h].
    fault_share : float
        A probe is faulty when at least this share of its readings in the span is flagged.
    calibration_days : int
        A calibration is due so long before its day [d].
    disk_free_gb : float
        Less free room than this on the hub's disk is an alert [GB].
    spool_rows : int
        A gateway with more rows waiting than this is an alert.
    hub_min : float
        A hub process that told nothing for so long is silent [min].
    clear_min : float
        A cause must be gone for so long before its alert is cleared: one that flickers is one thread [min].
    """

    event_probability: float = bounded(0.4, 0, 1)
    event_hours: float = bounded(72, 1, 720)
    from_class: str = "IV"
    class_hours: int = bounded(2, 1, 24)
    class_clear_hours: int = bounded(4, 1, 48)
    class_gap_hours: int = bounded(4, 1, 24)
    silent_min: float = bounded(30, 1, 1440)
    burst: int = bounded(3, 2, 1000)
    fault_hours: float = bounded(3, 1, 48)
    fault_share: float = bounded(0.8, 0.05, 1)
    calibration_days: int = bounded(7, 0, 365)
    disk_free_gb: float = bounded(2, 0, 10000)
    spool_rows: int = bounded(100000, 1, 10**9)
    hub_min: float = bounded(5, 1, 1440)
    clear_min: float = bounded(10, 0, 1440)


@dataclass(frozen=True, slots=True)
class TellSettings:
    """When people are told: ``[tell]``.

    Attributes
    ----------
    quiet_from, quiet_to : time
        Quiet hours in the site's time zone: what comes meanwhile is told, in one message, when they end. Both the same:
        there are none.
    quiet_passes : str
        Alerts at least this severe are told at any time.
    warning_min, serious_min, critical_min : float
        Not acknowledged for so long, an alert is told to the next level of duty; 0 for never [min].
    levels : int
        Levels of duty; after the last one the office is told.
    link_hours : float
        How long a link that acknowledges can be used [h].
    cleared : bool
        Whether those who were told hear that it is over.
    """

    quiet_from: time = time(22)
    quiet_to: time = time(7)
    quiet_passes: str = "critical"
    warning_min: float = bounded(240, 0, 10080)
    serious_min: float = bounded(60, 0, 10080)
    critical_min: float = bounded(15, 0, 10080)
    levels: int = bounded(2, 1, 9)
    link_hours: float = bounded(72, 1, 720)
    cleared: bool = True

    def patience_ms(self, severity: str) -> int:
        """Time in which an alert has to be acknowledged; 0 where it need not be [ms]."""
        return round(getattr(self, f"{severity}_min", 0) * 60_000)


@dataclass(frozen=True, slots=True)
class OutboxSettings:
    """How messages are delivered: ``[outbox]``.

    Attributes
    ----------
    attempts : int
        Tries before a message is given up.
    first_s, longest_s : float
        Pause after the first failure, doubled each time, and the longest one [s].
    lease_s : float
        A message whose sender died while it was being sent is sent again after this [s].
    timeout_s : float
        Longest wait for a channel [s].
    digest : int
        Most alerts in one message; what waits for the same person goes together.
    """

    attempts: int = bounded(20, 1, 1000)
    first_s: float = bounded(10, 0.01, 3600)
    longest_s: float = bounded(1800, 0.01, 86400)
    lease_s: float = bounded(120, 0.05, 3600)
    timeout_s: float = bounded(20, 0.05, 300)
    digest: int = bounded(20, 1, 100)


@dataclass(frozen=True, slots=True)
class Route:
    """Who hears of what: one ``[[route]]``. Every route that fits adds its people.

    Attributes
    ----------
    kinds : tuple of str
    to : tuple of str
        See `TARGETS`.
    classes, rivers : tuple of str
        Only alerts of these; empty for all.
    severity : str
        Only alerts at least this severe.
    """

    kinds: tuple[str, ...]
    to: tuple[str, ...]
    classes: tuple[str, ...] = ()
    rivers: tuple[str, ...] = ()
    severity: str = SEVERITIES[0]


#: What holds where a site's file has no ``[[route]]``.
ROUTES = (
    Route(("event",), ("department",)),
    Route(("event.overflow",), ("department:municipal",)),
    Route(("water_class",), ("department",)),
    Route(("water_class",), ("chief", "grid"), severity="serious"),
    Route(("order",), ("hears",)),
    Route(("goal",), ("office",)),
    Route((*sorted(MAINTENANCE),), ("maintainer",)),
)

#: Kinds of event that are told, where a site's file has no ``[events]``.
EVENTS: Mapping[str, str] = MappingProxyType(
    {"discharge": "serious", "overflow": "serious", "unknown": "warning", "fault": "warning"}
)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Everything in ``alerts.toml``.

    Attributes
    ----------
    language : str
        Of messages.
    board : str
        Address of the board as its readers reach it, for links; without it, messages have none.
    maintainer : str
        Id of the department that keeps instruments and gateways alive.
    office : tuple of str
        Accounts or contact keys of the office, where the books have no account with that role.
    raising, tell, outbox
        Tables ``[raise]``, ``[tell]`` and ``[outbox]``.
    events : mapping of str to str
        ``[events]``: kind of event -> severity; others raise nothing.
    channels : mapping of str to str
        ``[channels]``: channel -> only alerts at least this severe.
    duty : mapping of str to tuple of tuple of str
        ``[duty]``: department -> accounts or contact keys by level, where the books name nobody on duty.
    routes : tuple of Route
    """

    language: str = DEFAULT_LANGUAGE
    board: str = ""
    maintainer: str = "maintainer"
    office: tuple[str, ...] = ()
    raising: RaiseSettings = field(default_factory=RaiseSettings)
    tell: TellSettings = field(default_factory=TellSettings)
    outbox: OutboxSettings = field(default_factory=OutboxSettings)
    events: Mapping[str, str] = field(default_factory=lambda: dict(EVENTS))
    channels: Mapping[str, str] = field(default_factory=dict)
    duty: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    routes: tuple[Route, ...] = ROUTES


def load_alerts(site: Site) -> AlertSettings:
    """Read ``alerts.toml`` of a site folder; a site without one has the defaults.

    Raises
    ------
    ConfigError
        With every mistake in the file.
    """
    path = site.folder / FILE
    return read_alerts(path.read_bytes() if path.is_file() else b"", site)


def read_alerts(raw: bytes, site: Site) -> AlertSettings:
    """Read the text of an ``alerts.toml``.

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
    renamed = {"raising": "raise", "routes": "route"}
    top.known(renamed.get(each.name, each.name) for each in fields(AlertSettings))
    settings = AlertSettings(
        language=top.choice("language", DEFAULT_LANGUAGE, list(LANGUAGES)),
        board=_address(top),
        maintainer=_maintainer(top, site),
        office=top.texts("office") if "office" in top.raw else (),
        raising=settings_of(top, "raise", RaiseSettings(), _other),
        tell=settings_of(top, "tell", TellSettings(), _other),
        outbox=settings_of(top, "outbox", OutboxSettings(), _other),
        events=_severities(top, "events") or EVENTS,
        channels=_severities(top, "channels"),
        duty=_duty(top, site),
        routes=tuple(_route(one, site) for one in top.tables("route", "to")) or ROUTES,
    )
    if check.problems:
        raise ConfigError(check.problems)
    return settings


def _address(top: Table) -> str:
    text = top.text("board", "")
    if text and not text.startswith(("https://", "http://")):
        top.bad("board", "https://HOST, as readers of the board reach it")
    return text.rstrip("/")


def _maintainer(top: Table, site: Site) -> str:
    name = top.text("maintainer", "maintainer")
    if "maintainer" in top.raw and name not in site.departments:
        top.bad("maintainer", "one of " + ", ".join(site.departments))
    return name


def _other(table: Table, key: str, default: Any) -> Any:
    """A field that is no number and no flag: a time, or one of some words."""
    if isinstance(default, time):
        return _time(table, key, default)
    return table.choice(key, default, CLASSES if key == "from_class" else SEVERITIES)


def _time(table: Table, key: str, default: time) -> time:
    value = table.raw[key]
    try:
        return value if isinstance(value, time) else time.fromisoformat(value)
    except (TypeError, ValueError):
        table.bad(key, 'a time such as "22:00"')
        return default


def _severities(top: Table, name: str) -> dict[str, str]:
    table = top.table(name)
    return {} if table is None else {key: table.choice(key, SEVERITIES[0], SEVERITIES) for key in table.raw}


def _duty(top: Table, site: Site) -> dict[str, tuple[tuple[str, ...], ...]]:
    table = top.table("duty")
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    if table is None:
        return found
    table.known(site.departments)
    for name, levels in table.raw.items():
        good = isinstance(levels, list) and all(
            isinstance(level, list) and level and all(isinstance(who, str) and who for who in level) for level in levels
        )
        if good:
            found[name] = tuple(tuple(level) for level in levels)
        else:
            table.bad(name, 'a list of levels, the first called first, such as [["duty-water"], ["head-water"]]')
    return found


def _route(table: Table, site: Site) -> Route:
    table.known(each.name for each in fields(Route))
    kinds = table.texts("kinds")
    if strange := [kind for kind in kinds if kind.partition(".")[0] not in KINDS]:
        table.bad("kinds", f"some of {', '.join(KINDS)}, or event.discharge and the like, not {', '.join(strange)}")
    to = table.texts("to")
    for who in to:
        family, _, name = who.partition(":")
        known = who in TARGETS or (family == "department" and name in site.departments) or (
            family == "account" and name
        )  # fmt: skip
        if not known:
            table.bad("to", f"some of {', '.join(TARGETS)}, department:ID, account:ID")
    if any(is_of(kind, family) for kind in MAINTENANCE for family in kinds if family != "event") and _WATER & set(to):
        table.bad("to", "the maintainer, the office or somebody by name: faults and silence are not the polluter's")
    classes = table.texts("classes") if "classes" in table.raw else ()
    if set(classes) - set(CLASSES):
        table.bad("classes", "some of " + ", ".join(CLASSES))
    rivers = table.texts("rivers") if "rivers" in table.raw else ()
    if set(rivers) - set(site.rivers):
        table.bad("rivers", "ids of rivers.csv")
    return Route(kinds, to, classes, rivers, table.choice("severity", SEVERITIES[0], SEVERITIES))
