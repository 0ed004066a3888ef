"""Who asks for a page, from the request alone: the same as the page itself finds out, or nobody."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from dashboard.access import PUBLIC
from dashboard.accounts import known, people
from dashboard.accounts.people import Details
from dashboard.accounts.sessions import COOKIE, sessions_of
from dashboard.casework.database import Books, open_books
from dashboard.casework.seed.accounts import seed_accounts
from dashboard.casework.tables.accounts import Account
from dashboard.first_paint.viewer import SINGLE_COOKIE, viewer_of
from dashboard.sources import Sources
from sensors.site import Site
from tests.dashboard import made

NOW = 1_778_464_800_000


@dataclass
class Office:
    """Books, and a key by which sessions are signed."""

    books: Books
    key: str
    url: str

    def sources(self, **more: Any) -> Sources:
        values = {"access": "login", "key": self.key, **more}
        return Sources(str(made.SITE_FOLDER), "sqlite:///nowhere", "virtual", lambda: NOW, self.url, None, **values)

    def cookie(self, account: str) -> dict[str, str]:
        with self.books.read() as session:
            epoch = session.get_one(Account, account).session_epoch
        return {COOKIE: sessions_of(self.key).issue(account, epoch, known.now_ms())}

    def free(self, account: str) -> None:
        """As if the password for once had been changed."""
        with self.books.change("t", NOW) as session:
            session.get_one(Account, account).must_change = False


@pytest.fixture
def office(tmp_path: Path, migrated: Callable[[str], Path], xietang: Site) -> Iterator[Office]:
    shutil.copy(migrated(""), tmp_path / "books.sqlite")
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    books = open_books(url)
    key = tmp_path / "board.key"
    key.write_bytes(b"k" * 64)
    people.add(books, xietang, "t", NOW, "boss", Details("王主任", "admin"))
    people.add(books, xietang, "t", NOW, "zhao", Details("赵", "chief", rivers=("R01",)))
    st.cache_resource.clear()
    yield Office(books, str(key), url)
    st.cache_resource.clear()
    books.close()


def both(
    office: Office, monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str], **more: Any
) -> tuple[Any, known.Known]:
    """What the request tells, and what the page finds out."""
    sources = office.sources(**more)

    class Context:
        @property
        def cookies(self) -> dict[str, str]:
            return cookies

    monkeypatch.setattr(st, "context", Context())
    return viewer_of(sources, cookies, {}, known.now_ms()), known.known(sources, fresh=True)


def test_whoever_has_signed_in(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.free("zhao")
    viewer, page = both(office, monkeypatch, office.cookie("zhao"))
    assert viewer == page.viewer
    assert (viewer.role, viewer.rivers) == ("chief", frozenset({"R01"}))


@pytest.mark.parametrize("cookies", [{}, {COOKIE: "v1.x.y"}, {COOKIE: ""}, {"other": "1"}])
def test_a_cookie_that_is_none_of_ours_is_the_public(
    office: Office, monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]
) -> None:
    viewer, page = both(office, monkeypatch, cookies)
    assert viewer == page.viewer == PUBLIC


def test_a_session_that_ended_shows_no_more_than_the_public_sees(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.free("zhao")
    cookies = office.cookie("zhao")
    people.set_disabled(office.books, "boss", NOW, "zhao", True)
    viewer, page = both(office, monkeypatch, cookies)
    assert viewer == page.viewer == PUBLIC
    people.set_disabled(office.books, "boss", NOW, "zhao", False)
    viewer, page = both(office, monkeypatch, cookies)
    assert viewer == page.viewer == PUBLIC, "sessions from before do not come back"
    fresh = office.cookie("zhao")
    sessions_of(office.key).end(fresh[COOKIE], known.now_ms())
    viewer, page = both(office, monkeypatch, fresh)
    assert viewer == page.viewer == PUBLIC, "signed out"


def test_a_role_that_changed_counts_at_once(office: Office, monkeypatch: pytest.MonkeyPatch, xietang: Site) -> None:
    office.free("zhao")
    cookies = office.cookie("zhao")
    people.change(office.books, xietang, "boss", NOW, "zhao", Details("赵", "chief", rivers=("R02",)))
    viewer, page = both(office, monkeypatch, cookies)
    assert viewer in (page.viewer, PUBLIC)
    assert page.viewer in (viewer, PUBLIC)


def test_a_password_for_once_shows_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer, page = both(office, monkeypatch, office.cookie("zhao"))
    assert viewer is None, "the page says what is to be done"
    assert page.problem == "must_change"


def test_it_keeps_no_session_alive(office: Office) -> None:
    office.free("zhao")
    cookies, start_ms = office.cookie("zhao"), known.now_ms()
    half_ms = round(sessions_of(office.key).settings.idle_s * 500)
    assert viewer_of(office.sources(), cookies, {}, start_ms + half_ms) != PUBLIC
    assert viewer_of(office.sources(), cookies, {}, start_ms + 3 * half_ms) == PUBLIC


def test_whom_a_provider_let_in_is_the_pages_business(office: Office) -> None:
    sources = office.sources(single=True)
    assert viewer_of(sources, {SINGLE_COOKIE: "anything"}, {}, NOW) is None
    assert viewer_of(sources, {}, {"signin": "oidc"}, NOW) is None
    assert viewer_of(sources, {}, {}, NOW) == PUBLIC


def test_without_a_key_nobody_is_known_and_without_books_everybody(office: Office) -> None:
    assert viewer_of(office.sources(key=None), office.cookie("boss"), {}, known.now_ms()) == PUBLIC
    water = Sources(str(made.SITE_FOLDER), "sqlite:///nowhere", "virtual", lambda: NOW)
    viewer = viewer_of(water, {}, {"as": "admin"}, NOW)
    assert viewer is not None
    assert viewer.role == "engineer"


@pytest.mark.parametrize("wanted", [None, "chief", "public", "nobody", "office"])
def test_in_a_demonstration_the_address_says(
    office: Office, monkeypatch: pytest.MonkeyPatch, xietang: Site, wanted: str | None
) -> None:
    seed_accounts(office.books, xietang, NOW)
    query = {"as": wanted} if wanted else {}
    sources = office.sources(access="demo")
    monkeypatch.setattr(st, "query_params", query)
    assert viewer_of(sources, {}, query, NOW) == known.known(sources).viewer
