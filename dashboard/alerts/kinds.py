"""What an alert may be about, how much it matters, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboard.casework.tables.alerts import SEVERITIES

#: Kinds of alert. Those of events are ``event.`` and the event's kind, such as ``event.discharge``.
KINDS = (
    "event", "water_class", "order", "goal",
    "silent", "fault", "calibration", "clock", "disk", "spool", "hub",
)  # fmt: skip

#: What keeps probes, gateways and hub alive: the maintainer's (运维单位), never of the department that answers for the
#: water.
MAINTENANCE = frozenset({"silent", "fault", "calibration", "clock", "disk", "spool", "hub", "event.fault"})


def rank(severity: str) -> int:
    """Place of a severity, the least severe one 0."""
    return SEVERITIES.index(severity)


def is_of(kind: str, family: str) -> bool:
    """Whether a kind is another one or a sort of it: ``event.discharge`` is of ``event``."""
    return kind == family or kind.startswith(family + ".")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An alert that there should be, from what is so now.

    Attributes
    ----------
    key : str
        Names the cause; the same for as long as it is the same cause.
    kind : str
    severity : str
        One of `dashboard.casework.tables.alerts.SEVERITIES`.
    title, text : str
        In the office's language; text may have several lines. Numbers that move all the time do not belong here.
    stage : int
        How far it has gone; when it goes further, it is told again.
    river, station, gateway, grid, department, order, event : str or None
    detail : dict
        What the next look needs to know of this one; only what JSON can carry.
    """

    key: str
    kind: str
    severity: str
    title: str
    text: str = ""
    stage: int = 0
    river: str | None = None
    station: str | None = None
    gateway: str | None = None
    grid: str | None = None
    department: str | None = None
    order: str | None = None
    event: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found. Alerts of these kinds that are not among it have no cause any more.

    Attributes
    ----------
    kinds : tuple of str
        Kinds, or families of kinds, that the look covers.
    wanted : tuple of Wanted
    """

    kinds: tuple[str, ...]
    wanted: tuple[Wanted, ...]
