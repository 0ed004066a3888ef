"""What has changed since yesterday and what is to be done, in words: cards for the first page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard.board import RiverToday, Today
from dashboard.board_news import MOST, GoalNow, News, OrderLine, OrdersNow
from dashboard.casework.explained import kind_word
from dashboard.casework.lifecycle import STATES
from dashboard.links import Link, Linker, event_link, order_link, river_link
from dashboard.scene import reasons
from dashboard.scene import trend as trend_of
from dashboard.viewdata.goals import without_figure
from dashboard.wording import Wording
from sensors.site import Site

Data = dict[str, Any]


def cards(
    found: News, orders: OrdersNow | None, goals: Sequence[GoalNow], today: Today, site: Site, w: Wording, link: Linker
) -> Data:
    """The strip under the key figures; orders and goals only where there are books."""
    _ = w._
    made = [_changes(found, today, site, w, link)]
    if orders is not None:
        made += [_orders(orders, today, site, w, link), _settled(orders, today, site, w, link)]
    if goals:
        made.append(_goals(goals, w, link))
    return {"lang": _.code, "label": _("Since yesterday, and what is to be done"), "look": "news", "cards": made}


def _changes(found: News, today: Today, site: Site, w: Wording, link: Linker) -> Data:
    _ = w._
    lines = [_moved(one, w, link) for one in (*found.worse, *found.better)][: MOST + 2]
    events = found.events[:MOST]
    for event in events:
        names = [w.place(site.stations[name]) for name in event.stations if name in site.stations]
        lines.append({
            "link": link(event_link(kind_word(w._, event.kind), event.id)),
            "note": " · ".join([w.join(names), w.from_until(event.start_ms, event.end_ms, today.now_ms)]),
        })  # fmt: skip
    moved = len(found.worse) + len(found.better)
    if not found.known:
        note = _("nothing is known of yesterday's classes yet")
    else:
        note = _("{worse} worse, {better} better", worse=len(found.worse), better=len(found.better))
    more = []
    if moved + len(found.events) > len(lines):
        count = moved + len(found.events) - len(lines)
        more.append(link(Link(_.plural("{count} more", "{count} more", count), "events")))
    return {
        "key": "changes", "level": 2, "title": _("Since yesterday"), "note": note, "lines": lines, "more": more,
        "empty": _("No river changed its class, and no event began."),
    }  # fmt: skip


def _moved(one: RiverToday, w: Wording, link: Linker) -> Data:
    return {
        "mark": w.mark(one.condition), "cls": one.shade, "link": link(river_link(w.place(one.river), one.river.id)),
        "trend": trend_of(one, w), "note": reasons(one, w),
    }  # fmt: skip


def _orders(orders: OrdersNow, today: Today, site: Site, w: Wording, link: Linker) -> Data:
    _ = w._
    notes = [_("{count} overdue", count=orders.overdue)] if orders.overdue else [_("none overdue")]
    if orders.to_review:
        notes.append(_("{count} to be reviewed", count=orders.to_review))
    return {
        "key": "orders", "level": 2, "title": _("Open orders"), "count": orders.open, "note": " · ".join(notes),
        "tone": "bad" if orders.overdue else "",
        "lines": [_order(one, today, site, w, link) for one in orders.first],
        "empty": _("No order is open."),
        "more": [link(Link(_("All orders"), "orders"))],
    }  # fmt: skip


def _order(one: OrderLine, today: Today, site: Site, w: Wording, link: Linker) -> Data:
    _ = w._
    notes = [_(STATES.get(one.state, one.state))]
    if one.river is not None and one.river in site.rivers:
        notes.append(w.place(site.rivers[one.river]))
    if one.due_ms is not None:
        late_s = (today.now_ms - one.due_ms) / 1000
        notes.append(_("{span} late", span=w.span(late_s)) if one.overdue
                     else _("due {instant}", instant=w.instant(one.due_ms, today.now_ms)))  # fmt: skip
    return {
        "link": link(order_link(one.title or one.number, one.number)), "note": " · ".join(notes),
        "tone": "bad" if one.overdue else "",
    }  # fmt: skip


def _settled(orders: OrdersNow, today: Today, site: Site, w: Wording, link: Linker) -> Data:
    _ = w._
    lines = [{**_order(one, today, site, w, link), "tone": "done"} for one in orders.closed]
    return {
        "key": "settled", "level": 2, "title": _("Orders since yesterday"),
        "note": _("{opened} opened, {closed} closed", opened=orders.opened_count, closed=orders.closed_count),
        "lines": [*lines, *(_order(one, today, site, w, link) for one in orders.opened)][:MOST],
        "empty": _("None was opened and none was closed."),
    }  # fmt: skip


def _goals(goals: Sequence[GoalNow], w: Wording, link: Linker) -> Data:
    _ = w._
    return {
        "key": "goals", "level": 2, "title": _("Goals"), "note": _("as measured today"),
        "lines": [_goal(one, w, link) for one in goals],
        "more": [link(Link(_("All about the goals"), "goals"))],
    }  # fmt: skip


def _goal(one: GoalNow, w: Wording, link: Linker) -> Data:
    _ = w._
    name = one.name if w.chinese else one.name_en or one.name
    line: Data = {"link": link(Link(name, "goals", {"goal": one.id}))}
    share = one.share
    if share is None:
        return line | {"note": without_figure(one.unknown, _)}
    told = _(
        "{value} of {total}, by {day}", value=w.measure(one.value, one.unit), total=w.measure(one.total, one.unit),
        day=w.date(one.due_on),
    )  # fmt: skip
    late = one.standing in ("missed", "at_risk")
    meter = {"share": share, "text": f"{share * 100:.0f} %", "tone": "late" if late else ""}
    return line | {"note": f"{share * 100:.0f} % · {told}", "meter": meter}
