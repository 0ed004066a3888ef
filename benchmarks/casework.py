"""Five years of books: how long the board's lists take, and an import. Last line: JSON with the figures.

28 rivers, 50,000 orders with their parts and steps, 5,000 outfalls and 5,000 shops, on SQLite, or where ``--books``
says. Every list is asked for several times, the median counts, and `list_ms_max` is the slowest of them.
"""

from __future__ import annotations

import argparse
import csv
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from _common import ROOT, finish, table
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dashboard.casework.books import BOOKS
from dashboard.casework.books_list import RowFilter, rows_of
from dashboard.casework.database import Books, open_books
from dashboard.casework.deadlines import overdue
from dashboard.casework.desk import Desk
from dashboard.casework.exchange.exchange import import_file
from dashboard.casework.goals import goal_states, seed_goals
from dashboard.casework.grades import month_of
from dashboard.casework.lifecycle import OPEN_STATES
from dashboard.casework.order_lists import OrderFilter, order_counts, orders_page, story
from dashboard.casework.redblack import compute_list
from dashboard.casework.tables.inspections import Inspection
from dashboard.casework.tables.orders import EventLink, Order, OrderPart, OrderStep
from dashboard.casework.tables.survey import OutfallRecord, Shop
from sensors.site import Site, load_site

DAY_MS = 86_400_000
NOW = 1_780_000_000_000
YEARS_MS = 5 * 365 * DAY_MS

