"""The page for a screen on a wall."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collectors.clock import ReplayClock
from dashboard.rights import STAFF
from tests.dashboard import made
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn


@pytest.fixture(autouse=True, scope="module")
def environment(filled_url: str, tmp_path_factory: pytest.TempPathFactory, migrated: Callable[[str], Path]) -> object:
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
        patch.setenv("RIVERCHIEF_STORE", filled_url)
        patch.setenv("RIVERCHIEF_CLOCK", clock.to_json())
        patch.setenv("RIVERCHIEF_BOOKS", f"sqlite:///{migrated('')}")
        patch.setenv("RIVERCHIEF_INPUT", "virtual")
        yield


@pytest.mark.parametrize("role", sorted(STAFF))
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_for_every_role(page_test: PageTest, lang: str, role: str) -> None:
    app = page_test("wall", lang, {"account": "a", "name": "A", "role": role}, kiosk="1").run()
    assert not app.exception
    (data,) = drawn(app, "wall")
    assert data["kiosk"]
    assert data["banner"]
    assert [slide["kind"] for slide in data["slides"]] == ["map", "list", "work"], "books without goals"
    assert data["slides"][2]["orders"]["count"] == 0


def test_own_rivers_alone_and_without_kiosk(page_test: PageTest) -> None:
    viewer: dict[str, object] = {"account": "z", "name": "Z", "role": "chief", "rivers": frozenset({"R15"})}
    (data,) = drawn(page_test("wall", "en", viewer).run(), "wall")
    assert not data["kiosk"]
    assert [one["id"] for one in data["slides"][0]["rivers"]] == ["R15"]


def test_without_books_and_without_a_store(
    page_test: PageTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("RIVERCHIEF_BOOKS")
    (data,) = drawn(page_test("wall", "zh", kiosk="1", light="1").run(), "wall")
    assert data["slides"][2]["orders"] is None
    assert data["light"]
    monkeypatch.setenv("RIVERCHIEF_STORE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    app = page_test("wall", "zh", kiosk="1").run()
    assert not app.exception
    assert app.info
