"""The duty roster, and that alerts follow it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.accounts import duties, people
from dashboard.accounts.duties import Watch
from dashboard.accounts.people import Details
from dashboard.accounts.refusals import Refused
from dashboard.alerts.channels.file import File
from dashboard.alerts.contacts import Outside
from dashboard.alerts.routing import Directory
from dashboard.alerts.settings import AlertSettings
from dashboard.casework.database import Books
from sensors.errors import UsageError
from sensors.site import Site
from tests.dashboard.accounts.conftest import NOW

DAY = 86_400_000
LI = Watch("water", "li", 1, NOW, NOW + DAY)


@pytest.fixture
def li(books: Books, xietang: Site) -> str:
    details = Details("李工", "department", "water", contacts={"log": "li"})
    people.add(books, xietang, "t", NOW, "li", details, password=False)
    people.add(books, xietang, "t", NOW, "sun", replace(details, name="孙工", contacts={"log": "sun"}), password=False)
    return "li"


def test_whoever_is_on_duty_is_called(books: Books, xietang: Site, li: str, tmp_path) -> None:
    outside = Outside({"log": File(tmp_path / "told.jsonl")})

    def called(at: int) -> list[str]:
        with books.read() as session:
            directory = Directory.of(session, xietang, AlertSettings(), outside, at)
        return [one.id for one in directory.on_duty("water", 1)]

    assert called(NOW) == ["li", "sun"], "without a roster all of the department"
    number = duties.add(books, xietang, "boss", NOW, LI)
    assert (called(NOW - 1), called(NOW), called(NOW + DAY - 1), called(NOW + DAY)) == (
        ["li", "sun"], ["li"], ["li"], ["li", "sun"],
    )  # fmt: skip
    duties.remove(books, "boss", NOW, number)
    assert called(NOW) == ["li", "sun"]
    with pytest.raises(Refused, match="not there any more"):
        duties.remove(books, "boss", NOW, number)


def test_the_next_ones_first(books: Books, xietang: Site, li: str) -> None:
    later = duties.add(books, xietang, "boss", NOW, replace(LI, start_ms=NOW + DAY, end_ms=NOW + 2 * DAY))
    first = duties.add(books, xietang, "boss", NOW, LI)
    with books.read() as session:
        assert [one.id for one in duties.duties(session, NOW)] == [first, later]
        assert [one.id for one in duties.duties(session, NOW + DAY)] == [later]


@pytest.mark.parametrize(("wrong", "match"), [
    ({"department": "navy"}, "department 'navy'"), ({"level": 4}, "level 4: accepted: 1, 2, 3"),
    ({"account": "nobody"}, "there is none"), ({"end_ms": NOW}, "ends after it has begun"),
    ({"end_ms": NOW + 400 * DAY}, "within a year"), ({"start_ms": NOW + DAY - 1}, "already"),
])  # fmt: skip
def test_what_is_refused(books: Books, xietang: Site, li: str, wrong: dict, match: str) -> None:
    duties.add(books, xietang, "boss", NOW, LI)
    with pytest.raises(UsageError, match=match):
        duties.add(books, xietang, "boss", NOW, replace(LI, **({"end_ms": NOW + 2 * DAY} | wrong)))
    with books.read() as session:
        assert len(duties.duties(session, NOW)) == 1
