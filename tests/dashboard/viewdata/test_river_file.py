"""A river's file: counted from the site, and from the books where there are any."""

from __future__ import annotations

from datetime import date

from dashboard.casework.database import Books
from dashboard.casework.seed.seed import seed
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Boat, Pipe, SedimentClearing
from dashboard.viewdata.river_file import river_file
from sensors.site import Site
from tests.dashboard.made import NOW_MS


def test_without_books_what_the_site_lists(xietang: Site) -> None:
    file = river_file(xietang, "R01")
    assert file.length_m == sum(reach.length_m for reach in xietang.reaches_of("R01"))
    assert (file.reaches, file.stations) == (len(xietang.reaches_of("R01")), len(xietang.stations_of("R01")))
    assert file.grids == sum(grid.river == "R01" for grid in xietang.grids.values())
    assert len(file.outfalls) == len(xietang.outfalls_of("R01"))
    assert file.entered is None
    assert file.by_stage == {}


def test_with_books_by_state(books: Books, xietang: Site) -> None:
    seed(books, xietang, NOW_MS)
    reach = xietang.reaches_of("R01")[0]
    known = xietang.outfalls_of("R01")[0].id
    with books.change("t", NOW_MS) as session:
        one = session.get(OutfallRecord, known)
        assert one is not None
        one.stage, one.flows_in_dry_weather = "traced", True
        session.add_all([
            OutfallRecord(id="N1", river="R01", reach=reach.id, chainage_m=5.0, bank="L", stage="surveyed"),
            Shop(id="s1", name="a", river="R01", state="to_rectify"), Shop(id="s2", name="b", river="R02"),
            LeakPoint(id="l1", river="R01", state="found", found_on=date(2026, 1, 1)),
            Pipe(id="p1", river="R01", length_m=120.0, state="to_dredge"), Pipe(id="p2", river="R01", length_m=30.0),
            Boat(id="b1", river="R01", found_on=date(2026, 1, 1)),
            Boat(id="b2", river="R01", found_on=date(2026, 1, 1), removed_on=date(2026, 2, 1)),
            SedimentClearing(id="c1", river="R01", reach=reach.id, from_m=10.0, to_m=60.0, done_on=date(2026, 3, 1)),
            SedimentClearing(id="c2", river="R01", reach=reach.id, from_m=0.0, to_m=60.0),
        ])  # fmt: skip
    with books.read() as session:
        file = river_file(xietang, "R01", session)
    assert len(file.outfalls) == len(xietang.outfalls_of("R01")) + 1
    assert file.by_stage["traced"] == file.by_stage["surveyed"] == 1
    assert file.by_stage["unsurveyed"] == len(xietang.outfalls_of("R01")) - 1
    assert any(found.id == "N1" for found in file.found)
    told = file.entered
    assert told is not None
    assert (told.shops, told.leaks, told.boats) == ({"to_rectify": 1}, {"found": 1}, 1)
    assert told.pipes_m == {"to_dredge": 120.0, "uninspected": 30.0}
    assert (told.cleared_on, told.cleared_m) == (date(2026, 3, 1), 50.0)
