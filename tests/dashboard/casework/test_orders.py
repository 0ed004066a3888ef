from __future__ import annotations

import pytest

from dashboard.casework.audit import verify
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import RULES, SERVICE, Actor, StepRefusedError
from dashboard.casework.orders import Assignment, Part, apply, open_order, possible
from tests.dashboard.casework.made import (
    CHIEF,
    CITY,
    DAY_MS,
    HOUR_MS,
    NOW,
    OFFICE,
    WATER,
    assigned,
    at,
    given,
    order_of,
    photo,
    registered,
    take,
)


def test_from_registration_to_the_archive(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water", now_ms=NOW)
    take(books, desk, number, "accept", WATER, NOW + HOUR_MS, text="on our way")
    take(books, desk, number, "close", WATER, NOW + DAY_MS, text="pipe repaired")
    take(books, desk, number, "redo", OFFICE, NOW + 2 * DAY_MS, text="still wet")
    take(books, desk, number, "accept", WATER, NOW + 3 * DAY_MS)
    take(books, desk, number, "close", WATER, NOW + 4 * DAY_MS, text="repaired again")
    take(books, desk, number, "archive", OFFICE, NOW + 5 * DAY_MS, text="")
    order = order_of(books, number)
    assert (order.number, order.code) == ("2026-000001", "2026-0001")
    assert [(s.action, s.from_state, s.to_state, s.actor, s.role, s.department) for s in order.steps] == [
        ("open", None, "registered", "wang", "office", None),
        ("assign", "registered", "assigned", "wang", "office", None),
        ("accept", "assigned", "accepted", "li", "department", "water"),
        ("close", "accepted", "done", "li", "department", "water"),
        ("redo", "done", "redo", "wang", "office", None),
        ("accept", "redo", "accepted", "li", "department", "water"),
        ("close", "accepted", "done", "li", "department", "water"),
        ("archive", "done", "archived", "wang", "office", None),
    ]
    assert (order.registered_ms, order.assigned_ms) == (NOW, NOW)
    assert (order.done_ms, order.archived_ms) == (NOW + 4 * DAY_MS, NOW + 5 * DAY_MS)
    [part] = order.parts
    assert (part.lead, part.state, part.answer, part.answered_ms) == (
        True, "answered", "repaired again", NOW + 4 * DAY_MS,
    )  # fmt: skip
    # What did not come from the water is not watched there.
    assert order.watch_until_ms is None
    with books.read() as session:
        assert verify(session).problems == ()


@pytest.mark.parametrize("actor", [Actor("x", "public"), Actor("x", "grid_officer"), WATER, Actor("root", "admin")])
def test_who_may_not_open_an_order(books: Books, desk: Desk, actor: Actor) -> None:
    with pytest.raises(StepRefusedError, match="is not opened by the role"), books.change("x", NOW) as session:
        open_order(session, desk, actor, NOW, title="x", origin="public")


def test_a_chief_registers(books: Books, desk: Desk) -> None:
    with books.change("zhao", NOW) as session:
        assert open_order(session, desk, CHIEF, NOW, title=" x ", origin="chief").title == "x"


@pytest.mark.parametrize("wrong", [{"title": "  "}, {"origin": "dream"}, {"urgency": "later"}])
def test_an_order_without_title_or_of_no_known_origin_is_refused(books: Books, desk: Desk, wrong: dict) -> None:
    with pytest.raises(StepRefusedError), books.change("wang", NOW) as session:
        open_order(session, desk, OFFICE, NOW, **{"title": "x", "origin": "public", **wrong})


def draft(books: Books, desk: Desk) -> str:
    with books.change("riverchief", NOW) as session:
        return open_order(session, desk, SERVICE, NOW, title="x", origin="event", state="draft").number


def test_a_draft_is_registered_or_dismissed_with_a_reason(books: Books, desk: Desk) -> None:
    first, second = draft(books, desk), draft(books, desk)
    assert order_of(books, first).code is None
    take(books, desk, first, "register", OFFICE, NOW + 1)
    with pytest.raises(StepRefusedError, match="dismiss needs text"):
        take(books, desk, second, "dismiss", OFFICE, NOW, text="  ")
    with pytest.raises(StepRefusedError, match="dismiss is not for the role chief"):
        take(books, desk, second, "dismiss", CHIEF, NOW)
    take(books, desk, second, "dismiss", OFFICE, NOW, text="rain only")
    assert (order_of(books, first).code, order_of(books, first).registered_ms) == ("2026-0001", NOW + 1)
    dismissed = order_of(books, second)
    assert (dismissed.state, dismissed.code, dismissed.steps[-1].text) == ("dismissed", None, "rain only")
    for action in RULES:
        with pytest.raises(StepRefusedError):
            take(books, desk, second, action, OFFICE, NOW)


@pytest.mark.parametrize(("later_ms", "possible_"), [(24 * HOUR_MS, True), (24 * HOUR_MS + 1, False)])
def test_an_order_is_given_back_within_a_day(books: Books, desk: Desk, later_ms: int, possible_: bool) -> None:
    number = assigned(books, desk, "water", "city_management")
    if possible_:
        take(books, desk, number, "return", WATER, NOW + later_ms, text="not ours")
        take(books, desk, number, "assign", OFFICE, NOW + later_ms, assignment=given("municipal"))
        order = order_of(books, number)
        assert (order.state, [part.department for part in order.parts]) == ("assigned", ["municipal"])
    else:
        with pytest.raises(StepRefusedError, match="assigned at 2026-05-11 10:00, more than 24 h ago"):
            take(books, desk, number, "return", WATER, NOW + later_ms, text="not ours")
        assert order_of(books, number).state == "assigned"


def test_given_back_to_the_same_department_again(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    take(books, desk, number, "return", WATER, NOW)
    take(books, desk, number, "assign", OFFICE, NOW, assignment=given("water", "community"))
    parts = order_of(books, number).parts
    assert [(p.department, p.lead, p.state) for p in parts] == [
        ("water", True, "assigned"), ("community", False, "assigned"),
    ]  # fmt: skip


@pytest.mark.parametrize("action", ["accept", "close"])
def test_accepting_and_closing_need_a_text_and_a_photo(books: Books, desk: Desk, action: str) -> None:
    number = assigned(books, desk)
    if action == "close":
        take(books, desk, number, "accept", WATER, NOW)
    before = order_of(books, number)
    with pytest.raises(StepRefusedError, match=f"{action} needs text"):
        take(books, desk, number, action, WATER, NOW, text="")
    with pytest.raises(StepRefusedError, match=f"{action} needs photo"):
        take(books, desk, number, action, WATER, NOW, files=[])
    with books.change("li", NOW) as session:
        document, elsewhere = photo(session, number, "application/pdf"), photo(session, "2026-000009")
    with pytest.raises(StepRefusedError, match=f"{action} needs photo"):
        take(books, desk, number, action, WATER, NOW, files=[document])
    for stray in ([elsewhere], [10_000]):
        with pytest.raises(StepRefusedError, match="a file does not belong to this order"):
            take(books, desk, number, action, WATER, NOW, files=stray)
    after = order_of(books, number)
    assert (after.state, len(after.steps)) == (before.state, len(before.steps))


def test_a_photo_proves_one_thing_only(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    step = take(books, desk, number, "accept", WATER, NOW)
    with pytest.raises(StepRefusedError, match="a file has been handed in before"):
        take(books, desk, number, "close", WATER, NOW, files=step.files)


def test_co_handling_departments_answer_before_the_lead_closes(books: Books, desk: Desk) -> None:
    number = registered(books, desk)
    wanted = Assignment(
        (Part("water", "repair"), Part("city_management", "fine", NOW + DAY_MS)), NOW + 9 * DAY_MS, "urgent"
    )
    take(books, desk, number, "assign", OFFICE, NOW, assignment=wanted)
    parts = order_of(books, number).parts
    assert [(p.department, p.lead, p.requirement, p.due_ms) for p in parts] == [
        ("water", True, "repair", NOW + 9 * DAY_MS),
        ("city_management", False, "fine", NOW + DAY_MS),
    ]
    with pytest.raises(StepRefusedError, match="only the lead department"):
        take(books, desk, number, "accept", CITY, NOW)
    with pytest.raises(StepRefusedError, match="has no part"):
        take(books, desk, number, "accept", Actor("x", "department", "market"), NOW)
    take(books, desk, number, "accept", WATER, NOW)
    with pytest.raises(StepRefusedError, match="parts have not been answered: city_management"):
        take(books, desk, number, "close", WATER, NOW)
    take(books, desk, number, "answer", CITY, NOW + 5, text="fined")
    with pytest.raises(StepRefusedError, match="the part has been answered"):
        take(books, desk, number, "answer", CITY, NOW)
    with pytest.raises(StepRefusedError, match="not for the lead department"):
        take(books, desk, number, "answer", WATER, NOW)
    take(books, desk, number, "close", WATER, NOW + 9, text="repaired")
    assert [(p.state, p.answer, p.answered_ms) for p in order_of(books, number).parts] == [
        ("answered", "repaired", NOW + 9), ("answered", "fined", NOW + 5),
    ]  # fmt: skip


def test_a_part_is_given_back_and_given_to_another(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water", "city_management")
    with pytest.raises(StepRefusedError, match="has not given back a part"):
        take(books, desk, number, "replace", OFFICE, NOW, department="city_management", departments=["market"])
    take(books, desk, number, "hand_back", CITY, NOW + HOUR_MS)
    with pytest.raises(StepRefusedError, match="has no part"):
        take(books, desk, number, "answer", CITY, NOW + HOUR_MS)
    take(books, desk, number, "accept", WATER, NOW)
    with pytest.raises(StepRefusedError, match="parts have not been answered"):
        take(books, desk, number, "close", WATER, NOW)
    with pytest.raises(StepRefusedError, match="a part goes to one department that has none yet"):
        take(books, desk, number, "replace", OFFICE, NOW, department="city_management", departments=["water"])
    take(books, desk, number, "replace", OFFICE, NOW + 30 * HOUR_MS, department="city_management",
         departments=["market"])  # fmt: skip
    market = Actor("x", "department", "market")
    # It has a day of its own.
    take(books, desk, number, "hand_back", market, NOW + 50 * HOUR_MS)
    take(books, desk, number, "replace", OFFICE, NOW + 51 * HOUR_MS, department="market")
    take(books, desk, number, "close", WATER, NOW + 52 * HOUR_MS)
    assert [part.department for part in order_of(books, number).parts] == ["water"]


def test_what_is_urged_or_asked_must_be_answered(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    with pytest.raises(StepRefusedError, match="urge is not possible while the order is assigned"):
        take(books, desk, number, "urge", OFFICE, NOW)
    take(books, desk, number, "accept", WATER, NOW)
    urged = take(books, desk, number, "urge", OFFICE, NOW, text="how far?")
    asked = take(books, desk, number, "feedback", WATER, NOW, text="who pays?")
    with pytest.raises(StepRefusedError, match="what the office urged has not been answered"):
        take(books, desk, number, "close", WATER, NOW)
    with pytest.raises(StepRefusedError, match="it is answered by the role department"):
        take(books, desk, number, "reply", OFFICE, NOW, answers=urged.id)
    with pytest.raises(StepRefusedError, match="nothing of that number"):
        take(books, desk, number, "reply", WATER, NOW, answers=10_000)
    reply = take(books, desk, number, "reply", WATER, NOW, answers=urged.id, text="half")
    assert reply.answers == urged.id
    with pytest.raises(StepRefusedError, match="it has been answered"):
        take(books, desk, number, "reply", WATER, NOW, answers=urged.id)
    take(books, desk, number, "close", WATER, NOW)
    with pytest.raises(StepRefusedError, match="what the department asked has not been answered"):
        take(books, desk, number, "archive", OFFICE, NOW)
    take(books, desk, number, "reply", OFFICE, NOW, answers=asked.id, text="the city")
    take(books, desk, number, "archive", OFFICE, NOW)


def test_some_parts_are_done_again(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water", "city_management", "market")
    take(books, desk, number, "accept", WATER, NOW)
    take(books, desk, number, "answer", CITY, NOW)
    take(books, desk, number, "answer", Actor("x", "department", "market"), NOW)
    take(books, desk, number, "close", WATER, NOW)
    with pytest.raises(StepRefusedError, match="no part in this order: community"):
        take(books, desk, number, "redo", OFFICE, NOW, departments=["community"])
    with pytest.raises(StepRefusedError, match="the deadline is not in the future"):
        take(books, desk, number, "redo", OFFICE, NOW, due_ms=NOW)
    take(books, desk, number, "redo", OFFICE, NOW, departments=["city_management"])
    order = order_of(books, number)
    assert [part.state for part in order.parts] == ["redo", "redo", "answered"]
    # Ten working days after Monday, 11 May.
    assert order.due_ms == at("2026-05-25 17:00")


def test_a_deadline_is_extended_with_a_reason(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water", "city_management")
    take(books, desk, number, "extend", OFFICE, NOW, department="city_management", due_ms=NOW + 20 * DAY_MS)
    take(books, desk, number, "answer", CITY, NOW)
    take(books, desk, number, "extend", OFFICE, NOW, due_ms=NOW + 30 * DAY_MS)
    order = order_of(books, number)
    assert order.due_ms == NOW + 30 * DAY_MS
    assert [part.due_ms for part in order.parts] == [NOW + 30 * DAY_MS, NOW + 20 * DAY_MS]
    with pytest.raises(StepRefusedError, match="no part in this order: market"):
        take(books, desk, number, "extend", OFFICE, NOW, department="market", due_ms=NOW + 30 * DAY_MS)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (None, "assign needs assignment"),
        (given("water", "water"), "to each only once"),
        (given(), "to each only once|at least one"),
        (given("sky"), "there is no department sky"),
        (given("water", due_ms=NOW), "the deadline is not in the future"),
        (given("water", urgency="x"), "there is no urgency x"),
        (Assignment((Part("water", "", NOW - 1),), NOW + 1), "the deadline is not in the future"),
    ],
)
def test_an_assignment_names_departments_and_a_deadline(books: Books, desk: Desk, wanted, why: str) -> None:
    number = registered(books, desk)
    with pytest.raises(StepRefusedError, match=why):
        take(books, desk, number, "assign", OFFICE, NOW, assignment=wanted)
    assert order_of(books, number).parts == []


def test_a_refusal_within_a_change_leaves_the_rest_of_it(books: Books, desk: Desk) -> None:
    number = assigned(books, desk)
    with books.change("wang", NOW) as session:
        with pytest.raises(StepRefusedError):
            apply(session, desk, number, "close", WATER, NOW, text="x")
        apply(session, desk, number, "extend", OFFICE, NOW, text="x", due_ms=NOW + DAY_MS)
    assert [step.action for step in order_of(books, number).steps] == ["open", "assign", "extend"]


def test_what_there_is_not(books: Books, desk: Desk) -> None:
    number = registered(books, desk)
    with pytest.raises(StepRefusedError, match="there is no step fly"):
        take(books, desk, number, "fly", OFFICE, NOW)
    with pytest.raises(StepRefusedError, match="there is no order 9"):
        take(books, desk, "9", "assign", OFFICE, NOW)


def test_the_board_offers_what_is_possible(books: Books, desk: Desk) -> None:
    order = order_of(books, assigned(books, desk, "water", "city_management"))
    assert possible(order, WATER) == ["return", "accept"]
    assert possible(order, CITY) == ["answer", "hand_back"]
    assert possible(order, OFFICE) == ["extend"], "nothing was given back that another could get"
    assert possible(order, CHIEF) == possible(order, Actor("x", "public")) == []


def test_the_office_has_deadlines_too(books: Books, desk: Desk) -> None:
    number = registered(books, desk)
    # Seven working hours from Monday, 10 o'clock, with an hour at noon.
    assert order_of(books, number).office_due_ms == at("2026-05-12 10:00")
    take(books, desk, number, "assign", OFFICE, NOW, assignment=given("water"))
    assert order_of(books, number).office_due_ms is None
