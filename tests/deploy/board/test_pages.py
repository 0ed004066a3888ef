"""What the board serves beside Streamlit's pages."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette

from collectors.stores import open_store
from dashboard.accounts.sessions import COOKIE, sessions_of
from deploy.board.board import BoardOptions, prepared
from deploy.board.pages import Later, beside
from deploy.cli import EXAMPLE_SITE
from sensors.errors import BooksError
from tests.visitors import Visitor


@pytest.fixture
def options(tmp_path: Path) -> BoardOptions:
    return BoardOptions(
        EXAMPLE_SITE, f"sqlite:///{tmp_path / 'store.sqlite'}", books=f"sqlite:///{tmp_path / 'books.sqlite'}"
    )  # fmt: skip


def visitor(options: BoardOptions, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    for name, value in prepared(options).items():
        monkeypatch.setenv(name, value)
    served = beside(options)
    return Visitor(Starlette(routes=served.routes, middleware=served.guards))


def test_whether_it_lives_and_works(options: BoardOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = visitor(options, monkeypatch)
    assert found.get("/healthz").status_code == 200
    away = found.get("/readyz")
    assert away.status_code == 503, "there is no store yet"
    assert str(tmp_path) not in away.text, "where it is stands in the log"
    open_store(options.store).close()
    ready = found.get("/readyz")
    assert ready.status_code == 200
    assert [(one["name"], one["ok"]) for one in ready.json()["checks"]] == [("store", True), ("books", True)]
    assert "riverchief" in found.get("/metrics").text


def test_pages_of_the_staff_lead_to_signing_in(options: BoardOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    found = visitor(options, monkeypatch)
    html = {"accept": "text/html,*/*"}
    sent = found.get("/evaluation?lang=en&tab=x", headers=html)
    assert (sent.status_code, sent.headers["location"]) == (
        303, "/signin?next=%2Fevaluation%3Flang%3Den%26tab%3Dx&lang=en",
    )  # fmt: skip
    assert found.get("/", headers=html).status_code == 200, "the first page is everybody's"
    sessions = sessions_of(prepared(options)["RIVERCHIEF_KEY"])
    found.cookies.set(COOKIE, sessions.issue("boss", 0, round(time.time() * 1000)), domain="river.example")
    assert found.get("/evaluation", headers=html).status_code == 200


def test_links_of_messages_are_served(options: BoardOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "This link is not known" in visitor(options, monkeypatch).get("/alert/x?lang=en").text


def test_nobody_signs_in_to_a_demonstration(options: BoardOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = visitor(replace(options, access="demo"), monkeypatch)
    assert demo.get("/signin").status_code == 404
    water = visitor(replace(options, books=None), monkeypatch)
    assert water.get("/signin").status_code == 404
    assert water.get("/evaluation", headers={"accept": "text/html"}).status_code == 200


def test_everything_else_is_left_to_streamlit(options: BoardOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    found = visitor(options, monkeypatch)
    for path in ("/nothing", "/static/x.js", "/evaluation/x", "/oauth2callback", "/evaluation"):
        assert found.get(path, headers={"accept": "*/*"}).status_code == 404


def test_books_that_cannot_be_opened_are_told(options: BoardOptions, tmp_path: Path) -> None:
    (tmp_path / "books.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    with pytest.raises(BooksError):
        beside(options).warm()


def test_what_takes_long_is_loaded_once(options: BoardOptions) -> None:
    made: list[int] = []

    def make() -> Starlette:
        made.append(1)
        return Starlette()

    later = Later(make)
    assert Visitor(later).get("/").status_code == 404
    assert Visitor(later).get("/").status_code == 404
    assert made == [1]
