"""Orders counted for a period, one case for each side of each boundary."""

from __future__ import annotations

from dashboard.casework.tables.orders import Order
from dashboard.reports.work import Tally, tally

START, END = 1_000, 2_000


def order(**of: object) -> Order:
    return Order(**{"number": "1", "title": "t", "origin": "public", "state": "assigned", "created_ms": START, **of})


def counted(**of: object) -> Tally:
    return tally([(order(**of), "water")], START, END)["water"]


def test_opened_in_it() -> None:
    assert counted(created_ms=START).opened == 1
    assert counted(created_ms=START - 1).opened == 0
    assert counted(created_ms=END - 1).opened == 1


def test_closed_in_it_and_in_time() -> None:
    assert counted(state="done", done_ms=END - 1, due_ms=END - 1) == Tally(1, 1, 1, 0, 0)
    assert counted(state="archived", done_ms=END - 1, due_ms=END - 2) == Tally(1, 1, 0, 0, 0)
    assert counted(state="done", done_ms=END, due_ms=END - 1) == Tally(1, 0, 0, 1, 1)
    assert counted(state="done", done_ms=END - 1).in_time == 1


def test_open_and_overdue_at_the_end() -> None:
    assert counted(due_ms=END - 1) == Tally(1, 0, 0, 1, 1)
    assert counted(due_ms=END).overdue == 0
    assert counted(due_ms=None) == Tally(1, 0, 0, 1, 0)


def test_what_no_department_leads() -> None:
    found = tally([(order(), None), (order(), "water"), (order(), None)], START, END)
    assert {lead: one.opened for lead, one in found.items()} == {None: 2, "water": 1}
