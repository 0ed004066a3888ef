"""What the first screen shows: what the page would, to whom it would, and text as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from dashboard.access import PUBLIC, Viewer
from dashboard.casework.database import Books
from dashboard.casework.tables.orders import Order
from dashboard.first_paint.screen import Frame, frame_alone, screen, style
from dashboard.frame import open_to
from dashboard.i18n import translator
from dashboard.sources import Sources
from dashboard.views import PAGES
from dashboard.wording import Wording
from sensors.errors import StoreError
from sensors.site import Site
from tests.dashboard.made import NOW_MS, SITE_FOLDER
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy

HOSTILE = "<img src=x onerror=alert(1)>\"'&"
DAY_MS = 86_400_000

#: Elements that are on a screen; each is drawn by our own code.
TAGS = {
    "style", "nav", "main", "a", "div", "h1", "h2", "section", "span", "b", "small", "ul", "li", "p", "svg", "g",
    "path", "table", "caption", "thead", "tbody", "tr", "th", "td", "noscript",
}  # fmt: skip


class Read(HTMLParser):
    """Elements, texts and addresses of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.links: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]
        self.href = dict(attrs).get("href")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements are closed in order"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)
        if self.open[-1:] == ["a"] and self.href:
            self.links[data] = self.href

    @property
    def text(self) -> str:
        return " ".join(self.words)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    with opened.change("t", NOW_MS) as session:
        session.add_all([
            Order(number="2026-1", title=HOSTILE, origin="event", state="accepted", river="R01",
                  created_ms=NOW_MS - 9 * DAY_MS, due_ms=NOW_MS - 2 * DAY_MS),
            Order(number="2026-2", title="Culvert", origin="event", state="accepted", river="R20",
                  created_ms=NOW_MS - 8 * DAY_MS, due_ms=NOW_MS - DAY_MS),
        ])  # fmt: skip
    yield opened
    opened.close()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, books: Books, filled_url: str) -> Callable[..., Read]:
    board_over(monkeypatch, tmp_path, filled_url)
    st.cache_resource.clear()

    def made(role: str = "office", path: str = "", lang: str = "en", **kept: str) -> Read:
        return Read(drawn_for(Sources.from_environment(), somebody(role), path, lang, **kept))

    return made


def somebody(role: str) -> Viewer:
    return PUBLIC if role == "public" else Viewer(**VIEWERS[role])  # type: ignore[arg-type]


def drawn_for(
    sources: Sources, viewer: Viewer, path: str = "", lang: str = "en", make: Any = screen, **kept: str
) -> str:  # fmt: skip
    pages = tuple(open_to(viewer, PAGES, books=True))
    page = next((one for one in pages if one.path == path), pages[0])
    words = Wording.of(sources.site, translator(lang))
    return str(make(sources, Frame(viewer, pages, page, words, tuple(kept.items()))))


@pytest.mark.parametrize("role", VIEWERS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_todays_essentials_for_everybody_who_may(
    drawn: Callable[..., Read], xietang: Site, lang: str, role: str
) -> None:
    found = drawn(role, lang=lang)
    assert set(found.tags) <= TAGS
    assert found.open == []
    assert (found.tags.count("h1"), found.tags.count("nav"), found.tags.count("main")) == (1, 1, 1)
    assert ("河道" if lang == "zh" else "Rivers today") in found.text
    for said in ("Open orders", "Goals") if lang == "en" else ("在办工单", "目标"):
        assert said in found.text
    rivers = somebody(role).rivers
    names = {one.name if lang == "zh" else one.name_en: one.id for one in xietang.rivers.values()}
    shown = {river for name, river in names.items() if name in found.words}
    assert shown, "rivers that need a look"
    assert rivers is None or shown <= rivers


def test_worst_first_since_when_overdue_and_how_old(drawn: Callable[..., Read], xietang: Site) -> None:
    found = drawn()
    bad = [found.text.index(f" {xietang.rivers[river].name_en} ") for river in ("R20", "R14")]
    assert bad == sorted(bad), "inferior V before V"
    for said in ("inf. V", "this bad or worse since", "2 overdue", "2 days late", "newest data", "23 Nov Monday 08:00"):
        assert said in found.text, said


def test_orders_of_others_are_not_on_it(drawn: Callable[..., Read]) -> None:
    assert "Culvert" in drawn("office").text
    chief = drawn("chief").text
    assert "Culvert" not in chief, "not one of their rivers"
    assert "1 overdue" in chief


def test_the_public_sees_class_and_trend_alone(drawn: Callable[..., Read], xietang: Site) -> None:
    found = drawn("public")
    assert {one.name_en for one in xietang.rivers.values()} <= set(found.words)
    for never in (HOSTILE, "Culvert", "Open orders", "Goals", "Valid hours", "Decided by", "overdue"):
        assert never not in found.text
    stations = {one.name_en for one in xietang.stations.values()} - {one.name_en for one in xietang.rivers.values()}
    assert not stations & set(found.words)
    assert set(found.links.values()) == {"./"}


def test_names_and_titles_are_text(drawn: Callable[..., Read]) -> None:
    found = drawn(lang="zh")
    assert HOSTILE in found.words
    assert "img" not in found.tags


def test_links_lead_to_what_they_name_and_take_along_what_is_chosen(drawn: Callable[..., Read]) -> None:
    found = drawn("office", **{"as": "wang&x=1"})
    assert found.links["Culvert"] == "orders?as=wang%26x%3D1&order=2026-2"
    assert found.links["Today"] == "./?as=wang%26x%3D1"
    assert found.links["Evaluation"] == "evaluation?as=wang%26x%3D1"
    assert "Administration" not in found.links
    assert all(re.match(r"[a-z./]", href) and "//" not in href for href in found.links.values())


@pytest.mark.parametrize("path", ["orders", "river", "goals"])
def test_other_pages_have_a_frame_and_room(drawn: Callable[..., Read], path: str) -> None:
    found = drawn("office", path)
    heading = next(page for page in PAGES if page.path == path).heading(translator("en"))
    assert heading in found.words
    assert found.tags.count("h1") == 1
    assert "Culvert" not in found.text
    assert "svg" not in found.tags


def test_a_store_that_cannot_be_read_is_the_pages_to_tell(
    drawn: Callable[..., Read], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVERCHIEF_STORE", "sqlite:////nowhere/at/all.sqlite")
    sources = Sources.from_environment()
    with pytest.raises(StoreError):
        drawn_for(sources, somebody("office"))
    found = Read(drawn_for(sources, somebody("office"), make=frame_alone))
    assert "Rivers today" in found.words


def test_a_board_without_books_shows_the_water(
    drawn: Callable[..., Read], monkeypatch: pytest.MonkeyPatch, xietang: Site
) -> None:
    monkeypatch.setenv("RIVERCHIEF_BOOKS", "")
    found = Read(drawn_for(Sources.from_environment(), somebody("engineer")))
    assert xietang.rivers["R20"].name_en in found.words
    assert "Open orders" not in found.text


def test_an_area_without_a_river_leaves_room(drawn: Callable[..., Read]) -> None:
    nobody = Viewer("x", "X", "chief", rivers=frozenset({"R99"}))
    assert "svg" not in Read(drawn_for(Sources.from_environment(), nobody)).tags


def test_the_sheet_has_no_end_in_it() -> None:
    assert "</" not in style()
    assert (SITE_FOLDER.parents[2] / "dashboard" / "first_paint" / "first.css").read_text(encoding="utf-8") in style()
