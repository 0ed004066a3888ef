"""The document in which Streamlit draws the board."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.first_paint.markup import element
from deploy.board.index import SCRIPT, document, first_script, index, page, with_screen
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


def test_without_the_places_that_it_knows_the_page_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.board.index.document", lambda: "<html><body>other</body></html>")
    page.cache_clear()
    assert page("en", "x") == with_screen(page("en", "x"), FIRST) == "<html><body>other</body></html>"
    page.cache_clear()


FIRST = element("main", {}, element("h1", {}, "a < b"))


def packed(site: Site, encoding: str) -> HTMLResponse:
    headers = [(b"accept-encoding", encoding.encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
    return index(site, Request(scope), FIRST)


def test_a_first_screen_stands_before_the_page_and_begins_its_programs(xietang: Site) -> None:
    html = bytes(packed(xietang, "").body).decode()
    assert html.count(str(FIRST)) == 1
    assert html.index(str(FIRST)) < html.index('<div id="root"></div>') < html.index(first_script())
    assert '<script type="module"' not in html, "megabytes are begun when it has been painted"
    assert 'rel="modulepreload"' not in html
    assert "enable JavaScript to run this app" not in html
    entry, begun, more = (re.search(rf'data-{name}="([^"]+)"', html) for name in ("entry", "begun", "later"))
    assert entry
    assert begun
    assert more
    assert entry[1] in document()
    assert all(f'href="{one}"' in document() for one in begun[1].split())
    assert len(begun[1].split()) == document().count('rel="modulepreload"')
    assert any("/BidiComponent." in one for one in more[1].split())


def test_nobody_keeps_a_document_with_a_first_screen(xietang: Site) -> None:
    whole, small = packed(xietang, ""), packed(xietang, "br, gzip")
    assert whole.headers["cache-control"] == small.headers["cache-control"] == "no-store"
    assert "Cookie" in small.headers["vary"]
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(small.body)) == bytes(whole.body)
    assert len(small.body) < len(whole.body) / 2
    assert int(small.headers["content-length"]) == len(small.body)
