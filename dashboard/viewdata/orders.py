"""The orders page as data: whose orders somebody sees, the board, the table, and one order as a story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.access import Viewer
from dashboard.casework.lifecycle import DEPARTMENT_STATES, OFFICE_STATES
from dashboard.casework.order_effects import unanswered
from dashboard.casework.order_lists import Area, OrderFilter, OrderRow, OrdersPage, Story, order_counts, orders_page
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.orders import Order, OrderPart
from dashboard.links import Linker, order_link
from dashboard.viewdata.books_ledger import Cell, Line, ledger
from dashboard.viewdata.orders_words import (
    action_word,
    department_names,
    minute,
    origin_words,
    part_state_words,
    river_name,
    role_word,
    state_word,
    urgency_words,
)
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: States of the board, one column each, in the order of an order's life.
COLUMNS = ("draft", "registered", "assigned", "returned", "accepted", "redo", "done", "archived")

#: Orders shown in each column, newest first.
CARDS = 8

Data = dict[str, Any]


def own(viewer: Viewer, site: Site) -> OrderFilter:
    """The orders that somebody sees: a department those with a part of its own, chiefs and grid officers their area."""
    if viewer.is_("department"):
        return OrderFilter(department=viewer.department or "")
    if viewer.rivers is None and viewer.grids is None:
        return OrderFilter()
    rivers = None if viewer.rivers is None else tuple(sorted(viewer.rivers))
    return OrderFilter(area=Area(rivers, None if viewer.grids is None else tuple(sorted(viewer.grids))))


def may_see(viewer: Viewer, site: Site, order: Order) -> bool:
    """The same for one order that has been read with its parts."""
    wanted = own(viewer, site)
    if wanted.department is not None:
        return any(part.department == wanted.department for part in order.parts)
    return wanted.area is None or wanted.area.has(order.river, order.grid)


def board(session: Session, wanted: OrderFilter, site: Site, now_ms: int, w: Wording, link: Linker) -> Data:
    """The board: a column for each state with its count and its newest orders."""
    _ = w._
    counts = order_counts(session, wanted, now_ms)
    columns = []
    for state in COLUMNS:
        count = counts.states.get(state, 0)
        rows = orders_page(session, replace(wanted, states=(state,)), limit=CARDS).rows if count else ()
        overdue = counts.late.get(state, 0)
        columns.append({
            "state": state, "title": state_word(_, state), "count": count,
            "late": _.plural("{count} overdue", "{count} overdue", overdue) if overdue else "",
            "cards": [_card(row, site, now_ms, w, link) for row in rows],
            "more": _.plural("{count} more in the table", "{count} more in the table", count - len(rows))
            if count > len(rows) else "",
            "none": _("None"),
        })  # fmt: skip
    hint = _("Pick a state, or move sideways, to see its column.")
    return {"lang": _.code, "title": _("Orders by state"), "hint": hint, "columns": columns}


def _card(row: OrderRow, site: Site, now_ms: int, w: Wording, link: Linker) -> Data:
    _ = w._
    late = row.overdue(now_ms)
    due_ms = row.office_due_ms if row.state in OFFICE_STATES else row.due_ms
    names = department_names(site, w)
    due = ""
    if due_ms is not None and row.state in (*OFFICE_STATES, *DEPARTMENT_STATES):
        due = _("overdue since {time}", time=minute(due_ms, w)) if late else _("until {time}", time=minute(due_ms, w))
    return {
        "link": link(order_link(row.title, row.number)),
        "code": row.code or row.number,
        "river": river_name(site, row.river, w),
        "lead": names.get(row.lead or "", ""),
        "urgency": urgency_words(_)[row.urgency] if row.urgency != "normal" else "",
        "due": due,
        "late": late,
        "marks": _marks(row.confirmed_ms, row.reopened, w),
    }


def _marks(confirmed_ms: int | None, reopened: int, w: Wording) -> list[str]:
    _ = w._
    found = [_("verified by water")] if confirmed_ms is not None else []
    if reopened:
        found.append(_.plural("reopened {count} time", "reopened {count} times", reopened))
    return found


def table(page: OrdersPage, site: Site, now_ms: int, w: Wording, link: Linker) -> Data:
    """The table: a line for each order, which opens it."""
    _ = w._
    head = (
        _("Order number"), _("Title"), _("State"), _("River"), _("Lead department"), _("Deadline"), _("Urgency"),
        _("Origin"), _("Opened"), _("Marks"),
    )  # fmt: skip
    lines = [Line(_cells(row, site, now_ms, w), "orders", {"order": row.number}) for row in page.rows]
    return ledger(head, lines, w, link, label=_("Work orders"), stack=True)


def _cells(row: OrderRow, site: Site, now_ms: int, w: Wording) -> list[Cell | str]:
    _ = w._
    due_ms = row.office_due_ms if row.state in OFFICE_STATES else row.due_ms
    late = row.overdue(now_ms)
    due = minute(due_ms, w) + (f" ({_('overdue')})" if late else "")
    return [
        row.code or row.number, row.title, state_word(_, row.state), river_name(site, row.river, w),
        department_names(site, w).get(row.lead or "", NOTHING), Cell(due, "bad" if late else ""),
        urgency_words(_)[row.urgency], origin_words(_).get(row.origin, row.origin), minute(row.created_ms, w),
        w.join(_marks(row.confirmed_ms, row.reopened, w)),
    ]  # fmt: skip


def people(session: Session, story: Story) -> Mapping[str, str]:
    """Names of the accounts that took steps; one that is no account any more keeps its key."""
    keys = {step.actor for step in story.steps} | {file.added_by for file in story.files}
    return dict(session.execute(select(Account.id, Account.name).where(Account.id.in_(keys))).all())


def person(account: str, names: Mapping[str, str], site: Site, w: Wording) -> str:
    """Who an account is; one that is gone by its key, which may be the department's."""
    return names.get(account) or department_names(site, w).get(account, account)


