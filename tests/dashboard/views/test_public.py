"""The public page: for everybody, without books and without signing in."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.clock import ReplayClock
from dashboard.casework.tables.accounts import ROLES
from dashboard.views import PAGES
from tests.dashboard import made
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn

PUBLIC: dict[str, object] = {"account": "", "name": "", "role": "public"}


@pytest.fixture(autouse=True, scope="module")
def environment(filled_url: str) -> object:
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
        patch.setenv("RIVERCHIEF_STORE", filled_url)
        patch.setenv("RIVERCHIEF_CLOCK", clock.to_json())
        patch.delenv("RIVERCHIEF_BOOKS", raising=False)
        yield


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_everybody_sees_classes(page_test: PageTest, lang: str) -> None:
    app = page_test("public", lang, PUBLIC).run()
    assert not app.exception
    (data,) = drawn(app, "public")
    assert len(data["rivers"]) == 28
    assert data["lang"] == lang


@pytest.mark.parametrize("role", ROLES)
def test_for_every_role(page_test: PageTest, role: str) -> None:
    app = page_test("public", "zh", PUBLIC | {"role": role, "rivers": frozenset({"R01"})}).run()
    assert not app.exception
    # An area does not narrow what everybody may see.
    assert len(drawn(app, "public")[0]["rivers"]) == 28


def test_it_is_the_only_page_of_the_public() -> None:
    assert [page.path for page in PAGES if "public" in page.roles and not page.needs_books] == ["public"]


def test_the_public_is_not_told_why_a_store_fails(
    page_test: PageTest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RIVERCHIEF_STORE", f"sqlite:///{tmp_path / 'none.sqlite'}")
    said = [one.value for one in page_test("public", "en", PUBLIC).run().info]
    assert said == ["The rivers cannot be shown now. This page looks again every 60 s."]
    assert "none" in page_test("public", "en").run().info[0].value
