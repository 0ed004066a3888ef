"""The station page without a browser, and the decision on suspect readings with what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from collectors.stores import open_store
from collectors.stores.base import Flag, ReadingStore
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.reviews import queue
from dashboard.casework.tables.stations import Review
from sensors.durations import HOUR_MS
from sensors.reading import Block, Quality, Reading
from tests.dashboard.made import NOW_MS
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import captions, drawn
from tests.dashboard.views.lived_in import VIEWERS, board_over, open_copy

TABS = ("signals", "health", "coverage", "care", "samples", "review")
KEY = "ammonia_nitrogen"

Open = Callable[..., AppTest]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def store(tmp_path: Path, books: Books) -> Iterator[ReadingStore]:
    """Two days of one station, with a suspect hour that waits for somebody."""
    opened = open_store(f"sqlite:///{tmp_path / 'station.sqlite'}")
    times = range(NOW_MS - 48 * HOUR_MS, NOW_MS, 10 * 60_000)
    opened.write(Block.of([Reading("S01", key, time_ms, 1.0) for time_ms in times for key in (KEY, "ph")]))
    doubted = [time_ms for time_ms in times if NOW_MS - 5 * HOUR_MS <= time_ms < NOW_MS - 4 * HOUR_MS]
    opened.put_flags([
        Flag("S01", KEY, time_ms, "spike", Quality.SUSPECT, {"statistic": 3.0, "limit": 1.5}) for time_ms in doubted
    ])  # fmt: skip
    with books.change("riverchief", NOW_MS) as session:
        queue(session, opened, {"S01": (times[0], times[-1])})
    yield opened
    opened.close()


@pytest.fixture
def open_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, page_test: PageTest, store: ReadingStore, books: Books
) -> Open:
    board_over(monkeypatch, tmp_path, f"sqlite:///{tmp_path / 'station.sqlite'}")

    def opened(lang: str = "en", role: str = "engineer", **address: str) -> AppTest:
        return page_test("station", lang=lang, viewer=dict(VIEWERS[role]), station="S01", **address).run()

    return opened


def review_of(books: Books) -> Review:
    with books.read() as session:
        return session.scalars(select(Review)).one()


def qualities(store: ReadingStore) -> set[int]:
    return set(store.range("S01", [KEY], NOW_MS - 5 * HOUR_MS, NOW_MS - 4 * HOUR_MS).quality)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_part_opens_in_both_languages(open_page: Open, lang: str, tab: str) -> None:
    app = open_page(lang, tab=tab)
    assert not app.exception
    assert not app.error
    assert "S01" in drawn(app, "panel")[0]["name"]


@pytest.mark.parametrize("role", VIEWERS)
def test_everybody_who_may_opens_it(open_page: Open, role: str) -> None:
    app = open_page("zh", role, tab="review")
    assert not app.exception
    decides = role in ("engineer", "office", "admin")
    assert len(app.button) == (2 if decides else 0)


def test_the_doubted_determinand_comes_first_with_its_numbers(open_page: Open) -> None:
    app = open_page()
    assert app.selectbox[1].value == KEY
    assert captions(app) == ["Flags of quality control", "Faults that lasted"]
    verdicts, _faults = drawn(app, "grid")
    assert [cell["text"] for cell in verdicts["rows"][0]["cells"]][:4] == ["Ammonia nitrogen", "spike", "suspect", "6"]
    app = open_page(span="1y")
    assert not app.exception
    assert captions(app) == []


def test_rejected_readings_fail_and_nothing_is_lost(open_page: Open, books: Books, store: ReadingStore) -> None:
    app = open_page("en", "office", tab="review")
    assert "6 readings" in app.selectbox[1].options[0]
    assert any("found 3, limit 1.5" in one.value for one in app.text)
    app.text_input[0].set_value("loose plug").run()
    app.button[1].click().run()
    assert not app.exception
    assert "Decided" in app.success[0].value
    found = review_of(books)
    assert (found.decision, found.reason, found.decided_by) == ("rejected", "loose plug", "wang")
    assert qualities(store) == {Quality.FAIL}
    assert [cell["text"] for cell in drawn(app, "grid")[0]["rows"][0]["cells"]][3:5] == ["Rejected", "loose plug"]
    with books.read() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.subject == "review", AuditEntry.actor == "wang")
        ).one()
        assert entry.reason == "loose plug"


def test_accepted_readings_count_as_good(open_page: Open, books: Books, store: ReadingStore) -> None:
    app = open_page("zh", "engineer", tab="review")
    app.text_input[0].set_value("下游排口正在放水").run()
    app.button[0].click().run()
    assert not app.exception
    assert review_of(books).decision == "accepted"
    assert Quality.SUSPECT not in qualities(store)


def test_a_decision_without_a_reason_is_refused(open_page: Open, books: Books, store: ReadingStore) -> None:
    app = open_page("en", "engineer", tab="review")
    app.button[0].click().run()
    assert not app.exception
    assert app.error[0].value
    assert review_of(books).decision is None
    assert qualities(store) == {Quality.SUSPECT}


def test_whoever_lost_the_right_meanwhile_decides_nothing(
    open_page: Open, books: Books, store: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard.page import Context, Denied

    app = open_page("en", "engineer", tab="review")
    app.text_input[0].set_value("mine").run()

    def refuse(self: Context, *roles: str) -> None:
        raise Denied("not any more")

    monkeypatch.setattr(Context, "require", refuse)
    app.button[0].click().run()
    assert not app.exception
    assert "not for your role" in app.error[0].value
    assert review_of(books).decision is None


def test_a_station_of_somebody_else(open_page: Open) -> None:
    app = open_page("en", "chief", tab="signals")
    assert not app.info
    app.query_params["station"] = "S48"
    app.run()
    assert not app.exception
    assert "no station S48" in app.info[0].value


def test_without_books_there_is_nothing_to_decide(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RIVERCHIEF_BOOKS")
    for tab in ("signals", "health", "coverage", "review"):
        app = open_page("en", "engineer", tab=tab)
        assert not app.exception
        assert not app.button