def timeline(story: Story, site: Site, names: Mapping[str, str], w: Wording) -> Data:
    """Every step of an order, the newest first: who, when, what, in which words, with which files."""
    _ = w._
    departments = department_names(site, w)
    labels = file_labels(story.files, w)
    steps = {step.id: number for number, step in enumerate(story.steps, 1)}
    open_ids = {step.id for kind in ("urge", "feedback") for step in unanswered(story.order, kind)}
    lines = []
    for step in reversed(story.steps):
        moved = step.to_state is not None and step.to_state != step.from_state
        who = role_word(_, step.role) if step.role == "service" else person(step.actor, names, site, w)
        about = departments.get(step.department or "", "")
        role = "" if step.role == "service" else role_word(_, step.role)
        lines.append({
            "number": steps[step.id], "when": minute(step.time_ms, w), "what": action_word(_, step.action),
            "who": who, "as": "" if about == who else about or role,
            "to": state_word(_, step.to_state) if moved and step.to_state else "", "state": step.to_state or "",
            "text": step.text, "files": [labels[one] for one in step.files if one in labels],
            "answers": _("answers step {number}", number=steps[step.answers]) if step.answers in steps else "",
            "open": _("not answered yet") if step.id in open_ids else "",
            "kind": "late" if step.action in ("remind", "supervise", "report") else "step",
        })  # fmt: skip
    return {"lang": _.code, "title": _("Course of the order"), "steps": lines}


def file_labels(files: Sequence[Attachment], w: Wording) -> dict[int, str]:
    """What each file is called on the page: photo 1, document 1."""
    _ = w._
    labels, photos, documents = {}, 0, 0
    for file in files:
        if file.media_type.startswith("image/"):
            photos += 1
            labels[file.id] = _("photo {number}", number=photos)
        else:
            documents += 1
            labels[file.id] = _("document {number}", number=documents)
    return labels


def parts(order: Order, site: Site, now_ms: int, w: Wording) -> Data:
    """Parts of the departments, the lead's first."""
    _ = w._
    names, states = department_names(site, w), part_state_words(_)
    head = (
        _("Department"), _("Role"), _("State"), _("Deadline"), _("Requirement"), _("Answer of the department"),
        _("Answered"),
    )  # fmt: skip
    lines = []
    for part in sorted(order.parts, key=lambda part: not part.lead):
        late = _late(part, order, now_ms)
        due = minute(part.due_ms, w) + (f" ({_('overdue')})" if late else "")
        lines.append(Line((
            names.get(part.department, part.department), _("lead") if part.lead else _("co-handling"),
            states.get(part.state, part.state), Cell(due, "bad" if late else ""), part.requirement, part.answer,
            minute(part.answered_ms, w),
        )))  # fmt: skip
    return ledger(head, lines, w, label=_("Parts of the departments"), stack=True)


def _late(part: OrderPart, order: Order, now_ms: int) -> bool:
    waits = order.state in DEPARTMENT_STATES and part.answered_ms is None and part.state != "returned"
    return waits and part.due_ms is not None and part.due_ms < now_ms


def facts(order: Order, site: Site, now_ms: int, w: Wording) -> Data:
    """What stands at the head of an order, as name and value; what is not known is left out."""
    _ = w._
    due_ms = order.office_due_ms if order.state in OFFICE_STATES else order.due_ms
    late = due_ms is not None and due_ms < now_ms and order.state in (*OFFICE_STATES, *DEPARTMENT_STATES)
    due = minute(due_ms, w) + (f" ({_('overdue')})" if late else "")
    watched = order.watch_until_ms is not None and order.state in ("done", "archived")
    rows: Iterable[tuple[str, Cell | str | None]] = (
        (_("State"), state_word(_, order.state)),
        (_("Official number"), order.code),
        (_("Own number"), order.number),
        (_("Urgency"), urgency_words(_)[order.urgency]),
        (_("Origin"), origin_words(_).get(order.origin, order.origin)),
        (_("River"), river_name(site, order.river, w) if order.river else None),
        (_("Grid"), order.grid),
        (_("Outfall"), order.outfall),
        (_("Opened"), minute(order.created_ms, w)),
        (_("Deadline of the office") if order.state in OFFICE_STATES else _("Deadline"),
         Cell(due, "bad" if late else "") if due_ms else None),
        (_("Reported done"), minute(order.done_ms, w) if order.done_ms else None),
        (_("Verified by water"), minute(order.confirmed_ms, w) if order.confirmed_ms else None),
        (_("Water watched until"), minute(order.watch_until_ms, w) if watched and not order.confirmed_ms else None),
        (_("Reopened"), str(order.reopened) if order.reopened else None),
    )  # fmt: skip
    lines = [Line((name, value)) for name, value in rows if value]
    return ledger((_("What"), _("Value")), lines, w, label=_("What"))
