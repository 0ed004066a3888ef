"""Work orders (工单): opening them, and every step of their life. All changes of an order go through here.

Each function takes a session of `dashboard.casework.database.Books.change`; what it refuses it refuses before it has
changed anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import ANSWERED_BY, BEGINNINGS, RULES, Actor, Rule, StepRefusedError, check_rule
from dashboard.casework.marked import _
from dashboard.casework.order_effects import EFFECTS, Assignment, Part, Step, give_code, note, put_on_desk, unanswered
from dashboard.casework.sequences import next_number, take_turn
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.orders import ORIGINS, URGENCIES, Order, OrderPart, OrderStep

__all__ = ["Assignment", "Part", "apply", "find_order", "open_order", "possible", "unanswered"]


def open_order(
    session: Session,
    desk: Desk,
    actor: Actor,
    now_ms: int,
    *,
    title: str,
    origin: str,
    state: str = "registered",
    text: str = "",
    urgency: str = "normal",
    **place: Any,
) -> Order:
    """Open an order: registered (登记) at once, or as a draft that the office registers or dismisses.

    Parameters
    ----------
    session : Session
    desk : Desk
    actor : Actor
    now_ms : int
        Milliseconds since the epoch, UTC.
    title, text : str
    origin : str
        One of `dashboard.casework.tables.orders.ORIGINS`.
    state : {'registered', 'draft'}
    urgency : str
    **place
        Further columns of the order: river, reach, grid, outfall, event, case_key, evidence.

    Raises
    ------
    StepRefusedError
        If it may not be opened so.
    """
    if state not in BEGINNINGS or not actor.may(BEGINNINGS[state]):
        raise StepRefusedError(
            _("an order that is {state} is not opened by the role {role}"), state=state, role=actor.role
        )
    if origin not in ORIGINS or urgency not in URGENCIES:
        raise StepRefusedError(_("there is no origin {origin} or no urgency {urgency}"), origin=origin, urgency=urgency)
    title, text = _plain(title), _plain(text)
    if not title:
        raise StepRefusedError(_("an order needs a title"))
    year = desk.calendar.day(now_ms).year
    number = f"{year}-{next_number(session, f'order-{year}'):06d}"
    order = Order(number=number, title=title[:200], text=text, origin=origin, urgency=urgency, state=state,
                  created_ms=now_ms, escalation=0, reopened=0, **place)  # fmt: skip
    session.add(order)
    if state == "registered":
        give_code(session, desk, order, now_ms)
    put_on_desk(desk, order, now_ms)
    note(order, actor, now_ms, "open", None, state, text)
    session.flush()
    return order


def apply(
    session: Session,
    desk: Desk,
    number: str,
    action: str,
    actor: Actor,
    now_ms: int,
    *,
    text: str = "",
    files: Sequence[int] = (),
    assignment: Assignment | None = None,
    department: str | None = None,
    departments: Sequence[str] = (),
    due_ms: int | None = None,
    answers: int | None = None,
) -> OrderStep:
    """Take one step in the life of an order.

    Parameters
    ----------
    session : Session
    desk : Desk
    number : str
        Our own number of the order.
    action : str
        Key of `dashboard.casework.lifecycle.RULES`.
    actor : Actor
    now_ms : int
        Milliseconds since the epoch, UTC.
    text : str, optional
    files : sequence of int, optional
        Ids of attachments of the order that go with the step.
    assignment : Assignment, optional
        For ``assign``.
    department : str, optional
        For ``replace``, the department whose part is given to another. In steps of the service, whom it is about.
    departments : sequence of str, optional
        For ``replace``, the one that gets it, or none where nobody need do it. For ``redo``, whose parts are to be done
        again; empty for all.
    due_ms : int, optional
        New deadline, for ``assign``, ``extend``, ``redo`` and ``reopen``; milliseconds since the epoch, UTC.
    answers : int, optional
        For ``reply``, id of the step that it answers.

    Returns
    -------
    OrderStep

    Raises
    ------
    StepRefusedError
        With the reason; nothing was changed.
    """
    take_turn(session)
    order = find_order(session, number)
    rule = check_rule(action, order.state, actor)
    part = _own_part(order, actor, rule)
    text = _plain(text)
    _check_needs(session, order, rule, text, files, assignment, department, due_ms, answers)
    if due_ms is not None and due_ms <= now_ms:
        raise StepRefusedError(_("the deadline is not in the future"))
    before = order.state
    step = Step(session, desk, order, actor, now_ms, text, part, assignment, department, tuple(departments), due_ms,
                answers)  # fmt: skip
    if action in EFFECTS:
        EFFECTS[action](step)
    if rule.target is not None:
        order.state, order.escalation = rule.target, 0
        put_on_desk(desk, order, now_ms)
    noted = note(order, actor, now_ms, action, before, order.state, text, files, department, answers)
    session.flush()
    return noted


def find_order(session: Session, number: str) -> Order:
    """The order of a number, as the database has it now.

    Raises
    ------
    StepRefusedError
        If there is none.
    """
    order = session.get(Order, number, populate_existing=True)
    if order is None:
        raise StepRefusedError(_("there is no order {number}"), number=number)
    return order


def possible(order: Order, actor: Actor) -> list[str]:
    """Steps that an actor may take now, apart from what they need: what the board offers."""
    found = []
    for action in RULES:
        try:
            _own_part(order, actor, check_rule(action, order.state, actor))
        except StepRefusedError:
            continue
        found.append(action)
    if not any(part.state == "returned" for part in order.parts):
        found = [action for action in found if action != "replace"]
    asked = any(unanswered(order, kind) for kind, role in ANSWERED_BY.items() if role == actor.role)
    return [action for action in found if action != "reply" or asked]


def _plain(text: str) -> str:
    """Text as every database takes it: PostgreSQL has no character 0."""
    return text.replace("\0", "").strip()


def _own_part(order: Order, actor: Actor, rule: Rule) -> OrderPart | None:
    if actor.role != "department":
        return None
    part = next((part for part in order.parts if part.department == actor.department), None)
    if part is None or part.state == "returned":
        raise StepRefusedError(_("the department has no part in this order"))
    if rule.lead is not None and part.lead is not rule.lead:
        raise StepRefusedError(
            _("only the lead department may do this") if rule.lead else _("this is not for the lead department")
        )
    return part


def _check_needs(
    session: Session, order: Order, rule: Rule, text: str, files: Sequence[int], assignment: Assignment | None,
    department: str | None, due_ms: int | None, answers: int | None,
) -> None:  # fmt: skip
    given = {"text": text, "assignment": assignment, "due": due_ms, "department": department, "question": answers}
    missing = [need for need in rule.needs if need != "photo" and not given[need]]
    if missing:
        raise StepRefusedError(_("{action} needs {needs}"), action=rule.action, needs=", ".join(missing))
    rows = session.scalars(select(Attachment).where(Attachment.id.in_(files))).all() if files else []
    subject = (Order.__tablename__, order.number)
    if len(rows) != len(set(files)) or any((row.subject, row.subject_id) != subject for row in rows):
        raise StepRefusedError(_("a file does not belong to this order"))
    if {used for step in order.steps for used in step.files} & set(files):
        raise StepRefusedError(_("a file has been handed in before"))
    if "photo" in rule.needs and not any(row.media_type.startswith("image/") for row in rows):
        raise StepRefusedError(_("{action} needs {needs}"), action=rule.action, needs="photo")
