"""Who may change which rows."""

from __future__ import annotations

from dashboard.access import Viewer
from dashboard.casework.books import BOOKS
from dashboard.casework.tables.accounts import ROLES
from dashboard.casework.tables.stations import Sample, StationVisit
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe
from dashboard.viewdata.books_rights import editor, hidden, may_edit, may_import, sees
from sensors.site import Site


def viewer(role: str, **more: object) -> Viewer:
    return Viewer("a", "A", role, **more)  # type: ignore[arg-type]


def test_the_office_changes_everything_and_nobody_else_does() -> None:
    for role in ROLES:
        books = {book for book in BOOKS if may_edit(viewer(role), book)}
        assert (books == set(BOOKS)) is (role in ("office", "admin"))
        assert may_import(viewer(role)) is (role in ("office", "admin"))
    assert {book for book in BOOKS if may_edit(viewer("engineer"), book)} == {"visits", "samples"}


def test_telephone_numbers_are_for_the_office() -> None:
    assert hidden(viewer("office"), "public_reports") == frozenset()
    assert hidden(viewer("chief"), "public_reports") == {"contact"}
    assert hidden(viewer("chief"), "shops") == frozenset()


def test_a_grid_officer_surveys_their_grids(xietang: Site) -> None:
    river = xietang.grids["G001"].river
    own = viewer("grid_officer", grids=frozenset({"G001"}), rivers=frozenset({river}))
    mine = editor(own, xietang, BOOKS["shops"])
    assert mine(Shop(river=river, grid="G001"))
    assert mine(Shop(river=river, grid=None))
    assert not mine(Shop(river=river, grid="G002"))
    assert not mine(Shop(river="R01", grid="G001"))
    assert editor(own, xietang, BOOKS["outfalls"])(OutfallRecord(river=river))
    assert not editor(own, xietang, BOOKS["pipes"])(Pipe(river=river))


def test_an_engineer_cares_for_the_stations_of_their_rivers(xietang: Site) -> None:
    river = xietang.stations["S01"].river
    mine = editor(viewer("engineer", rivers=frozenset({river})), xietang, BOOKS["visits"])
    assert mine(StationVisit(station="S01"))
    assert not mine(StationVisit(station=next(s.id for s in xietang.stations.values() if s.river != river)))
    assert editor(viewer("engineer"), xietang, BOOKS["visits"])(StationVisit(station="S56"))


def test_a_department_changes_what_names_it_or_lies_on_its_rivers(xietang: Site) -> None:
    river = next(iter(xietang.rivers.values()))
    other = next(name for name in xietang.departments if name != river.department)
    for name, yes in ((river.department, True), (other, False)):
        own = viewer("department", department=name)
        assert editor(own, xietang, BOOKS["shops"])(Shop(river=river.id)) is yes
        assert editor(own, xietang, BOOKS["pipes"])(Pipe(river=river.id, department=name))
        assert editor(own, xietang, BOOKS["leak_points"])(LeakPoint(river=river.id, department=other)) is (
            name == other
        )
    nobody = viewer("department")
    assert not editor(nobody, xietang, BOOKS["pipes"])(Pipe(river=None, department=None))


def test_rows_of_an_area(xietang: Site) -> None:
    river = xietang.stations["S01"].river
    own = viewer("chief", rivers=frozenset({river}))
    other = next(s.id for s in xietang.stations.values() if s.river != river)
    assert sees(own, xietang, Sample(station="S01"))
    assert not sees(own, xietang, Sample(station=other))
    assert sees(own, xietang, Pipe(river=None))
    assert not sees(viewer("chief", grids=frozenset({"G001"})), xietang, Shop(river=river, grid="G002"))
