"""The document in which Streamlit draws the board."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import HTMLResponse

from deploy.board.index import SCRIPT, document, index, page
from sensors.site import Site


def test_streamlits_page_is_as_it_was_when_this_was_written() -> None:
    for part in ('<html lang="en">', "<title>Streamlit</title>", "<head>"):
        assert document().count(part) == 1


def shown(site: Site, query: str = "") -> HTMLResponse:
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": []}
    return index(site, Request(scope))


def test_language_name_and_server(xietang: Site) -> None:
    first = bytes(shown(xietang).body).decode()
    assert '<html lang="zh-CN">' in first
    assert "· 斜塘街道</title>" in first
    assert f"<script>{SCRIPT}</script>" in first
    assert shown(xietang).headers["cache-control"] == "no-cache"
    other = bytes(shown(xietang, "lang=en&order=3").body).decode()
    assert '<html lang="en">' in other
    assert "River board · Xietang Sub-district</title>" in other
    assert '<html lang="zh-CN">' in bytes(shown(xietang, "lang=xx").body).decode()


def test_a_name_is_text(xietang: Site) -> None:
    hostile = replace(xietang, name="</title><script>alert(1)</script>")
    assert "alert(1)</script>" not in bytes(shown(hostile).body).decode()


def test_without_the_places_that_it_knows_the_page_stays(monkeypatch) -> None:
    monkeypatch.setattr("deploy.board.index.document", lambda: "<html><body>other</body></html>")
    page.cache_clear()
    assert page("en", "x") == "<html><body>other</body></html>"
    page.cache_clear()
