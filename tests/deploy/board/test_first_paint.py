"""First screens as the board hands them out: quickly, for whom they are, and never at the price of the page."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.sessions import COOKIE, sessions_of
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from dashboard.first_paint.markup import Html
from dashboard.i18n import translator
from dashboard.sources import Sources
from deploy.board import first_paint
from deploy.board.first_paint import Asked, FirstPaint
from deploy.board.pages import Pages
from sensors.site import Site
from tests.dashboard.conftest import filled_url  # noqa: F401
from tests.dashboard.made import NOW_MS
from tests.dashboard.views.lived_in import board_over, open_copy
from tests.visitors import Visitor

HTML = {"accept": "text/html"}


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled_url: str) -> Iterator[Books]:  # noqa: F811
    board_over(monkeypatch, tmp_path, filled_url)
    key = tmp_path / "sessions.key"
    key.write_bytes(b"k" * 64)
    monkeypatch.setenv("RIVERCHIEF_KEY", str(key))
    monkeypatch.setenv("RIVERCHIEF_ACCESS", "login")
    # How long it takes says how busy the machine is.
    monkeypatch.setattr(first_paint, "PATIENCE_S", 60.0)
    st.cache_resource.clear()
    opened = open_copy(tmp_path)
    yield opened
    opened.close()
    st.cache_resource.clear()


def visitor(site: Site, paint: FirstPaint | None = None) -> Visitor:
    sessions = sessions_of(Sources.from_environment().key or "")
    guard = Middleware(Pages, site=site, sessions=sessions, paint=paint or FirstPaint())
    return Visitor(Starlette(middleware=[guard]))


def signed_in(books: Books, site: Site, found: Visitor, role: str, **more: Any) -> Visitor:
    people.add(books, site, "t", NOW_MS, "somebody", Details("某人", role, **more))
    with books.change("t", NOW_MS) as session:
        account = session.get_one(Account, "somebody")
        account.must_change, epoch = False, account.session_epoch
    cookie = sessions_of(Sources.from_environment().key or "").issue("somebody", epoch, round(time.time() * 1000))
    found.cookies.set(COOKIE, cookie, domain="river.example")
    return found


def test_the_office_sees_its_day(books: Books, xietang: Site) -> None:
    found = signed_in(books, xietang, visitor(xietang), "office")
    answer = found.get("/?lang=en", headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for said in ('id="first"', "Rivers today", "Duntou Creek", "Open orders", '<html lang="en">'):
        assert said in answer.text, said
    assert "Work orders" in found.get("/orders?lang=en", headers=HTML).text


def test_a_chief_sees_their_own_rivers(books: Books, xietang: Site) -> None:
    found = signed_in(books, xietang, visitor(xietang), "chief", rivers=("R01",))
    text = found.get("/?lang=en", headers=HTML).text
    assert xietang.rivers["R01"].name_en in text
    assert "Duntou Creek" not in text


def test_whoever_has_not_signed_in_sees_what_everybody_may(books: Books, xietang: Site) -> None:
    text = visitor(xietang).get("/?lang=en", headers=HTML).text
    assert "Water quality of the rivers" in text
    assert "Duntou Creek" in text
    for never in ("Open orders", "Goals", "Valid hours", "orders?"):
        assert never not in text
    away = visitor(xietang).get("/orders?lang=en", headers=HTML)
    assert (away.status_code, away.text) == (303, ""), "to where they sign in"


def test_a_session_that_has_ended_sees_no_more_of_it(books: Books, xietang: Site) -> None:
    paint = FirstPaint()
    found = signed_in(books, xietang, visitor(xietang, paint), "office")
    assert "Open orders" in found.get("/?lang=en", headers=HTML).text
    people.set_disabled(books, "boss", NOW_MS, "somebody", True)
    text = found.get("/?lang=en", headers=HTML).text
    assert "Open orders" not in text, "kept screens are asked for by who asks now"
    assert "Water quality of the rivers" in text


def test_a_page_that_is_not_for_the_role_has_none(books: Books, xietang: Site) -> None:
    found = signed_in(books, xietang, visitor(xietang), "engineer")
    assert 'id="first"' not in found.get("/admin", headers=HTML).text
    assert 'id="first"' not in found.get("/wall?kiosk=1", headers=HTML).text


def test_a_fault_costs_the_screen_and_not_the_page(
    books: Books, xietang: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Html:
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.first_paint.screen.screen", broken)
    answer = visitor(xietang).get("/", headers=HTML)
    assert answer.status_code == 200
    assert 'id="first"' not in answer.text
    assert '<script type="module"' in answer.text
    assert "the first screen could not be drawn" in caplog.text


def test_a_store_that_is_away_leaves_the_frame(
    books: Books, xietang: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RIVERCHIEF_STORE", "sqlite:////nowhere/at/all.sqlite")
    text = visitor(xietang).get("/?lang=en", headers=HTML).text
    assert "Water quality of the rivers" in text
    assert "nowhere" not in text
    assert "no content" in caplog.text


def test_a_board_that_cannot_say_who_asks_shows_nothing(
    books: Books, xietang: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = signed_in(books, xietang, visitor(xietang), "office")
    (tmp_path / "none.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    monkeypatch.setenv("RIVERCHIEF_BOOKS", f"sqlite:///{tmp_path / 'none.sqlite'}")
    answer = found.get("/?lang=en", headers=HTML)
    assert answer.status_code == 200
    assert 'id="first"' not in answer.text


def asked(path: str = "") -> Asked:
    return Asked(path, {}, {}, translator("en"))


def test_a_screen_is_kept_for_seconds(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def count(_sources: Sources, frame: Any) -> Html:
        made.append(frame.page.path)
        return Html(f"<p>{len(made)}</p>")

    monkeypatch.setattr("dashboard.first_paint.screen.screen", count)
    now = [0.0]
    paint = FirstPaint(clock=lambda: now[0])
    assert paint.made(asked()) == paint.made(asked()) == "<p>1</p>"
    now[0] = first_paint.KEPT_S + 0.1
    assert paint.made(asked()) == "<p>2</p>"
    assert paint.made(asked("public")) == "<p>2</p>", "the same page by its name"
    monkeypatch.setattr(first_paint, "MOST", 0)
    now[0] = 100.0
    assert paint.made(asked()) == "<p>3</p>"
    assert paint.made(asked()) == "<p>4</p>", "there is an end to what is kept"


def test_nobody_waits_for_a_screen_that_takes_too_long(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(first_paint, "PATIENCE_S", 0.05)
    go_on = threading.Event()

    def slow() -> Sources:
        assert go_on.wait(20)
        raise ZeroDivisionError

    paint = FirstPaint(slow)

    async def visits() -> list[Html | None]:
        first = await asyncio.gather(*(paint.of(asked()) for _ in range(first_paint.THREADS)))
        begun = time.monotonic()
        # All who could make one are at it: the next one does not even wait.
        after = [await paint.of(asked()) for _ in range(3)]
        assert time.monotonic() - begun < 0.04
        go_on.set()
        return [*first, *after]

    assert asyncio.run(visits()) == [None] * (first_paint.THREADS + 3)
    assert caplog.text.count("was left out") >= first_paint.THREADS


def test_it_takes_little_time(books: Books) -> None:
    paint = FirstPaint(clock=lambda: 0.0)
    assert paint.made(asked()) is not None
    times = []
    for number in range(20):
        begun = time.thread_time()
        assert paint.made(Asked("", {"as": str(number)}, {}, translator("en"))) is not None
        times.append(time.thread_time() - begun)
    assert sorted(times)[10] < 0.03, "of a core, drawn anew from what is kept"
