"""What each step of an order's life does to it; `dashboard.casework.orders.apply` is who calls it.

Everything that a step may be refused for is looked at before anything is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy.orm import Session

from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import ANSWERED_BY, OFFICE_STATES, Actor, StepRefusedError
from dashboard.casework.marked import _
from dashboard.casework.sequences import next_number
from dashboard.casework.tables.orders import URGENCIES, Order, OrderPart, OrderStep
from sensors.durations import DAY_MS, HOUR_MS


@dataclass(frozen=True, slots=True)
class Part:
    """What one department is asked for.

    Attributes
    ----------
    department : str
    requirement : str
    due_ms : int or None
        Deadline of its own, milliseconds since the epoch, UTC; None for that of the order.
    """

    department: str
    requirement: str = ""
    due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """To whom an order goes: the first part is the lead's (主办), the others handle with it (协办).

    Attributes
    ----------
    parts : tuple of Part
    due_ms : int
        Deadline, milliseconds since the epoch, UTC.
    urgency : str
        One of `dashboard.casework.tables.orders.URGENCIES`.
    """

    parts: tuple[Part, ...]
    due_ms: int
    urgency: str = "normal"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is being taken: see `dashboard.casework.orders.apply`."""

    session: Session
    desk: Desk
    order: Order
    actor: Actor
    now_ms: int
    text: str
    part: OrderPart | None
    assignment: Assignment | None
    department: str | None
    departments: tuple[str, ...]
    due_ms: int | None
    answers: int | None


def unanswered(order: Order, kind: str) -> list[OrderStep]:
    """Side actions of a kind (``urge``, ``feedback``) that nobody has answered yet."""
    answered = {step.answers for step in order.steps}
    return [step for step in order.steps if step.action == kind and step.id not in answered]


def note(
    order: Order, actor: Actor, now_ms: int, action: str, before: str | None, after: str, text: str,
    files: Sequence[int] = (), department: str | None = None, answers: int | None = None,
) -> OrderStep:  # fmt: skip
    """Leave the trace of a step; in steps of the service, `department` is whom it is about."""
    about = department if actor.department is None else actor.department
    step = OrderStep(time_ms=now_ms, actor=actor.account, role=actor.role, department=about, action=action,
                     from_state=before, to_state=after, text=text, files=list(files), answers=answers)  # fmt: skip
    order.steps.append(step)
    return step


def give_code(session: Session, desk: Desk, order: Order, now_ms: int) -> None:
    """Give an order its official number (督查督办编号), as it is registered."""
    year = desk.calendar.day(now_ms).year
    sequence = next_number(session, f"code-{year}")
    order.code = desk.settings.numbers.order.format(site=desk.site.name, year=year, sequence=sequence)
    order.registered_ms = now_ms


def put_on_desk(desk: Desk, order: Order, now_ms: int) -> None:
    """While the office has the next step it has a deadline of its own."""
    hours = getattr(desk.settings.deadlines, f"{order.state}_hours") if order.state in OFFICE_STATES else None
    order.office_due_ms = None if hours is None else desk.calendar.add_hours(now_ms, hours)


def _register(step: Step) -> None:
    give_code(step.session, step.desk, step.order, step.now_ms)


def _assign(step: Step) -> None:
    given, order = step.assignment, step.order
    assert given is not None
    names = [part.department for part in given.parts]
    _check_departments(step.desk, names)
    if not names or len(set(names)) != len(names):
        raise StepRefusedError(_("an order goes to at least one department, and to each only once"))
    if given.urgency not in URGENCIES:
        raise StepRefusedError(_("there is no urgency {urgency}"), urgency=given.urgency)
    if min(given.due_ms, *(part.due_ms or given.due_ms for part in given.parts)) <= step.now_ms:
        raise StepRefusedError(_("the deadline is not in the future"))
    known = {part.department: part for part in order.parts}
    for name in set(known) - set(names):
        order.parts.remove(known[name])
        step.session.delete(known[name])
    for wanted in given.parts:
        part = known.get(wanted.department) or OrderPart(department=wanted.department, answer="")
        part.lead, part.requirement = wanted.department == names[0], wanted.requirement.replace("\0", "")
        _give(part, wanted.due_ms or given.due_ms, "assigned")
        if part.department not in known:
            order.parts.append(part)
    order.urgency, order.due_ms, order.assigned_ms = given.urgency, given.due_ms, step.now_ms


def _return(step: Step) -> None:
    _check_in_time(step)
    for part in step.order.parts:
        part.state = "returned"


def _close(step: Step) -> None:
    order, own = step.order, step.part
    assert own is not None
    if late := [part.department for part in order.parts if part is not own and part.state != "answered"]:
        raise StepRefusedError(_("parts have not been answered: {departments}"), departments=", ".join(late))
    if unanswered(order, "urge"):
        raise StepRefusedError(_("what the office urged has not been answered"))
    _answer(step)
    order.done_ms, order.confirmed_ms = step.now_ms, None
    if order.event is not None:
        order.watch_until_ms = step.now_ms + round(step.desk.settings.cases.watch_days * DAY_MS)


