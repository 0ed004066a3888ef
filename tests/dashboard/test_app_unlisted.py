"""Addresses that stand in no menu: the first page by its name, and pages that are not for whoever asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from collectors.clock import ReplayClock
from dashboard.casework.database import open_books
from dashboard.casework.seed.accounts import seed_accounts
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.views.drawn import drawn

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"

Open = Callable[..., AppTest]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, filled_url: str, xietang: Site) -> Open:
    """Opens a path of a demonstration as somebody."""
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    books = open_books(url)
    seed_accounts(books, xietang, made.NOW_MS)
    books.close()
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    for name, value in {
        "SITE": str(made.SITE_FOLDER), "STORE": filled_url, "BOOKS": url, "CLOCK": clock.to_json(),
        "INPUT": "virtual", "ACCESS": "demo",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"RIVERCHIEF_{name}", value)

    def run(path: str, **address: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        app._page_hash = calc_hash(path)
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return run


def said(app: AppTest) -> list[str]:
    return [one.value for one in app.error]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh", "当前身份无权查看本页。"), ("en", "Your role may not open this page.")]
)
@pytest.mark.parametrize(
    ("role", "path"), [("public", "orders"), ("public", "today"), ("engineer", "admin"), ("grid_officer", "reports")]
)
def test_a_page_that_is_not_for_the_viewer_says_so(opened: Open, role: str, path: str, lang: str, words: str) -> None:
    app = opened(path, lang=lang, **{"as": role})
    assert not app.exception
    assert said(app) == [words]
    parts = {one.proto.component_name for one in app.get("bidi_component")}
    assert parts == {"riverchief_masthead"}, "nothing of it is shown"


def test_the_first_page_is_found_by_its_name(opened: Open) -> None:
    app = opened("today", lang="en", **{"as": "office", "river": "R20"})
    assert not app.exception
    assert said(app) == []
    assert drawn(app, "rivers")
    assert app.query_params["river"] in ("R20", ["R20"])
