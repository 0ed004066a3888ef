"""Streamlit's scripts and sheets, packed once."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deploy.board import packed as module
from deploy.board.chunks import begun, later
from deploy.board.packed import Packed, Shelf, pack
from tests.visitors import Visitor

TEXT = "export const x = 1;\n" * 100


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for name, text in {"js/a.X1.js": TEXT, "css/a.X1.css": TEXT, "js/small.js": "1"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "secret.js").write_text(TEXT, encoding="utf-8")
    return Shelf(lambda: tmp_path)


def visitor(shelf: Shelf) -> Visitor:
    streamlit = Route("/{path:path}", lambda request: PlainTextResponse("as Streamlit has it"))
    return Visitor(Starlette(routes=[streamlit], middleware=[Middleware(Packed, shelf=shelf)]))


@pytest.mark.parametrize(("name", "kind"), [("js/a.X1.js", "text/javascript"), ("css/a.X1.css", "text/css")])
def test_a_file_is_packed_once_and_kept_by_the_browser_for_good(shelf: Shelf, name: str, kind: str) -> None:
    found = visitor(shelf)
    first = found.get(f"/static/{name}", headers={"accept-encoding": "gzip, br"})
    assert first.text == TEXT
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["content-type"].startswith(kind)
    assert first.headers["cache-control"] == "public, immutable, max-age=31536000"
    assert first.headers["vary"] == "Accept-Encoding"
    assert int(first.headers["content-length"]) < len(TEXT) / 5
    assert shelf.kept(name) is not None
    assert found.get(f"/static/{name}", headers={"accept-encoding": "gzip"}).text == TEXT


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/static/js/a.X1.js", {"accept-encoding": "identity"}),
        ("/static/js/a.X1.js", {"accept-encoding": "gzip", "range": "bytes=0-3"}),
        ("/static/js/none.js", {"accept-encoding": "gzip"}),
        ("/static/js/small.js", {"accept-encoding": "gzip"}),
        ("/static/js/../secret.js", {"accept-encoding": "gzip"}),
        ("/static/js/..%2Fsecret.js", {"accept-encoding": "gzip"}),
        ("/static/media/a.woff2", {"accept-encoding": "gzip"}),
        ("/orders", {"accept-encoding": "gzip"}),
    ],
)
def test_everything_else_is_left_to_streamlit(shelf: Shelf, path: str, headers: dict[str, str]) -> None:
    answer = visitor(shelf).get(path, headers=headers)
    assert (answer.status_code, answer.text) == (200, "as Streamlit has it")
    assert "content-encoding" not in answer.headers


def test_there_is_an_end_to_what_is_kept(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    assert shelf.packed("js/a.X1.js") is not None
    assert shelf.packed("css/a.X1.css") is None
    assert shelf.packed("js/a.X1.js") is not None, "what is kept stays"


def test_what_the_first_page_needs_is_packed_before() -> None:
    shelf = Shelf()
    pack(shelf)
    kept = [shelf.kept(one.removeprefix("./static/")) for one in (*begun(), *later())]
    sizes = [len(one) for one in kept if one is not None]
    assert len(sizes) > 50
    assert sum(sizes) < 2_000_000
    assert gzip.decompress(next(one for one in kept if one is not None)) != b""