def _redo(step: Step) -> None:
    order = step.order
    due_ms = step.due_ms or step.desk.proposed_due(order.urgency, step.now_ms)
    whose = step.departments or tuple(part.department for part in order.parts)
    if unknown := set(whose) - {part.department for part in order.parts}:
        raise StepRefusedError(_("no part in this order: {departments}"), departments=", ".join(sorted(unknown)))
    for part in order.parts:
        # The lead answers for the whole, and so has to report again in any case.
        if part.department in whose or part.lead:
            _give(part, due_ms, "redo")
    order.due_ms, order.done_ms, order.watch_until_ms, order.confirmed_ms = due_ms, None, None, None


def _reopen(step: Step) -> None:
    _redo(step)
    step.order.reopened += 1
    step.order.archived_ms = None


def _archive(step: Step) -> None:
    if unanswered(step.order, "feedback"):
        raise StepRefusedError(_("what the department asked has not been answered"))
    step.order.archived_ms = step.now_ms


def _answer(step: Step) -> None:
    part = step.part
    assert part is not None
    if part.state == "answered":
        raise StepRefusedError(_("the part has been answered"))
    part.state, part.answer, part.answered_ms, part.escalation = "answered", step.text, step.now_ms, 0


def _hand_back(step: Step) -> None:
    part = step.part
    assert part is not None
    if part.state != "assigned":
        raise StepRefusedError(_("the part is {state}"), state=part.state)
    _check_in_time(step)
    part.state = "returned"


def _replace(step: Step) -> None:
    order, session = step.order, step.session
    part = next((part for part in order.parts if part.department == step.department), None)
    if part is None or part.state != "returned":
        raise StepRefusedError(_("the department has not given back a part of this order"))
    if len(step.departments) > 1 or set(step.departments) & {each.department for each in order.parts}:
        raise StepRefusedError(_("a part goes to one department that has none yet"))
    _check_departments(step.desk, step.departments)
    order.parts.remove(part)
    session.delete(part)
    for name in step.departments:
        new = OrderPart(department=name, lead=False, requirement=part.requirement, answer="")
        _give(new, step.due_ms or order.due_ms, "assigned")
        order.parts.append(new)


def _extend(step: Step) -> None:
    order, due_ms = step.order, step.due_ms
    if step.department is None:
        order.due_ms, order.escalation = due_ms, 0
    elif step.department not in {part.department for part in order.parts}:
        raise StepRefusedError(_("no part in this order: {departments}"), departments=step.department)
    for part in order.parts:
        if step.department in (None, part.department) and part.state != "answered":
            part.due_ms, part.escalation = due_ms, 0


def _reply(step: Step) -> None:
    asked = next((each for each in step.order.steps if each.id == step.answers), None)
    if asked is None or asked.action not in ANSWERED_BY:
        raise StepRefusedError(_("there is nothing of that number to answer"))
    if asked not in unanswered(step.order, asked.action):
        raise StepRefusedError(_("it has been answered"))
    if step.actor.role != ANSWERED_BY[asked.action]:
        raise StepRefusedError(_("it is answered by the role {role}"), role=ANSWERED_BY[asked.action])


def _confirm(step: Step) -> None:
    step.order.confirmed_ms = step.now_ms


def _watch(step: Step) -> None:
    step.order.watch_until_ms = step.due_ms


def _give(part: OrderPart, due_ms: int | None, state: str) -> None:
    part.state, part.due_ms, part.answered_ms, part.escalation = state, due_ms, None, 0


def _check_in_time(step: Step) -> None:
    hours = step.desk.settings.deadlines.return_hours
    given_ms = max(each.time_ms for each in step.order.steps if each.action in ("assign", "replace"))
    if step.now_ms - given_ms > hours * HOUR_MS:
        when = step.desk.calendar.minute(given_ms)
        raise StepRefusedError(_("it was assigned at {time}, more than {hours:g} h ago"), time=when, hours=hours)


def _check_departments(desk: Desk, names: Sequence[str]) -> None:
    if unknown := sorted(set(names) - set(desk.site.departments)):
        raise StepRefusedError(_("there is no department {departments}"), departments=", ".join(unknown))


#: What a step does besides moving the order on; steps without an effect only leave their trace.
EFFECTS: Mapping[str, Callable[[Step], None]] = MappingProxyType(
    {
        "register": _register, "assign": _assign, "return": _return, "close": _close, "redo": _redo,
        "reopen": _reopen, "archive": _archive, "answer": _answer, "hand_back": _hand_back, "replace": _replace,
        "extend": _extend, "reply": _reply, "confirm": _confirm, "watch": _watch,
    }
)  # fmt: skip
