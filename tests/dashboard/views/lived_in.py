"""Books in which people have worked for half a year, and a board over them; made once, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from collectors.clock import ReplayClock
from dashboard.casework.database import Books, open_books
from dashboard.casework.goals import seed_goals
from dashboard.casework.seed.seed import seed, seed_demo
from sensors.site import load_site
from tests.dashboard import made

#: Who may look, as keywords of a `dashboard.access.Viewer`.
VIEWERS: Mapping[str, Mapping[str, object]] = {
    "office": {"account": "wang", "name": "Wang", "role": "office"},
    "admin": {"account": "root", "name": "Root", "role": "admin"},
    "engineer": {"account": "e1", "name": "Engineer", "role": "engineer"},
    "department": {"account": "li", "name": "Li", "role": "department", "department": "water"},
    "grid_officer": {
        "account": "g1",
        "name": "Grid",
        "role": "grid_officer",
        "rivers": frozenset({"R10"}),
        "grids": frozenset({"G001", "G002"}),
    },
    "chief": {"account": "zhao", "name": "Zhao", "role": "chief", "rivers": frozenset({"R01", "R02"})},
}


def shown(page_test: Callable[..., AppTest], path: str) -> Callable[..., AppTest]:
    """Opens a page as one of `VIEWERS`, in a language, at an address; an exception on it fails the test."""

    def opened(role: str = "office", lang: str = "en", **address: str) -> AppTest:
        app = page_test(path, lang=lang, viewer=dict(VIEWERS[role]), **address).run()
        assert not app.exception
        return app

    return opened


@cache
def _template() -> TemporaryDirectory[str]:
    """A folder with the books; it goes with the process."""
    folder = TemporaryDirectory(prefix="riverchief-lived-in-")
    site = load_site(made.SITE_FOLDER)
    books = open_books(f"sqlite:///{folder.name}/books.sqlite")
    seed(books, site, made.NOW_MS)
    seed_demo(books, site, made.NOW_MS)
    with books.change("riverchief", made.NOW_MS) as session:
        seed_goals(session, 2026)
    books.close()
    return folder


def open_copy(tmp_path: Path) -> Books:
    """A copy of the books; whoever opens them closes them."""
    shutil.copy(Path(_template().name) / "books.sqlite", tmp_path / "books.sqlite")
    return open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")


def board_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, store_url: str, now_ms: int = made.NOW_MS) -> None:
    """The environment of a board over those books and a store, at a time that stands still."""
    clock = ReplayClock(real0_ms=0, start_ms=now_ms, end_ms=now_ms, speed=1.0)
    monkeypatch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
    monkeypatch.setenv("RIVERCHIEF_STORE", store_url)
    monkeypatch.setenv("RIVERCHIEF_BOOKS", f"sqlite:///{tmp_path / 'books.sqlite'}")
    monkeypatch.setenv("RIVERCHIEF_CLOCK", clock.to_json())


def press(app: AppTest, label: str) -> AppTest:
    """Press a button, the first of those with a label."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def field(app: AppTest, kind: str, label: str, key: str = "") -> Any:
    """A field of a label, of those whose key begins so."""
    return next(one for one in getattr(app, kind) if one.label == label and (one.key or "").startswith(key))


def texts(app: AppTest) -> str:
    """What the page says, a line each."""
    return "\n".join(
        one.value.replace("\\", "")
        for kind in (app.text, app.info, app.error, app.success, app.warning)
        for one in kind
    )
