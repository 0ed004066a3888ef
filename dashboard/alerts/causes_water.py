"""What the water gives reason to tell: events, and rivers that are worse than they may be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from analytics.grading import WaterClass
from collectors.stores.base import HOUR_MS, Event
from dashboard.alerts.kinds import Wanted
from dashboard.alerts.levels import Hour, level_of
from dashboard.alerts.settings import AlertSettings
from dashboard.casework.cases import place_of
from dashboard.casework.desk import Desk
from dashboard.casework.evidence import Evidence, read_event
from dashboard.i18n import Translator
from dashboard.wording import Wording
from sensors.place import River

#: How much a class matters, by itself.
_SEVERITIES = {WaterClass.IV: "warning", WaterClass.V: "serious", WaterClass.INFERIOR_V: "critical"}


def event_word(_: Translator, kind: str) -> str:
    """Kind of an event for people."""
    words = {
        "discharge": _("Suspected discharge"), "overflow": _("Overflow"), "operation": _("Gate or pump operation"),
        "fault": _("Suspected probe fault"), "unknown": _("Unusual water"),
    }  # fmt: skip
    return words.get(kind, kind)


def of_events(
    desk: Desk, settings: AlertSettings, events: Iterable[Event], orders: Mapping[str, str], told: Collection[str],
    now_ms: int,
) -> Iterator[Wanted]:  # fmt: skip
    """An alert for each event that goes on, and for each that ended before anybody was told.

    Parameters
    ----------
    desk : Desk
    settings : AlertSettings
    events : iterable of Event
    orders : mapping of str to str
        Event -> work order that has it.
    told : collection of str
        Events that have had an alert.
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    for event in events:
        severity = settings.events.get(event.kind)
        evidence = read_event(event, desk.site)
        share = evidence.get("probabilities", {}).get(event.kind, 1.0)
        if severity is None or share < settings.raising.event_probability:
            continue
        over = event.end_ms is not None and event.end_ms <= now_ms
        late = now_ms - event.detected_ms > settings.raising.event_hours * HOUR_MS
        if over and (late or event.id in told):
            continue
        yield _of_event(desk, event, evidence, severity, orders.get(event.id))


def _of_event(desk: Desk, event: Event, evidence: Evidence, severity: str, order: str | None) -> Wanted:
    _, w = desk.words, Wording.of(desk.site, desk.words)
    place = place_of(desk, evidence)
    named = [w.place(desk.site.stations[station]) for station in place.stations]
    river = w.place(desk.site.rivers[place.river]) if place.river else ""
    title = _("{kind}: {river}", kind=event_word(_, event.kind), river=river or w.join(named) or _("place unknown"))
    lines = []
    if named:
        lines.append(_("Stations: {stations}", stations=w.join(named)))
    if determinands := evidence.get("determinands"):
        lines.append(_("Determinands: {names}", names=w.names(determinands)))
    for candidate in evidence["candidates"][:3]:
        lines.append(
            _(
                "Outfall {outfall}: {percent} %",
                outfall=candidate["outfall"],
                percent=round(candidate["probability"] * 100),
            )
        )
    if evidence.get("cannot_tell", 0.0) >= 0.5:
        lines.append(_("Where it comes from cannot be told."))
    return Wanted(
        f"event:{event.id}"[:200], f"event.{event.kind}"[:64], severity, title, "\n".join(lines), river=place.river,
        station=place.stations[0] if place.stations else None, department=place.department, order=order,
        event=event.id, detail={"stations": list(place.stations), "outfall": place.outfall},
    )  # fmt: skip


def of_classes(
    desk: Desk, settings: AlertSettings, hours: Mapping[str, Sequence[Hour]], held: Mapping[str, Mapping[str, Any]]
) -> Iterator[Wanted]:
    """An alert for each river that is bad, or one of whose stations is.

    Parameters
    ----------
    desk : Desk
    settings : AlertSettings
    hours : mapping of str to sequence of (int, WaterClass)
        Valid hours of rivers and stations, in order.
    held : mapping of str to mapping
        River -> ``levels`` of its open alert, subject -> class.
    """
    for river in desk.site.rivers.values():
        target = WaterClass[river.target_class]
        before = held.get(river.id, {})
        levels = {}
        for subject in (river.id, *(station.id for station in desk.site.stations_of(river.id))):
            known = WaterClass.__members__.get(str(before.get(subject)))
            if (level := level_of(hours.get(subject, ()), known, target, settings.raising)) is not None:
                levels[subject] = level
        if levels:
            yield _of_class(desk, river, target, levels)


def _of_class(desk: Desk, river: River, target: WaterClass, levels: Mapping[str, WaterClass]) -> Wanted:
    _, w = desk.words, Wording.of(desk.site, desk.words)
    worst = max(levels.values())
    title = _("{river}: {water_class}", river=w.place(river), water_class=w.water_class(worst.name))
    lines = [_("Target: {water_class}", water_class=w.water_class(target.name))]
    if river.id in levels:
        lines.append(_("The river: {water_class}", water_class=w.water_class(levels[river.id].name)))
    for station in desk.site.stations_of(river.id):
        if station.id in levels:
            water_class = w.water_class(levels[station.id].name)
            lines.append(_("{station}: {water_class}", station=w.place(station), water_class=water_class))
    return Wanted(
        f"class:{river.id}", "water_class", _SEVERITIES.get(worst, "warning"), title, "\n".join(lines), int(worst),
        river=river.id, department=river.department,
        detail={"water_class": worst.name, "levels": {subject: level.name for subject, level in levels.items()}},
    )  # fmt: skip
