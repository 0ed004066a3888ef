from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette

from dashboard.alerts.acknowledge import HEADERS, routes
from dashboard.alerts.sender import Office
from dashboard.alerts.tokens import new_token
from tests.dashboard.alerts.staged import HOUR_MS, MINUTE_MS, NOW_MS, alerts, see, wanted

CLOCK = {"now_ms": NOW_MS + MINUTE_MS}


class Client:
    """A browser that speaks English."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        async def once() -> httpx.Response:
            given = {"accept-language": "en", **(headers or {})}
            async with httpx.AsyncClient(transport=self._transport, base_url="http://board.test") as client:
                return await client.request(method, path, headers=given)

        return asyncio.run(once())

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers)

    def post(self, path: str) -> httpx.Response:
        return self.ask("POST", path)


@pytest.fixture
def client(sqlite_office: Office) -> Client:
    CLOCK["now_ms"] = NOW_MS + MINUTE_MS
    return Client(Starlette(routes=routes(sqlite_office.books, sqlite_office.desk, lambda: CLOCK["now_ms"])))


def link(office: Office, *there: object) -> str:
    see(office, NOW_MS, *(there or (wanted(),)))  # type: ignore[arg-type]
    with office.books.change("t", NOW_MS) as session:
        return "/alert/" + new_token(session, [one.id for one in alerts(office)], "li", NOW_MS + HOUR_MS)


def test_fetching_the_link_never_acknowledges(client: Client, sqlite_office: Office) -> None:
    path = link(sqlite_office)
    for _ in range(3):
        page = client.get(path)
        assert page.status_code == 200
        assert client.ask("HEAD", path).status_code == 200
    assert [one.acknowledged_by for one in alerts(sqlite_office)] == [None]
    assert "title of class:R01" in page.text
    assert 'method="post"' in page.text
    for name, value in HEADERS.items():
        assert page.headers[name] == value


def test_only_the_button_does_and_only_once(client: Client, sqlite_office: Office) -> None:
    path = link(sqlite_office)
    action = re.search(r'action="([^"]+)"', client.get(path).text)
    assert action is not None
    pressed = client.post(path + action[1])
    assert (pressed.status_code, pressed.headers["location"]) == (303, path + "?lang=en")
    assert [(one.acknowledged_by, one.acknowledged_ms) for one in alerts(sqlite_office)] == [("li", CLOCK["now_ms"])]
    after = client.get(path)
    assert "Acknowledged by li at 2026-11-23 08:01" in after.text
    assert "<button" not in after.text
    CLOCK["now_ms"] += MINUTE_MS
    client.post(path)
    assert [one.acknowledged_ms for one in alerts(sqlite_office)] == [NOW_MS + MINUTE_MS]


def test_a_link_that_has_expired_or_never_was(client: Client, sqlite_office: Office) -> None:
    path = link(sqlite_office)
    CLOCK["now_ms"] = NOW_MS + HOUR_MS
    assert "This link has expired" in client.get(path).text
    client.post(path)
    assert [one.acknowledged_by for one in alerts(sqlite_office)] == [None]
    for strange in ("/alert/" + "x" * 43, "/alert/" + "y" * 5000, "/alert/%27%3b--"):
        assert client.get(strange).status_code == 404
        assert client.post(strange).status_code == 303
    assert client.ask("PUT", path).status_code == 405


def test_what_people_wrote_is_text(client: Client, sqlite_office: Office) -> None:
    path = link(sqlite_office, wanted(title="<script>alert(1)</script>", text='a "b" <img src=x>\nsecond'))
    page = client.get(path).text
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "second" in page


@pytest.mark.parametrize(
    ("query", "accept", "lang"),
    [("", "zh-CN,zh;q=0.9", "zh-CN"), ("?lang=en", "zh-CN", "en"), ("", "en-GB,zh", "en"), ("", "fr,*", "zh-CN"),
     ("?lang=xx", "en", "en")],
)  # fmt: skip
def test_the_page_speaks_the_reader_s_language(
    client: Client, sqlite_office: Office, query: str, accept: str, lang: str
) -> None:
    page = client.get(link(sqlite_office) + query, headers={"accept-language": accept})
    assert f'<html lang="{lang}">' in page.text
    assert "http://" not in page.text


def test_books_that_cannot_be_had_are_told(client: Client, sqlite_office: Office, monkeypatch) -> None:
    from sensors.errors import BooksError

    path = link(sqlite_office)

    def refuse(*_: object, **__: object) -> None:
        raise BooksError("locked", retryable=True)

    monkeypatch.setattr(sqlite_office.books, "read", refuse)
    assert client.get(path).status_code == 503
    assert client.post(path).status_code == 503
