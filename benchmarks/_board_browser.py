"""How long Chromium takes to show the first page of the board, and one of plain Streamlit beside it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

#: Longest wait for a page [ms].
PATIENCE_MS = 60_000

#: Notes, in the page itself and once a frame, when something is first there, and tells it when that frame and the next
#: one have been painted. Whoever drew it, server or browser, it is looked for in the same way: inside the window, not
#: hidden, in the document and in the shadow roots of our parts.
_WATCH = """
(() => {
  const seen = window.__seen = {};
  const part = "[data-testid=stBidiComponentIsolated]";
  const roots = () => [document, ...[...document.querySelectorAll(`${part}, ${part} *`)]
    .map((node) => node.shadowRoot).filter(Boolean)];
  const find = (test) => {
    for (const root of roots()) { const node = root.querySelector(test); if (node) return node; }
  };
  const shown = (test) => {
    const node = find(test), box = node?.getBoundingClientRect();
    return box?.width && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
      && node.checkVisibility({ visibilityProperty: true }) ? node : undefined;
  };
  const text = (test) => find(test)?.textContent;
  const facts = () => {
    const told = [".watch li .chip", ".watch li b", "[data-card=orders] h2"].map(text);
    return told.every(Boolean) && told.join(" ");
  };
  const over = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
  const tests = {
    useful: () => shown(".watch li .chip") && shown("[data-card=orders] h2 .note") && facts(),
    whole: () => find("table tr[data-river]") && !document.getElementById("first") && facts(),
    interactive: () => seen.whole && over() && !document.getElementById("first") && facts(),
    hello: () => shown("[data-testid=stMainBlockContainer] h1") && "hello",
  };
  const painted = (done) => requestAnimationFrame(() => requestAnimationFrame(done));
  const look = () => {
    for (const [name, test] of Object.entries(tests)) {
      const told = name in seen ? "" : test();
      if (told) {
        seen[name] = null;
        painted(() => { seen[name] = { at: performance.timeOrigin + performance.now(), told }; });
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A page that was opened; times from the command to open it [s].

    Attributes
    ----------
    useful_s : float
        Until the class of the worst river and the number of open and overdue orders are on the screen.
    interactive_s : float
        Until the page that Streamlit draws has taken the place of the first screen, and its run is over.
    whole_s : float
        Until the table at the end of that page is there.
    """

    useful_s: float
    interactive_s: float
    whole_s: float


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


def _visit(context: BrowserContext, address: str, last: str) -> tuple[float, dict[str, Any]]:
    """Open an address in a new tab; when that was, and what was seen."""
    page = context.new_page()
    page.add_init_script(_WATCH)
    begun = time.time()
    page.goto(address, wait_until="commit")
    page.wait_for_function("last => window.__seen?.[last]", arg=last, timeout=PATIENCE_MS)
    seen: dict[str, Any] = page.evaluate("window.__seen")
    # It goes on being fresh until the tab is closed, and what it still asks for is not the next one's.
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=PATIENCE_MS)
    page.close()
    return begun, seen


def paint(context: BrowserContext, address: str) -> Opened:
    """Open the board's first page in a new tab.

    Raises
    ------
    SystemExit
        If the first screen told something else than the page that took its place.
    """
    begun, seen = _visit(context, address, "interactive")
    useful, whole, interactive = (seen[name] for name in ("useful", "whole", "interactive"))
    if useful["told"] != interactive["told"]:
        raise SystemExit(f"the first screen said {useful['told']!r}, the page {interactive['told']!r}")
    return Opened(*(one["at"] / 1000 - begun for one in (useful, interactive, whole)))


def greeting(context: BrowserContext, address: str) -> float:
    """Open a page of plain Streamlit with one line on it in a new tab; time until that is on the screen [s]."""
    begun, seen = _visit(context, address, "hello")
    return float(seen["hello"]["at"]) / 1000 - begun


def cold(window: Browser, address: str) -> Opened:
    """The board in a browser that has never been here."""
    with _stranger(window) as context:
        return paint(context, address)


def warm(window: Browser, address: str, times: int) -> list[Opened]:
    """The board in a browser that has been here, several times."""
    with _stranger(window) as context:
        paint(context, address)
        return [paint(context, address) for _ in range(times)]


def floor(window: Browser, address: str, times: int) -> tuple[float, list[float]]:
    """Plain Streamlit in a browser that has never been there, and then several times in the same one [s]."""
    with _stranger(window) as context:
        return greeting(context, address), [greeting(context, address) for _ in range(times)]


@contextlib.contextmanager
def _stranger(window: Browser) -> Iterator[BrowserContext]:
    context = window.new_context(viewport={"width": 1440, "height": 900})
    try:
        yield context
    finally:
        context.close()
