from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.base import Base
from dashboard.casework.database import Books, open_books
from dashboard.casework.laboratory import results_between
from dashboard.casework.seed.seed import seed, seed_demo
from dashboard.casework.tables.inspections import Inspection, Patrol, PublicReport
from dashboard.casework.tables.stations import Sample, StationVisit
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, RiverPolicy, Shop
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure
from dashboard.casework.visits import calibrations_due, visits_between
from sensors.errors import UsageError
from sensors.simulate.water import VirtualWater
from sensors.site import Site

NOW = 1777867500000
DAY_MS = 86_400_000
MARK = "示例数据，非实测"


def rows(books: Books, model: type[Base]) -> list[Base]:
    with books.read() as session:
        return list(session.scalars(select(model)))


def test_the_books_of_a_site_begin_with_its_outfalls_and_nothing_invented(books: Books, xietang: Site) -> None:
    assert seed(books, xietang, NOW) == 150
    assert seed(books, xietang, NOW) == 0
    with books.read() as session:
        outfalls = session.scalars(select(OutfallRecord).order_by(OutfallRecord.id)).all()
        assert session.scalar(select(func.count(AuditEntry.seq))) == 150
    assert {outfall.stage for outfall in outfalls} == {"unsurveyed"}
    assert {(o.surveyed_on, o.flows_in_dry_weather, o.code, o.note) for o in outfalls} == {(None, None, None, "")}
    first, given = outfalls[0], xietang.outfalls["PK001"]
    assert (first.id, first.river, first.reach, first.chainage_m, first.bank, first.kind, first.department) == (
        given.id, given.river, given.reach, given.chainage_m, given.bank, given.kind, given.department,
    )  # fmt: skip
    assert (first.longitude, first.latitude) == pytest.approx(xietang.position("R01-1", given.chainage_m), abs=1e-6)
    assert rows(books, Shop) == []


def test_an_outfall_that_was_found_later_stays_as_it_is(books: Books, xietang: Site) -> None:
    with books.change("li", NOW) as session:
        session.add(OutfallRecord(id="PK001", river="R02", note="moved"))
    assert seed(books, xietang, NOW) == 149
    with books.read() as session:
        assert session.get_one(OutfallRecord, "PK001").note == "moved"


def test_a_demonstration_has_something_on_every_page_and_says_what_it_is(books: Books, xietang: Site) -> None:
    counts = seed_demo(books, xietang, NOW)
    assert {name: counts[name] for name in ("shop", "leak_point", "inspection")} == {
        "shop": 200, "leak_point": 60, "inspection": 28 * 6,
    }  # fmt: skip
    for model in (
        Shop, LeakPoint, Pipe, SedimentClearing, RiverWork, Structure, Boat, Inspection, Patrol, StationVisit, Sample,
    ):  # fmt: skip
        found = rows(books, model)
        assert len(found) >= 10
        assert all(MARK in row.note and row.id.startswith("DEMO-") for row in found)
    assert all(MARK in row.text for model in (PublicReport, RiverPolicy) for row in rows(books, model))
    assert all(MARK in row.note for row in rows(books, OutfallRecord) if row.stage != "unsurveyed")
    assert {row.stage for row in rows(books, OutfallRecord)} == {
        "unsurveyed", "surveyed", "monitored", "traced", "rectified", "closed",
    }  # fmt: skip
    with books.read() as session:
        assert verify(session).problems == ()
        today = datetime.fromtimestamp(NOW / 1000, UTC).astimezone(ZoneInfo(xietang.timezone)).date()
        due = calibrations_due(session, today)
        assert 0 < len([each for each in due if each.days < 0]) < len(due)
        # Nobody was at a virtual station in the hours that its readings are from.
        assert visits_between(session, NOW - 2 * DAY_MS, NOW) == []
        assert min(visit.start_ms for visit in visits_between(session, 0, NOW)) < NOW - 150 * DAY_MS
        days = session.scalars(select(Inspection.day)).all()
        assert max(days) < today < min(days).replace(year=min(days).year + 1)
        assert all(row.confirmed_on is None or row.confirmed_on >= row.rectified_on for row in session.scalars(
            select(LeakPoint)))  # fmt: skip


def test_samples_are_of_the_virtual_water(xietang: Site, tmp_path: Path) -> None:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    seed_demo(books, xietang, NOW, 7)
    with books.read() as session:
        results = [r for r in results_between(session, NOW - DAY_MS, NOW) if isinstance(r.amount, float)]
    books.close()
    assert len(results) > 60
    water = VirtualWater(xietang, 7)
    apart = [abs(r.amount / float(water.series(r.station, [r.time_ms])[r.determinand][0]) - 1) for r in results]
    assert sum(share < 0.2 for share in apart) > 0.95 * len(apart)


def test_the_same_day_gives_the_same_books(xietang: Site, tmp_path: Path) -> None:
    contents = []
    for name in ("one", "other"):
        books = open_books(f"sqlite:///{tmp_path / name / 'books.sqlite'}")
        seed_demo(books, xietang, NOW)
        with books.read() as session:
            contents.append(
                {
                    table.name: session.execute(select(table).order_by(*table.primary_key)).all()
                    for table in Base.metadata.sorted_tables
                    if not table.name.startswith("audit_")
                }
            )
        books.close()
    assert contents[0] == contents[1]
    assert len(contents[0]["finding"]) > 100


def test_illustrative_rows_never_mix_with_what_people_entered(books: Books, xietang: Site) -> None:
    with books.change("li", NOW) as session:
        session.add(Shop(id="S1", name="店", river="R01"))
    with pytest.raises(UsageError, match="have entries already"):
        seed_demo(books, xietang, NOW)
    assert len(rows(books, Shop)) == 1
    assert rows(books, OutfallRecord) == []
