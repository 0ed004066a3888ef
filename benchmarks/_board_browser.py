"""How long Chromium takes to show the first page of the board."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

#: First useful paint: the map, every river in its class's colour, beside the figures above it.
USEFUL = "svg [data-river][data-cls]"

#: The end of the page: the table of all rivers.
WHOLE = "table tr[data-river]"


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("this benchmark needs Chromium: apt install chromium")
    with sync_playwright() as play:
        window = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            # The first page of a browser pays for its processes: not the board's business.
            page = window.new_page()
            page.goto("about:blank")
            page.close()
            yield window
        finally:
            window.close()


def paint(context: BrowserContext, address: str) -> tuple[float, float]:
    """Open the first page in a new tab; time until it is of use and until all of it is there [s]."""
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(USEFUL, state="attached", timeout=60_000)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    useful_s = time.perf_counter() - begun
    page.wait_for_selector(WHOLE, state="attached", timeout=60_000)
    whole_s = time.perf_counter() - begun
    # It goes on being fresh until the tab is closed, and what it still asks for is not the next one's.
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
    page.close()
    return useful_s, whole_s


def cold(window: Browser, address: str) -> tuple[float, float]:
    """The same in a browser that has never been here."""
    context = window.new_context(viewport={"width": 1440, "height": 900})
    try:
        return paint(context, address)
    finally:
        context.close()


def warm(window: Browser, address: str, times: int) -> list[tuple[float, float]]:
    """The same in a browser that has been here, several times."""
    context = window.new_context(viewport={"width": 1440, "height": 900})
    try:
        paint(context, address)
        return [paint(context, address) for _ in range(times)]
    finally:
        context.close()
