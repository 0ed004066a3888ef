"""Signing in as a browser does it, against real books."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import select
from starlette.applications import Starlette

from dashboard.accounts import people
from dashboard.accounts.routes import SignIn, routes
from dashboard.accounts.sessions import COOKIE, Sessions
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.throttle import Throttle
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from sensors.errors import BooksError
from sensors.site import Site
from tests.dashboard.accounts.conftest import GOOD, MINUTE, NOW
from tests.visitors import OWN, Visitor

BASE = "https://river.example"


class Clock:
    """A clock that is set by hand [ms]."""

    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(books: Books, xietang: Site, tmp_path: Path, clock: Clock) -> SignIn:
    sessions = Sessions(b"k" * 32, AccessSettings(), tmp_path / "ended")
    return SignIn(books, xietang, sessions, clock, throttle=Throttle(1000))


@pytest.fixture
def client(desk: SignIn) -> Visitor:
    return Visitor(Starlette(routes=routes(desk)), BASE)


Enter = Callable[..., Response]


@pytest.fixture
def enter(client: Visitor) -> Enter:
    """Sends the form of the sign-in page."""

    def sent(account: str, password: str, query: str = "lang=en&next=/orders%3Forder%3D3") -> Response:
        return client.post(f"/signin?{query}", data={"account": account, "password": password}, headers=OWN)

    return sent


def test_the_way_of_a_first_password(client: Visitor, enter: Enter, boss: str, desk: SignIn) -> None:
    page = client.get("/signin?lang=en&next=/orders%3Forder%3D3")
    assert (page.status_code, "<script" in page.text) == (200, False)
    assert '<html lang="en">' in page.text
    assert 'autocomplete="current-password"' in page.text
    first = enter("boss", boss)
    assert (first.status_code, first.headers["location"]) == (303, "/password?lang=en&next=%2Forders%3Forder%3D3")
    cookie = first.headers["set-cookie"]
    assert all(mark in cookie for mark in ("HttpOnly", "SameSite=lax", "Secure", "Path=/"))
    assert "was for once" in client.get("/password?lang=en").text
    assert client.get("/signin").headers["location"].startswith("/password")
    sent = {"old": boss, "new": GOOD, "again": GOOD}
    before = client.cookies[COOKIE]
    changed = client.post("/password?lang=en&next=/orders%3Forder%3D3", data=sent, headers=OWN)
    assert (changed.status_code, changed.headers["location"]) == (303, "/orders?order=3")
    assert client.cookies[COOKIE] != before
    assert desk.sessions.read(before, NOW) is None, "the session of the one-time password is over"
    assert client.get("/signin?next=/goals").headers["location"] == "/goals", "nobody signs in twice"


def test_what_is_wrong_is_said_in_the_readers_language(enter: Enter, boss: str) -> None:
    for name in ("boss", "nobody"):
        refused = enter(name, "wrong")
        assert refused.status_code == 403
        assert "Account or password is not right" in refused.text
        assert COOKIE not in refused.headers.get("set-cookie", "")
    assert "账号或密码不正确" in enter("boss", "wrong", "").text


def test_what_was_typed_comes_back_as_text(enter: Enter) -> None:
    page = enter('"><img src=x onerror=alert(1)>', "secret-secret")
    assert "<img" not in page.text
    assert "&lt;img" in page.text
    assert "secret-secret" not in page.text


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 403), ({"sec-fetch-site": "cross-site"}, 403), ({"sec-fetch-site": "same-site"}, 403),
    ({"sec-fetch-site": "none"}, 403), ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403),
    ({"origin": BASE}, 303), ({"sec-fetch-site": "same-origin", "origin": "null"}, 303),
    ({"sec-fetch-site": "cross-site", "origin": BASE}, 403),
])  # fmt: skip
@pytest.mark.parametrize("path", ["/signin", "/password", "/signout"])
def test_forms_come_from_our_own_pages(
    client: Visitor, boss: str, headers: dict[str, str], status: int, path: str
) -> None:
    form = {"account": "boss", "password": boss}
    assert client.post(path, data=form, headers=headers).status_code == status


def test_signing_out(client: Visitor, enter: Enter, boss: str, desk: SignIn) -> None:
    enter("boss", boss)
    cookie = client.cookies[COOKIE]
    left = client.post("/signout?lang=en", headers=OWN)
    assert (left.status_code, left.headers["location"]) == (303, "/?lang=en")
    assert COOKIE not in client.cookies
    assert desk.sessions.read(cookie, NOW) is None
    client.cookies.set(COOKIE, cookie, domain="river.example")
    assert client.get("/password").headers["location"].startswith("/signin"), "the cookie is worth nothing any more"
    assert client.post("/signout", headers=OWN).status_code == 303
    with desk.books.read() as session:
        told = session.scalars(select(AuditEntry.action).where(AuditEntry.action == "signout")).all()
    assert told == ["signout"], "once"
    assert client.get("/signout").status_code == 405, "a picture cannot sign anybody out"


@pytest.mark.parametrize("ends", ["off", "password", "idle", "absolute"])
def test_a_session_ends(client: Visitor, enter: Enter, boss: str, desk: SignIn, clock: Clock, ends: str) -> None:
    enter("boss", boss)
    assert client.get("/password").status_code == 200
    if ends == "off":
        with desk.books.change("t", NOW) as session:
            session.get_one(Account, "boss").disabled = True
    elif ends == "password":
        people.reset_password(desk.books, "t", NOW, "boss")
    else:
        steps = 1 if ends == "idle" else 7
        for _ in range(steps):
            clock.now += 121 * MINUTE if ends == "idle" else 110 * MINUTE
            answer = client.get("/password")
        assert answer.status_code == 303
    assert client.get("/password").headers["location"].startswith("/signin")


def test_a_new_password_that_is_not_taken(client: Visitor, enter: Enter, boss: str) -> None:
    enter("boss", boss)

    def said(old: str, new: str, again: str) -> str:
        answer = client.post("/password?lang=en", data={"old": old, "new": new, "again": again}, headers=OWN)
        assert answer.status_code == 400
        return answer.text

    assert "not typed the same twice" in said(boss, GOOD, GOOD + "x")
    assert "shorter than 10" in said(boss, "x1", "x1")
    assert "too easy" in said(boss, "password2026", "password2026")
    assert "password up to now is not right" in said("guess", GOOD, GOOD)


def test_too_many_from_one_place(books: Books, xietang: Site, clock: Clock, boss: str) -> None:
    desk = SignIn(books, xietang, Sessions(b"k" * 32, AccessSettings()), clock, throttle=Throttle(3))
    client = Visitor(Starlette(routes=routes(desk)), BASE)
    form = {"account": "boss", "password": "wrong"}
    found = [client.post("/signin", data=form, headers=OWN).status_code for _ in range(5)]
    assert found == [403, 403, 403, 429, 429]
    strict = Sessions(b"k" * 32, AccessSettings(attempts_per_minute=1))
    client = Visitor(Starlette(routes=routes(SignIn(books, xietang, strict, clock))), BASE)
    assert [client.post("/signin", data=form, headers=OWN).status_code for _ in range(2)] == [403, 429]


def test_large_and_strange_forms(client: Visitor) -> None:
    assert client.post("/signin", content=b"a=" + b"x" * 9000, headers=OWN).status_code == 413
    assert client.post("/signin", content=b"\xff\xfe", headers=OWN).status_code == 400
    assert client.post("/signin", content=b"nothing", headers=OWN).status_code == 400
    assert client.post("/signin", content="&".join("a=1" for _ in range(50)), headers=OWN).status_code == 400
    assert client.post("/signin", content=b"", headers=OWN).status_code == 403


def test_books_that_are_away(client: Visitor, monkeypatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise BooksError("books: cannot connect to host db.internal", retryable=True)

    monkeypatch.setattr("dashboard.accounts.routes.sign_in", away)
    answer = client.post("/signin?lang=en", data={"account": "boss", "password": "x"}, headers=OWN)
    assert answer.status_code == 503
    assert "Please try again" in answer.text
    assert "db.internal" not in answer.text


def test_over_plain_http_the_cookie_is_sent_all_the_same(desk: SignIn, boss: str) -> None:
    client = Visitor(Starlette(routes=routes(desk)), "http://127.0.0.1:8501")
    answer = client.post("/signin", data={"account": "boss", "password": boss}, headers=OWN)
    assert answer.status_code == 303
    assert "Secure" not in answer.headers["set-cookie"]


def test_headers_and_the_button_of_an_identity_provider(desk: SignIn) -> None:
    single = SignIn(desk.books, desk.site, desk.sessions, desk.now_ms, single=True)
    client = Visitor(Starlette(routes=routes(single)), BASE)
    page = client.get("/signin?lang=en")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "/?lang=en&amp;signin=oidc" in page.text
