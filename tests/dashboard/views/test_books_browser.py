"""Editing in place in a real browser: cells of the grid, what belongs to a row, and somebody who was faster."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from collectors.clock import ReplayClock
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.inspections import Finding
from dashboard.casework.tables.survey import Shop
from deploy.board.board import APP, SETTINGS
from tests.dashboard import made
from tests.dashboard.test_app_browser import ARGUMENTS, CHROMIUM, healthy, settled, wait_until
from tests.dashboard.views.lived_in import open_copy

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
]

#: A shop whose row stands first in the list of its river.
FIRST = "DEMO-S028"
LIST = "/books?lang=en&as=office&book=shops&river=R01"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    opened = open_copy(tmp_path)
    with opened.change("riverchief", made.NOW_MS) as session:
        session.add(Account(id="wang", name="Wang", role="office", created_ms=made.NOW_MS))
    yield opened
    opened.close()


@pytest.fixture
def address(books: Books, tmp_path: Path, filled_url: str) -> Iterator[str]:
    """Address of a board over those books, on which everybody is the office."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    settings = {name: value for name, value in SETTINGS.items() if not name.startswith("STREAMLIT_THEME_")}
    environment = {
        **os.environ, **settings, "RIVERCHIEF_SITE": str(made.SITE_FOLDER), "RIVERCHIEF_STORE": filled_url,
        "RIVERCHIEF_BOOKS": f"sqlite:///{tmp_path / 'books.sqlite'}", "RIVERCHIEF_ACCESS": "demo",
        "RIVERCHIEF_CLOCK": clock.to_json(),
    }  # fmt: skip
    words = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.address", "127.0.0.1", "--server.port"]
    with subprocess.Popen(
        [*words, str(port)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        wait_until(lambda: healthy(port), process)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1440, "height": 1300}, base_url=address)
        yield context.new_page()
        browser.close()


def type_into(page: Page, right: float, text: str) -> None:
    """Type into the cell of the first row that stands so far right in the grid [px]."""
    box = page.locator("[data-testid=stDataFrame] canvas").first.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + right, box["y"] + 52)
    editor = page.locator("[id^=portal] textarea, [id^=portal] input").first
    expect(editor).to_be_visible()
    editor.fill(text)
    page.keyboard.press("Enter")
    settled(page)


def test_cells_in_place_and_somebody_who_was_faster(page: Page, books: Books) -> None:
    page.goto(LIST)
    page.get_by_text("Edit in the table").click(timeout=45_000)
    expect(page.locator("[data-testid=stDataFrame] canvas").first).to_be_visible(timeout=30_000)
    settled(page)
    type_into(page, 130, "老店")
    with books.change("sun", made.NOW_MS) as session:
        session.get_one(Shop, FIRST).name = "孙记"
    save = page.get_by_role("button", name="Save")
    expect(save).to_be_enabled(timeout=30_000)
    save.click()
    expect(page.get_by_text("sun has changed this to 孙记 meanwhile")).to_be_visible(timeout=30_000)
    page.get_by_role("button", name="Load again").click()
    expect(page.get_by_text("sun has changed this")).to_have_count(0, timeout=30_000)
    settled(page)
    type_into(page, 130, "老店")
    expect(save).to_be_enabled(timeout=30_000)
    save.click()
    expect(page.get_by_text("1 row saved")).to_be_visible(timeout=30_000)
    with books.read() as session:
        assert session.get_one(Shop, FIRST).name == "老店"


def test_a_finding_is_added_below_its_inspection(page: Page, books: Books) -> None:
    with books.read() as session:
        first = session.query(Finding).order_by(Finding.id).first()
    assert first is not None
    page.goto(f"/inspections?lang=en&as=office&book=inspections&record={first.inspection_id}")
    grid = page.locator("[data-testid=stDataFrame] canvas").first
    expect(grid).to_be_visible(timeout=45_000)
    settled(page)
    grid.scroll_into_view_if_needed()
    type_into(page, 400, "under the bridge")
    # The grid hands its cells to the form a moment after the key: faster than any person, the first press finds none.
    either = page.get_by_text("Saved.").or_(page.get_by_text("Nothing was changed."))
    page.get_by_role("button", name="Save").click()
    expect(either).to_be_visible(timeout=30_000)
    if page.get_by_text("Nothing was changed.").is_visible():
        page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible(timeout=30_000)
    with books.read() as session:
        assert session.get_one(Finding, first.id).text == "under the bridge"
