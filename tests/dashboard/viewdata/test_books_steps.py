"""Steps on the page: the rules of the survey, the actor's area, days, and what was seen."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.exchange.edit import EditRefusedError
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.viewdata.books_steps import Step, steps_of, take_step
from sensors.site import Site

#: The 23rd of December 2026.
NOW = 1798000000000
DAY = date(2026, 12, 1)
OFFICE = Viewer("wang", "Wang", "office")


@pytest.fixture
def filled(books: Books) -> Books:
    with books.change("li", 1) as session:
        session.add(OutfallRecord(id="P1", river="R01"))
        session.add(Attachment(subject="outfall", subject_id="P1", name="p.jpg", media_type="image/jpeg", size=1,
                               sha256="0" * 64, added_by="li", added_ms=1))  # fmt: skip
        session.add(Shop(id="S1", name="x", river="R01", grid="G001"))
        session.add(LeakPoint(id="L1", river="R01", found_on=date(2026, 11, 1)))
    return books


def row(books: Books, model: Any, key: str) -> Any:
    with books.read() as session:
        return session.get_one(model, key)


def take(books: Books, site: Site, book: str, key: str, target: str, viewer: Viewer = OFFICE, **more: Any) -> None:
    model = {"outfalls": OutfallRecord, "shops": Shop, "leak_points": LeakPoint}[book]
    there = row(books, model, key)
    step = next(one for one in steps_of(book, there) if one.target == target)
    seen = more.pop("seen", there.stage if book == "outfalls" else there.state)
    values, reason = more.pop("values", {}), more.pop("reason", "")
    take_step(books, site, viewer, book, [key], step, values, NOW, seen=seen, reason=reason)


def test_an_outfall_from_its_survey_to_the_end_and_back(filled: Books, xietang: Site) -> None:
    steps = (
        ("surveyed", {"surveyed_on": DAY, "surveyed_by": "Li", "flows_in_dry_weather": True}),
        ("monitored", {"sampled_on": DAY}), ("traced", {"source": "面馆"}),
        ("rectified", {"rectification": "merged", "rectified_on": DAY}), ("closed", {"closed_on": DAY}),
    )  # fmt: skip
    for target, values in steps:
        following = steps_of("outfalls", row(filled, OutfallRecord, "P1"))[0]
        assert (following.target, set(following.fields)) == (target, set(values))
        take(filled, xietang, "outfalls", "P1", target, values=values)
    assert row(filled, OutfallRecord, "P1").stage == "closed"
    assert all(step.back for step in steps_of("outfalls", row(filled, OutfallRecord, "P1")))
    with pytest.raises(EditRefusedError, match="a reason"):
        take(filled, xietang, "outfalls", "P1", "traced", reason=" ")
    take(filled, xietang, "outfalls", "P1", "traced", reason="still smells")
    assert row(filled, OutfallRecord, "P1").stage == "traced"


def test_what_a_dry_outfall_is_not_asked_for(filled: Books, xietang: Site) -> None:
    values = {"surveyed_on": DAY, "surveyed_by": "Li", "flows_in_dry_weather": False}
    take(filled, xietang, "outfalls", "P1", "surveyed", values=values)
    assert steps_of("outfalls", row(filled, OutfallRecord, "P1"))[0] == Step("monitored", ())


def test_a_shop_is_visited(filled: Books, xietang: Site) -> None:
    values = {"surveyed_on": DAY, "surveyed_by": "Li", "sewer_connected": True, "note": "ok"}
    take(filled, xietang, "shops", "S1", "to_rectify", values=values)
    shop = row(filled, Shop, "S1")
    assert (shop.state, shop.surveyed_on, shop.sewer_connected, shop.note) == ("to_rectify", DAY, True, "ok")
    with pytest.raises(RefusedError, match="S1"):
        take(filled, xietang, "shops", "S1", "rectified", values={"surveyed_by": ""})


def test_a_leak_is_rectified_confirmed_and_found_again(filled: Books, xietang: Site) -> None:
    with pytest.raises(RefusedError, match="not before 2026-11-01"):
        take(filled, xietang, "leak_points", "L1", "rectified", values={"rectified_on": date(2026, 10, 1)})
    take(filled, xietang, "leak_points", "L1", "rectified", values={"rectified_on": DAY})
    take(filled, xietang, "leak_points", "L1", "confirmed", values={"confirmed_on": DAY})
    take(filled, xietang, "leak_points", "L1", "found", reason="leaks again")
    leak = row(filled, LeakPoint, "L1")
    assert (leak.state, leak.rectified_on) == ("found", None)


def test_nothing_happened_tomorrow_and_nobody_takes_a_step_twice(filled: Books, xietang: Site) -> None:
    with pytest.raises(EditRefusedError, match="not in the future: 2026-12-23"):
        take(filled, xietang, "leak_points", "L1", "rectified", values={"rectified_on": date(2026, 12, 24)})
    with pytest.raises(EditRefusedError, match="the row has changed"):
        take(filled, xietang, "leak_points", "L1", "rectified", seen="rectified")
    assert row(filled, LeakPoint, "L1").state == "found"


def test_days_stay_in_order(filled: Books, xietang: Site) -> None:
    values = {"surveyed_on": DAY, "surveyed_by": "Li", "flows_in_dry_weather": False}
    take(filled, xietang, "outfalls", "P1", "surveyed", values=values)
    take(filled, xietang, "outfalls", "P1", "monitored")
    take(filled, xietang, "outfalls", "P1", "traced", values={"source": "x"})
    early = {"rectification": "merged", "rectified_on": date(2026, 11, 30)}
    with pytest.raises(EditRefusedError, match="not before 2026-12-01"):
        take(filled, xietang, "outfalls", "P1", "rectified", values=early)
    assert row(filled, OutfallRecord, "P1").stage == "traced"


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("c", "C", "chief", rivers=frozenset({"R01"})), Viewer("e", "E", "engineer"),
        Viewer("g", "G", "grid_officer", rivers=frozenset({"R28"}), grids=frozenset({"G002"})),
        Viewer("d", "D", "department", department="maintainer"),
    ],
)  # fmt: skip
def test_whose_row_it_is_not(filled: Books, xietang: Site, viewer: Viewer) -> None:
    with pytest.raises(EditRefusedError, match="your own area"):
        take(filled, xietang, "leak_points", "L1", "rectified", viewer, values={"rectified_on": DAY})


def test_other_books_have_no_steps() -> None:
    assert steps_of("boats", object()) == []