#: Steps that lead to a state.
LIVES = {
    "draft": ("open",),
    "registered": ("open",),
    "assigned": ("open", "assign"),
    "accepted": ("open", "assign", "accept"),
    "done": ("open", "assign", "accept", "close"),
    "archived": ("open", "assign", "accept", "urge", "reply", "close", "archive"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer orders and repetitions")
    parser.add_argument("--books", help="empty books to fill, e.g. postgresql://USER@HOST/NAME")
    options = parser.parse_args()
    orders, repeats = (10_000, 3) if options.quick else (50_000, 7)
    site = load_site(ROOT / "deploy" / "sites" / "xietang")
    with tempfile.TemporaryDirectory() as folder:
        books = open_books(options.books or f"sqlite:///{folder}/books.sqlite", Path(folder) / "files")
        begun = time.perf_counter()
        fill(books, site, orders)
        filled_s = time.perf_counter() - begun
        lists = measure(books, site, repeats)
        import_s = imported(books, site, Path(folder), "N")
        excel_s = imported(books, site, Path(folder), "X")
        books.close()
    slowest = max(lists, key=lambda name: lists[name])
    rows = [(name, f"{ms:.1f} ms", "") for name, ms in lists.items()]
    table(
        [
            (
                "orders",
                str(orders),
                f"filled in {filled_s:.1f} s, on {'SQLite' if not options.books else 'PostgreSQL'}",
            ),
            *rows,
            ("slowest list", f"{lists[slowest]:.1f} ms", f"{slowest}; target 100 ms"),
            ("import of 5,000 shops, CSV", f"{import_s:.2f} s", "target 5 s; checked, compared, written and audited"),
            ("import of 5,000 shops, Excel", f"{excel_s:.2f} s", "target 5 s"),
        ]
    )
    finish(
        {
            "list_ms_max": round(lists[slowest], 1),
            "list_slowest": slowest,
            "import_5000_s": round(import_s, 2),
            "import_5000_xlsx_s": round(excel_s, 2),
            "orders": orders,
            "lists_ms": {name: round(ms, 1) for name, ms in lists.items()},
        }
    )


def fill(books: Books, site: Site, orders: int) -> None:
    """Write the rows past the audit trail: five years of it would take as many hours."""
    rng = random.Random(8)
    rivers, departments = list(site.rivers), list(site.departments)
    outfalls, shops = list(_outfalls(rng, rivers)), list(_shops(rng, rivers))
    with books.change("benchmark", NOW) as session:
        seed_goals(session, 2026)
        _write(session, OutfallRecord, outfalls)
        _write(session, Shop, shops)
        _write(session, Inspection, _inspections(rng, rivers, departments))
        made, parts, steps, links = _orders(rng, orders, rivers, departments, [row["id"] for row in outfalls])
        for model, rows in ((Order, made), (OrderPart, parts), (OrderStep, steps), (EventLink, links)):
            _write(session, model, rows)
    with books.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("ANALYZE")


def _write(session: Session, model: Any, rows: Any) -> None:
    rows = list(rows)
    for start in range(0, len(rows), 5000):
        session.execute(insert(model), rows[start : start + 5000])


def _outfalls(rng: random.Random, rivers: list[str]) -> Iterator[dict[str, Any]]:
    stages = ("unsurveyed", "surveyed", "monitored", "traced", "rectified", "closed")
    for number in range(5000):
        yield {"id": f"PX{number:04}", "river": rng.choice(rivers), "stage": rng.choice(stages)}


def _shops(rng: random.Random, rivers: list[str]) -> Iterator[dict[str, Any]]:
    states = ("unsurveyed", "in_order", "to_rectify", "rectified")
    for number in range(5000):
        yield {"id": f"SX{number:04}", "name": f"店{number}", "river": rng.choice(rivers), "state": rng.choice(states)}


def _inspections(rng: random.Random, rivers: list[str], departments: list[str]) -> Iterator[dict[str, Any]]:
    for number in range(28 * 60):
        day = date(2026, 5, 28) - timedelta(days=rng.randrange(5 * 365))
        yield {"id": f"I{number:05}", "kind": "monthly", "river": rng.choice(rivers), "day": day,
               "department": rng.choice(departments), "score": rng.uniform(60, 100)}  # fmt: skip


def _orders(
    rng: random.Random, count: int, rivers: list[str], departments: list[str], outfalls: list[str]
) -> tuple[list[dict[str, Any]], ...]:
    made: list[dict[str, Any]] = []
    parts: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for number in range(count):
        created = NOW - YEARS_MS + number * (YEARS_MS // count)
        old = NOW - created > 60 * DAY_MS
        state = "archived" if old and rng.random() < 0.99 else rng.choice(list(LIVES))
        key, event = f"{number:08}", f"E{number}" if number % 2 else None
        due = created + 14 * DAY_MS
        made.append(
            {"number": key, "code": key, "title": f"污水直排 {number}", "text": "x" * 200, "origin": "event",
             "state": state, "river": rng.choice(rivers), "outfall": rng.choice(outfalls), "event": event,
             "evidence": {"stations": ["S01"]}, "created_ms": created, "due_ms": due,
             "office_due_ms": created + DAY_MS if state in ("draft", "registered", "done") else None}
        )  # fmt: skip
        for place, name in enumerate(rng.sample(departments, 1 + number % 2)):
            answered = created + 9 * DAY_MS if state in ("done", "archived") else None
            parts.append({"order_number": key, "department": name, "lead": place == 0, "due_ms": due,
                          "state": "answered" if answered else "assigned", "answered_ms": answered})  # fmt: skip
        for place, action in enumerate(LIVES[state]):
            steps.append({"order_number": key, "time_ms": created + place * DAY_MS, "actor": "li", "role": "office",
                          "action": action, "to_state": state, "text": "x" * 80})  # fmt: skip
        if event:
            links.append({"event": event, "order_number": key, "joined_ms": created, "start_ms": created,
                          "updated_ms": created, "evidence": {"readings": []}})  # fmt: skip
    return made, parts, steps, links


def measure(books: Books, site: Site, repeats: int) -> dict[str, float]:
    """Median time of each list [ms]."""
    desk = Desk.of(site, language="zh")
    month = month_of(site, "2026-05")
    with books.read() as session:
        middle = session.scalars(select(Order.number).order_by(Order.created_ms).offset(1000).limit(1)).one()
        created = session.get(Order, middle).created_ms
    archived, open_ = OrderFilter(states=("archived",)), OrderFilter(states=OPEN_STATES)
    asked: dict[str, Callable[[Session], object]] = {
        "all orders, first page": lambda s: orders_page(s, OrderFilter()),
        "all orders, last pages": lambda s: orders_page(s, OrderFilter(), after=(created, middle)),
        "open orders": lambda s: orders_page(s, open_),
        "archived orders": lambda s: orders_page(s, archived),
        "orders of a department": lambda s: orders_page(s, OrderFilter(department="water")),
        "open orders of a department": lambda s: orders_page(s, OrderFilter(OPEN_STATES, department="water")),
        "orders of a river": lambda s: orders_page(s, OrderFilter(river="R01")),
        "archived orders of a river and a department": lambda s: orders_page(
            s, OrderFilter(("archived",), department="water", river="R01")
        ),
        "orders of an outfall": lambda s: orders_page(s, OrderFilter(outfall="PX0001")),
        "overdue orders": lambda s: orders_page(s, OrderFilter(overdue_ms=NOW)),
        "counts": lambda s: order_counts(s, OrderFilter(), NOW),
        "counts of a department": lambda s: order_counts(s, OrderFilter(department="water"), NOW),
        "story of an order": lambda s: story(s, middle),
        "escalated orders": overdue,
        "goals with what is open": lambda s: goal_states(s, desk, date(2026, 5, 28), {}),
        "red and black list": lambda s: compute_list(s, desk, month, {}),
        "outfalls, first page": lambda s: rows_of(s, site, BOOKS["outfalls"], RowFilter()),
        "outfalls, last page": lambda s: rows_of(s, site, BOOKS["outfalls"], RowFilter(), offset=4950),
        "outfalls of a river": lambda s: rows_of(s, site, BOOKS["outfalls"], RowFilter(river="R01")),
        "outfalls searched": lambda s: rows_of(s, site, BOOKS["outfalls"], RowFilter(text="PX49")),
        "shops to rectify": lambda s: rows_of(s, site, BOOKS["shops"], RowFilter(state="to_rectify")),
        "shops searched": lambda s: rows_of(s, site, BOOKS["shops"], RowFilter(text="店 99")),
        "shops searched in vain": lambda s: rows_of(s, site, BOOKS["shops"], RowFilter(text="不存在")),
        "inspections of a river": lambda s: rows_of(s, site, BOOKS["inspections"], RowFilter(river="R01")),
    }
    found = {}
    for name, ask in asked.items():
        times = []
        for _ in range(repeats):
            with books.read() as session:
                begun = time.perf_counter()
                ask(session)
                times.append(1000 * (time.perf_counter() - begun))
        found[name] = statistics.median(times)
    return found


def imported(books: Books, site: Site, folder: Path, prefix: str) -> float:
    """Time of an import of 5,000 new shops [s]; of an Excel file where the prefix of their numbers is X."""
    path = folder / ("shops.xlsx" if prefix == "X" else "shops.csv")
    rivers = list(site.rivers)
    rows = [["id", "name", "river", "address", "state"]]
    for number in range(5000):
        street = "西路" if prefix == "X" else "东路"
        rows.append([f"{prefix}{number:04}", f"店{number}", rivers[number % 28], f"{street} {number} 号", "unsurveyed"])
    if path.suffix == ".xlsx":
        import xlsxwriter

        with xlsxwriter.Workbook(str(path)) as workbook:
            sheet = workbook.add_worksheet()
            for place, cells in enumerate(rows):
                sheet.write_row(place, 0, cells)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    begun = time.perf_counter()
    report = import_file(books, site, "shops", path, "benchmark", NOW)
    took = time.perf_counter() - begun
    assert report.new == 5000, report
    return took


if __name__ == "__main__":
    main()
