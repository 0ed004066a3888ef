"""Who the frame of the board takes somebody for; cookies and the provider's word are given by hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from dashboard.access import PUBLIC, Viewer, rivers_at
from dashboard.accounts import known, people
from dashboard.accounts.known import Known, ask
from dashboard.accounts.people import Details
from dashboard.accounts.sessions import COOKIE, sessions_of
from dashboard.accounts.signin import change_password
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books, open_books
from dashboard.casework.seed.accounts import seed_accounts
from dashboard.casework.tables.accounts import Account
from dashboard.sources import Sources
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.accounts.conftest import GOOD, NOW

APP = Path(__file__).resolve().parents[3] / "dashboard" / "app.py"


@dataclass
class Board:
    """A board with books, and what a browser would send."""

    books: Books
    key: Path
    url: str
    cookie: str = ""
    user: dict[str, Any] = field(default_factory=dict)

    def sign_in(self, account: str) -> None:
        with self.books.read() as session:
            from dashboard.casework.tables.accounts import Account

            epoch = session.get_one(Account, account).session_epoch
        self.cookie = sessions_of(str(self.key)).issue(account, epoch, known.now_ms())

    def sources(self, **more: Any) -> Sources:
        values = {"access": "login", "key": str(self.key), **more}
        return Sources(str(made.SITE_FOLDER), "sqlite:///nowhere", "virtual", lambda: NOW, self.url, None, **values)


@pytest.fixture
def board(
    tmp_path: Path, migrated: Callable[[str], Path], xietang: Site, monkeypatch: pytest.MonkeyPatch, filled_url: str
) -> Any:
    shutil.copy(migrated(""), tmp_path / "books.sqlite")
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    books = open_books(url)
    key = tmp_path / "board.key"
    key.write_bytes(b"k" * 64)
    found = Board(books, key, url)
    once = people.add(books, xietang, "t", NOW, "boss", Details("王主任", "admin"))
    from dashboard.accounts.settings import AccessSettings

    change_password(books, "boss", once, GOOD, NOW, AccessSettings())
    people.add(
        books, xietang, "t", NOW, "li", Details("李工", "department", "water", oidc_subject="s-1"), password=False
    )

    class Context:
        @property
        def cookies(self) -> dict[str, str]:
            return {COOKIE: found.cookie}

    class User:
        def to_dict(self) -> dict[str, Any]:
            return found.user

    monkeypatch.setattr(known.st, "context", Context())
    monkeypatch.setattr(known.st, "user", User())
    for name, value in {
        "RIVERCHIEF_SITE": str(made.SITE_FOLDER), "RIVERCHIEF_STORE": filled_url, "RIVERCHIEF_BOOKS": url,
        "RIVERCHIEF_KEY": str(key), "RIVERCHIEF_INPUT": "virtual",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    st.cache_resource.clear()
    yield found
    st.cache_resource.clear()
    books.close()


def test_without_books_everybody_is_an_engineer(board: Board) -> None:
    sources = Sources(str(made.SITE_FOLDER), "sqlite:///nowhere", "virtual", lambda: NOW)
    assert known.known(sources).viewer.role == "engineer"


def test_a_session_is_its_account_until_it_ends(board: Board, xietang: Site) -> None:
    sources = board.sources()
    assert known.known(sources) == Known(PUBLIC, "public")
    board.sign_in("boss")
    found = known.known(sources)
    assert (found.how, found.viewer.account, found.viewer.role) == ("local", "boss", "admin")
    people.add(board.books, xietang, "t", NOW, "zhang", Details("张工", "admin"))
    people.set_disabled(board.books, "zhang", NOW, "boss", True)
    assert ask(sources) == PUBLIC, "asked anew for a change"
    people.set_disabled(board.books, "zhang", NOW, "boss", False)
    assert ask(sources) == PUBLIC, "its sessions do not come back"
    board.sign_in("boss")
    assert ask(sources).account == "boss"
    people.change(board.books, xietang, "zhang", NOW, "boss", Details("王主任", "chief", rivers=("R01",)))
    assert ask(sources) == Viewer("boss", "王主任", "chief", None, frozenset({"R01"}), None)


def test_a_one_time_password_opens_nothing_but_the_way_to_another(board: Board) -> None:
    people.reset_password(board.books, "t", NOW, "boss")
    board.sign_in("boss")
    found = known.known(board.sources(), fresh=True)
    assert (found.viewer, found.problem) == (PUBLIC, "must_change")


def test_without_a_key_nobody_is_known(board: Board) -> None:
    board.sign_in("boss")
    assert known.known(board.sources(key=None)).viewer == PUBLIC


@pytest.mark.parametrize(("user", "account", "problem"), [
    ({}, "", ""),
    ({"is_logged_in": True, "sub": "s-1", "iat": 0}, "li", ""),
    ({"is_logged_in": True, "sub": "s-2", "iat": 0}, "", "unknown"),
    ({"is_logged_in": False, "sub": "s-1", "iat": 0}, "", ""),
    ({"is_logged_in": True, "sub": "s-1", "iat": -13 * 3600}, "", "expired"),
    ({"is_logged_in": True, "sub": "s-1", "iat": None}, "", "expired"),
    ({"is_logged_in": True, "sub": None, "iat": 0}, "", ""),
])  # fmt: skip
def test_an_identity_provider(board: Board, user: dict[str, Any], account: str, problem: str) -> None:
    if user.get("iat") is not None:
        user = user | {"iat": known.now_ms() / 1000 + user["iat"]}
    board.user = user
    found = known.known(board.sources(single=True))
    assert (found.viewer.account, found.problem) == (account, problem)
    assert known.known(board.sources()).viewer == PUBLIC, "only where the board has one"


def test_a_session_at_the_provider_ends_with_the_account(board: Board) -> None:
    board.user = {"is_logged_in": True, "sub": "s-1", "iat": known.now_ms() / 1000}
    sources = board.sources(single=True)
    assert ask(sources).account == "li"
    assert ask(sources).account == "li"
    with board.books.read() as session:
        told = session.scalars(select(AuditEntry.reason).where(AuditEntry.action == "signin")).all()
    assert [one.startswith("single sign-on ") for one in told] == [True], "once for each session"
    sessions_of.cache_clear()
    assert ask(sources).account == "li"
    assert entries(board, "signin") == told, "not again when the board has started again"
    people.set_disabled(board.books, "boss", NOW, "li", True)
    assert known.known(sources, fresh=True).problem == "disabled"
    people.set_disabled(board.books, "boss", NOW, "li", False)
    assert known.known(sources, fresh=True).problem == "disabled", "they have to sign in again"


def entries(board: Board, action: str) -> list[str]:
    with board.books.read() as session:
        return list(session.scalars(select(AuditEntry.reason).where(AuditEntry.action == action)))


def test_what_became_of_single_sign_on_is_written_down(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    sources = board.sources(single=True)
    board.user = {"is_logged_in": True, "sub": "s-9", "iat": known.now_ms() / 1000}
    for _ in range(2):
        assert known.known(sources).problem == "unknown"
    assert caplog.text.count("no account has the subject 's-9'") == 1
    people.set_disabled(board.books, "boss", NOW, "li", True)
    board.user = {"is_logged_in": True, "sub": "s-1", "iat": known.now_ms() / 1000}
    for _ in range(2):
        assert known.known(sources, fresh=True).problem == "disabled"
    assert [one.endswith(", switched off") for one in entries(board, "refused")] == [True]
    people.set_disabled(board.books, "boss", NOW, "li", False)
    board.user = {"is_logged_in": True, "sub": "s-1", "iat": known.now_ms() / 1000 + 1}
    assert ask(sources).account == "li"
    for _ in range(2):
        known.leave(sources)
    assert len(entries(board, "signout")) == 1
    assert known.known(sources).problem == "expired", "what the provider's cookie says counts no more"


def test_a_session_at_the_provider_ends_without_use(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    start_ms = known.now_ms()
    board.user = {"is_logged_in": True, "sub": "s-1", "iat": start_ms / 1000}
    sources = board.sources(single=True)
    assert ask(sources).account == "li"
    for hours, use, account in ((1, True, "li"), (2.9, False, "li"), (3.1, False, ""), (3.1, True, "")):
        monkeypatch.setattr(known, "now_ms", lambda hours=hours: start_ms + round(hours * 3_600_000))
        assert known.known(sources, use=use).viewer.account == account


def test_a_screen_on_a_wall_outlives_the_day_and_changes_nothing(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    start_ms, shown = known.now_ms(), ["https://rivers.example/board/wall?kiosk=1"]
    monkeypatch.setattr(type(known.st.context), "url", property(lambda _self: shown[0]), raising=False)
    monkeypatch.setattr(known.st, "query_params", {"kiosk": "1"})
    board.sign_in("boss")
    sources = board.sources()
    for hour in range(1, 16):
        monkeypatch.setattr(known, "now_ms", lambda hour=hour: start_ms + hour * 3_600_000)
        assert known.known(sources, use=False).viewer.account == "boss"
    assert ask(sources) == PUBLIC, "nothing is changed by it"
    for url, query in (("https://rivers.example/board/orders?kiosk=1", {"kiosk": "1"}),
                       ("https://rivers.example/board/wall", {}), (None, {"kiosk": "1"})):  # fmt: skip
        shown[0] = url
        monkeypatch.setattr(known.st, "query_params", query)
        assert known.known(sources).viewer == PUBLIC, "nor is anything else shown"


def test_an_open_page_is_drawn_anew_when_its_viewer_has_other_rights(
    board: Board, xietang: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.add(board.books, xietang, "t", NOW, "zhang", Details("张工", "admin"))
    board.sign_in("boss")
    sources = board.sources()
    opened = ask(sources)
    again: list[bool] = []
    monkeypatch.setattr(known.st, "rerun", lambda: again.append(True))
    look = known.watch.__wrapped__
    look(sources, opened)
    assert again == []
    people.change(board.books, xietang, "zhang", NOW, "boss", Details("王主任", "chief", rivers=("R01",)))
    look(sources, opened)
    assert again == [True]


def test_a_grid_is_on_its_river(board: Board, xietang: Site) -> None:
    people.add(board.books, xietang, "t", NOW, "grid", Details("网", "grid_officer", grids=("G001",)))
    board.sign_in("grid")
    with board.books.change("t", NOW) as session:
        session.get_one(Account, "grid").must_change = False
    viewer = ask(board.sources())
    assert viewer.rivers == {xietang.grids["G001"].river}
    assert rivers_at(xietang, (), ("gone",)) == frozenset(), "an area never becomes everything by itself"
    assert rivers_at(xietang, ("R02",), ("G001",)) == {"R02", xietang.grids["G001"].river}
    assert rivers_at(xietang, (), ()) is None


def app(lang: str = "en", **address: str) -> AppTest:
    found = AppTest.from_file(str(APP), default_timeout=30)
    found.query_params["lang"] = lang
    for name, value in address.items():
        found.query_params[name] = value
    return found.run()


def said(found: AppTest) -> str:
    return "\n".join(str(one.value) for one in [*found.text, *found.warning, *found.error, *found.info, *found.code])


@pytest.mark.parametrize(("lang", "word"), [("zh", "请登录后查看"), ("en", "Sign in to see it")])
def test_the_public_is_never_shown_an_error(
    board: Board, lang: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dashboard.views

    staff = tuple(page for page in dashboard.views.PAGES if "public" not in page.roles)
    monkeypatch.setattr(dashboard.views, "PAGES", staff)
    found = app(lang)
    assert not found.exception
    assert word in said(found)


def test_the_frame_opens_for_whoever_has_signed_in(board: Board) -> None:
    board.sign_in("boss")
    found = app()
    assert not found.exception
    assert "Sign in to see it" not in said(found)


def test_somebody_whom_no_account_belongs_to_is_told_the_identifier(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVERCHIEF_OIDC", "1")
    board.user = {"is_logged_in": True, "sub": "stranger-7", "iat": known.now_ms() / 1000}
    found = app()
    assert not found.exception
    assert "no account of the board belongs to you" in said(found)
    assert "stranger-7" in said(found)


def test_books_that_are_away_are_not_described_to_strangers(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERCHIEF_KEY", str(board.key.with_name("other.key")))
    found = app()
    assert not found.exception
    assert "cannot be reached" in said(found)
    assert "other.key" not in said(found)


def test_a_demonstration_is_for_whoever_is_picked(
    board: Board, monkeypatch: pytest.MonkeyPatch, xietang: Site, tmp_path: Path, migrated: Callable[[str], Path]
) -> None:
    shutil.copy(migrated(""), tmp_path / "demo.sqlite")
    url = f"sqlite:///{tmp_path / 'demo.sqlite'}"
    books = open_books(url)
    seed_accounts(books, xietang, NOW)
    books.close()
    monkeypatch.setenv("RIVERCHIEF_BOOKS", url)
    monkeypatch.setenv("RIVERCHIEF_ACCESS", "demo")
    found = app(**{"as": "water"})
    assert not found.exception
    picker = next(one for one in found.selectbox if one.label == "See the board as")
    assert picker.value == "water"
    assert "As: Department · Water affairs" in picker.options
    picker.set_value("chief").run()
    assert not found.exception
    assert found.query_params["as"] == "chief"
    assert next(one for one in found.selectbox if one.label == "See the board as").value == "chief"
    assert not app(**{"as": "nobody"}).exception
    assert not app().exception
