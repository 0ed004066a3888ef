"""What the water gives reason to tell: events, and rivers that are worse than they may be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from analytics.grading import WaterClass
from collectors.stores.base import Event
from dashboard.alerts.kinds import Wanted
from dashboard.alerts.levels import Hour, alarming, level_of
from dashboard.alerts.pollutants import TITLED, over_class_iii, over_words
from dashboard.alerts.settings import AlertSettings
from dashboard.casework.cases import place_of
from dashboard.casework.desk import Desk
from dashboard.casework.evidence import Evidence, read_event
from dashboard.casework.explained import explained, kind_word
from dashboard.wording import Wording
from sensors.durations import HOUR_MS
from sensors.place import River

#: How much a class matters, by itself.
_SEVERITIES = {WaterClass.IV: "warning", WaterClass.V: "serious", WaterClass.INFERIOR_V: "critical"}


def of_events(
    desk: Desk, settings: AlertSettings, events: Iterable[Event], orders: Mapping[str, str], told: Collection[str],
    now_ms: int, rejected: Collection[str] = (),
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
    rejected : collection of str
        Events that the office said are none: nobody is told any more.
    """
    for event in events:
        if event.id in rejected or event.detail.get("illustrative") is True:
            continue
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
    where = river or w.join(named) or _("place unknown")
    title = _("{kind}: {river}", kind=kind_word(_, event.kind), river=where)
    if first := evidence.get("first"):
        key, body = first["determinand"], desk.site.stations[first["station"]].water_body
        over = over_words(over_class_iii({key: first["value"]}, body), w)
        amount = over[0] if over else f"{w.determinand(key)} {w.number(key, first['value'])} {w.unit(key)}".rstrip()
        title = _("{title}, {pollutants}", title=title, pollutants=amount)
    lines = [_("River: {river}", river=river)] if river else []
    if named:
        lines.append(_("Stations: {stations}", stations=w.join(named)))
    lines += explained(evidence, desk.site, w).lines
    for candidate in evidence["candidates"][1:3]:
        share = round(candidate["probability"] * 100)
        lines.append(_("Outfall {outfall}: {percent} %", outfall=candidate["outfall"], percent=share))
    return Wanted(
        f"event:{event.id}"[:200], f"event.{event.kind}"[:64], severity, title, "\n".join(lines), river=place.river,
        station=place.stations[0] if place.stations else None, department=place.department, order=order,
        event=event.id,
        detail={"stations": list(place.stations), "outfall": place.outfall, "since_ms": event.start_ms},
    )  # fmt: skip


def of_classes(
    desk: Desk, settings: AlertSettings, hours: Mapping[str, Sequence[Hour]], held: Mapping[str, Mapping[str, Any]],
    means: Mapping[str, Mapping[str, float]],
) -> Iterator[Wanted]:  # fmt: skip
    """An alert for each river that is bad, or one of whose stations is.

    Parameters
    ----------
    desk : Desk
    settings : AlertSettings
    hours : mapping of str to sequence of (int, WaterClass)
        Valid hours of rivers and stations, in order.
    held : mapping of str to mapping
        River -> detail of its open alert.
    means : mapping of str to mapping
        Newest values of rivers and stations by determinand, in its unit.
    """
    for river in desk.site.rivers.values():
        target = WaterClass[river.target_class]
        before = held.get(river.id, {})
        known_levels = before.get("levels")
        levels, since_ms = {}, before.get("since_ms")
        for subject in (river.id, *(station.id for station in desk.site.stations_of(river.id))):
            known = known_levels.get(subject) if isinstance(known_levels, dict) else None
            rows = hours.get(subject, ())
            level = level_of(rows, WaterClass.__members__.get(str(known)), target, settings.raising)
            if level is None:
                continue
            levels[subject] = level
            if not isinstance(before.get("since_ms"), int) and (begun := _begun(rows, target, settings)) is not None:
                since_ms = begun if since_ms is None else min(begun, since_ms)
        if levels:
            yield _of_class(desk, river, target, levels, means, since_ms)


def _begun(hours: Sequence[Hour], target: WaterClass, settings: AlertSettings) -> int | None:
    """Start of the first of the newest hours that are all bad [ms since the epoch, UTC]."""
    begun = None
    for time_ms, water_class in reversed(hours):
        if not alarming(water_class, target, settings.raising):
            break
        begun = time_ms
    return begun


def _of_class(
    desk: Desk, river: River, target: WaterClass, levels: Mapping[str, WaterClass],
    means: Mapping[str, Mapping[str, float]], since_ms: int | None,
) -> Wanted:  # fmt: skip
    _, w = desk.words, Wording.of(desk.site, desk.words)
    worst = max(levels.values())
    title = _("{river}: {water_class}", river=w.place(river), water_class=w.water_class(worst.name))
    lines = [_("Target: {water_class}", water_class=w.water_class(target.name))]
    if river.id in levels:
        lines.append(_("The river: {water_class}", water_class=w.water_class(levels[river.id].name)))
    named: list[str] = []
    for station in desk.site.stations_of(river.id):
        if station.id not in levels:
            continue
        over = over_words(over_class_iii(means.get(station.id, {}), station.water_body), w)
        if levels[station.id] == worst and not named:
            named = over[:TITLED]
        water_class = w.water_class(levels[station.id].name)
        line = _("{station}: {water_class}", station=w.place(station), water_class=water_class)
        lines.append(_("{title}, {pollutants}", title=line, pollutants=w.join(over)) if over else line)
    if not named:
        bodies = {station.water_body for station in desk.site.stations_of(river.id)}
        if len(bodies) == 1:
            named = over_words(over_class_iii(means.get(river.id, {}), bodies.pop()), w)[:TITLED]
    if named:
        title = _("{title}, {pollutants}", title=title, pollutants=w.join(named))
    detail: dict[str, Any] = {
        "water_class": worst.name, "levels": {subject: level.name for subject, level in levels.items()},
    }  # fmt: skip
    if since_ms is not None:
        detail["since_ms"] = since_ms
    return Wanted(
        f"class:{river.id}", "water_class", _SEVERITIES.get(worst, "warning"), title, "\n".join(lines), int(worst),
        river=river.id, department=river.department, detail=detail,
    )  # fmt: skip
