from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.casework.audit import verify
from dashboard.casework.database import Books
from dashboard.casework.deadlines import Overdue, escalate, escalate_in, overdue
from dashboard.casework.desk import Desk
from dashboard.casework.orders import Assignment, Part
from dashboard.casework.settings import DeadlineSettings, OfficeSettings
from tests.dashboard.casework.made import CITY, NOW, OFFICE, WATER, at, order_of, registered, take

DUE = at("2026-05-15 17:00")


@pytest.fixture
def number(books: Books, desk: Desk) -> str:
    """An order of which the lead has until Friday, and another department until Wednesday."""
    made = registered(books, desk)
    parts = (Part("water"), Part("city_management", due_ms=at("2026-05-13 17:00")))
    take(books, desk, made, "assign", OFFICE, NOW, assignment=Assignment(parts, DUE))
    return made


def steps(books: Books, desk: Desk, when: str) -> list[tuple[str, str | None, str]]:
    return [(step.step, step.department, step.hears) for step in escalate_in(books, desk, at(when))]


def test_reminder_then_supervision_then_report_each_once(books: Books, desk: Desk, number: str) -> None:
    assert steps(books, desk, "2026-05-13 17:00") == []
    assert steps(books, desk, "2026-05-13 17:01") == [("remind", "city_management", "department")]
    assert steps(books, desk, "2026-05-13 23:00") == []
    # Seven working hours after it: the end of the next day.
    assert steps(books, desk, "2026-05-14 16:59") == []
    assert steps(books, desk, "2026-05-14 17:00") == [("supervise", "city_management", "office")]
    take(books, desk, number, "answer", CITY, at("2026-05-15 09:00"))
    assert steps(books, desk, "2026-05-16 09:00") == [("remind", "water", "department")]
    assert steps(books, desk, "2026-05-17 23:00") == []
    assert steps(books, desk, "2026-05-18 17:00") == [("supervise", "water", "office")]
    assert steps(books, desk, "2026-05-20 17:00") == [("report", "water", "chief")]
    assert steps(books, desk, "2026-06-20 17:00") == []
    order = order_of(books, number)
    told = [(s.action, s.role, s.department, s.text) for s in order.steps if s.role == "service"]
    assert told[0] == ("remind", "service", "city_management", "Overdue since 2026-05-13 17:00")
    assert [step[0] for step in told] == ["remind", "supervise", "remind", "supervise", "report"]
    assert (order.escalation, [part.escalation for part in order.parts]) == (3, [3, 0])
    assert (order.state, order.due_ms) == ("assigned", DUE)
    with books.read() as session:
        assert overdue(session) == [Overdue(number, "water", 3, "chief", DUE)]
        assert verify(session).problems == ()


def test_steps_that_nobody_saw_pass_are_all_taken(books: Books, desk: Desk, number: str) -> None:
    found = steps(books, desk, "2026-06-20 10:00")
    assert [(step, who) for step, who, _ in found] == [
        (step, who) for who in ("water", "city_management") for step in ("remind", "supervise", "report")
    ]


def test_an_extension_begins_anew(books: Books, desk: Desk, number: str) -> None:
    steps(books, desk, "2026-05-16 10:00")
    take(books, desk, number, "extend", OFFICE, at("2026-05-16 11:00"), due_ms=at("2026-05-22 17:00"))
    assert order_of(books, number).escalation == 0
    assert steps(books, desk, "2026-05-20 10:00") == []
    assert [step for step, _, _ in steps(books, desk, "2026-05-22 18:00")] == ["remind", "remind"]


def test_the_office_is_late_too(books: Books, desk: Desk) -> None:
    number = registered(books, desk)
    assert steps(books, desk, "2026-05-12 10:00") == []
    assert steps(books, desk, "2026-05-12 10:01") == [("remind", None, "office")]
    assert steps(books, desk, "2026-05-29 10:00") == [("supervise", None, "office"), ("report", None, "chief")]
    with books.read() as session:
        assert [(late.number, late.department, late.level) for late in overdue(session)] == [(number, None, 3)]
    take(books, desk, number, "assign", OFFICE, at("2026-05-29 10:00"),
         assignment=Assignment((Part("water"),), at("2026-06-10 17:00")))  # fmt: skip
    with books.read() as session:
        assert overdue(session) == []
    assert order_of(books, number).escalation == 0


def test_what_was_answered_in_time_is_never_late(books: Books, desk: Desk, number: str) -> None:
    take(books, desk, number, "accept", WATER, NOW)
    take(books, desk, number, "answer", CITY, NOW)
    take(books, desk, number, "close", WATER, NOW)
    take(books, desk, number, "archive", OFFICE, NOW)
    assert steps(books, desk, "2026-06-20 10:00") == []


def test_the_delays_are_settings(books: Books, desk: Desk, number: str) -> None:
    later = OfficeSettings(deadlines=DeadlineSettings(remind_hours=2, supervise_hours=2, report_hours=100))
    own = Desk.of(desk.site, later, "en")
    assert steps(books, own, "2026-05-14 10:59") == []
    assert [step for step, _, _ in steps(books, own, "2026-05-14 11:00")] == ["remind", "supervise"]


def test_two_at_once_take_a_step_once(books: Books, desk: Desk, number: str) -> None:
    def work(_: int) -> int:
        with books.change("riverchief", DUE) as session:
            return len(escalate(session, desk, DUE + 1))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4)))[:3] == [0, 0, 0]
    actions = [step.action for step in order_of(books, number).steps]
    assert (actions.count("remind"), actions.count("supervise")) == (2, 1)
