"""Addresses that name what is not to be had: every page says so in words, and shows what it shows without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dashboard.views.cases_made import copied
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS, texts

WRONG = (
    ("today", "river", "R99"), ("river", "river", "R99"), ("river", "tab", "zzz"), ("station", "station", "S99"),
    ("station", "tab", "zzz"), ("probes", "show", "zzz"), ("events", "event", "zzz"), ("events", "river", "R99"),
    ("orders", "order", "zzz"), ("orders", "tab", "zzz"), ("goals", "goal", "zzz"), ("goals", "river", "R99"),
    ("evaluation", "kind", "zzz"), ("books", "book", "zzz"), ("books", "river", "R99"), ("books", "state", "zzz"),
    ("books", "department", "zzz"), ("books", "record", "zzz"), ("inspections", "tab", "zzz"),
    ("inspections", "month", "zzz"), ("reports", "report", "zzz"), ("reports", "period", "zzz"),
    ("admin", "tab", "zzz"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "name", "value"), WRONG)
def test_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest, path: str, name: str, value: str
) -> None:
    copied(monkeypatch, tmp_path).close()
    app = page_test(path, lang="en", viewer=dict(VIEWERS["admin"]), **{name: value}).run()
    assert not app.exception
    told = texts(app)
    assert value in told or (name == "record" and "There is no such row" in told)


def test_a_new_order_about_an_outfall_that_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest
) -> None:
    copied(monkeypatch, tmp_path).close()
    app = page_test("orders", lang="zh", viewer=dict(VIEWERS["office"]), new="1", outfall="PK999").run()
    assert "outfall = PK999" in texts(app)
