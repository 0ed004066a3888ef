"""The page of all probes without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collectors.stores import open_store
from collectors.stores.base import Flag
from dashboard.casework.database import Books
from sensors.durations import HOUR_MS
from sensors.reading import Block, Quality, Reading
from tests.dashboard.made import NOW_MS
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy, texts

KEY = "ammonia_nitrogen"

Open = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest, books: Books) -> Open:
    url = f"sqlite:///{tmp_path / 'probes.sqlite'}"
    store = open_store(url)
    times = range(NOW_MS - 24 * HOUR_MS, NOW_MS, 600_000)
    stations = ("S01", "S04", "S45")
    store.write(Block.of([Reading(name, key, at, 1.0) for at in times for name in stations for key in (KEY, "ph")]))
    store.put_flags([Flag("S45", KEY, at, "flat_line", Quality.FAIL, {}) for at in times])
    store.close()
    board_over(monkeypatch, tmp_path, url)

    def opened(lang: str = "en", role: str = "engineer", **address: str) -> AppTest:
        app = page_test("probes", lang=lang, viewer=dict(VIEWERS[role]), **address).run()
        assert not app.exception
        return app

    return opened


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("show", ["", "all"])
def test_the_one_that_lies_stands_first(open_page: Open, lang: str, show: str) -> None:
    app = open_page(lang, show=show)
    [table] = drawn(app, "grid")
    assert table["rows"][0]["key"] == f"S45/{KEY}"
    assert {row["key"] for row in table["rows"]} >= ({"S01/ph"} if show else set())
    assert ("数据失真 1" if lang == "zh" else "Lying 1") in texts(app)


def test_a_chief_sees_the_own_rivers_only(open_page: Open) -> None:
    [table] = drawn(open_page(role="chief", show="all"), "grid")
    assert {row["key"].partition("/")[0] for row in table["rows"]} == {"S01", "S02", "S03", "S04", "S05", "S06"}


def test_what_the_address_says_and_nobody_knows_is_told(open_page: Open) -> None:
    assert "show = abc" in texts(open_page(show="abc"))


def test_the_store_is_away(open_page: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RIVERCHIEF_STORE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert "The store cannot be read" in texts(open_page())
