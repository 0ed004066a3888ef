"""A page in the browser, and what it did besides: whom it asked, what it complained of, whom it shuts out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "artefacts" / "pictures"

#: How long a page may take while the machine is busy with other things [ms].
PATIENCE_MS = 30_000

#: Tallest picture that is kept [px].
TALLEST = 6000

#: Drawn to the end: the run is over, nothing stands for something that comes, each of our own parts shows something.
_DRAWN = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app?.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid=stSkeleton], [data-stale=true]') === null
        && document.fonts.status === 'loaded'
        && [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].every((host) =>
            [...host.querySelectorAll('*'), host].some((n) => n.shadowRoot?.querySelector('.rc')?.firstChild));
}"""
_PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@dataclass
class Visit:
    """A page of somebody at the board.

    Attributes
    ----------
    page : Page
    address : str
        Of the board.
    outside : list of str
        Addresses of other hosts that the page asked for.
    complaints : list of str
        Errors on its console, and exceptions.
    """

    page: Page
    address: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = (self.address + "/", self.address.replace("http", "ws") + "/", "data:", "blob:")
        page = self.page
        page.set_default_timeout(PATIENCE_MS)
        page.on("request", lambda one: None if one.url.startswith(own) else self.outside.append(one.url))
        page.on("websocket", lambda one: None if one.url.startswith(own) else self.outside.append(one.url))
        page.on("console", lambda one: self._complain(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda error: self._complain(str(error)))

    def _complain(self, text: str) -> None:
        self.complaints.append(f"{self.page.url}: {text}")

    def open(self, path: str = "", **query: str) -> Page:
        """Open a page of the board, and wait until it is drawn."""
        self.page.goto(f"{self.address}/{path}" + (f"?{urlencode(query)}" if query else ""))
        return self.drawn()

    def drawn(self) -> Page:
        """Wait until the page is drawn to the end."""
        self.page.wait_for_function(_DRAWN)
        self.page.evaluate(_PAINTED)
        return self.page

    def enter(self, account: str, password: str) -> None:
        """Fill in the sign-in page, in English, and send it."""
        self.page.get_by_label("Account").fill(account)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def speak(self, code: str) -> Page:
        """Switch the language on the page, as a reader does."""
        name = {"zh": "中文", "en": "English"}[code]
        self.page.get_by_role("radio", name=name).click()
        self.page.wait_for_function(
            "code => document.documentElement.lang.startsWith(code) && location.search.includes('lang=en') === "
            "(code === 'en')", arg=code
        )  # fmt: skip
        return self.drawn()

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        page = self.page
        size = page.viewport_size
        assert size is not None
        tall = page.evaluate(
            "(document.querySelector('[data-testid=stMainBlockContainer]') ?? document.documentElement).scrollHeight"
        )
        page.set_viewport_size({"width": size["width"], "height": min(max(size["height"], int(tall) + 60), TALLEST)})
        page.evaluate(_PAINTED)
        page.screenshot(path=PICTURES / f"{name}.png")
        page.set_viewport_size(size)

    def resize(self, width: int, height: int) -> Page:
        """Look at the page through another window."""
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.evaluate(_PAINTED)
        return self.page

    def barriers(self) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands, a line each."""
        # The policy of the board forbids scripts of others; what the test evaluates is not the page's.
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        found = self.page.evaluate(
            "() => axe.run(document, { resultTypes: ['violations'], iframes: false }).then((all) => all.violations"
            ".filter((one) => ['serious', 'critical'].includes(one.impact))"
            ".map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.map((n) => ({ target: n.target, "
            "html: n.html.slice(0, 200), why: (n.any[0] ?? n.all[0] ?? n.none[0])?.message })) })))"
        )
        return [
            f"{one['id']} ({one['impact']}): {json.dumps(node, ensure_ascii=False)}"
            for one in found
            for node in one["nodes"]
        ]


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def wide(page: Page) -> int:
    """How wide the page is [px]: wider than its window, it would have to be pushed sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth"))


def no_mistake(page: Page) -> None:
    """Nothing on the page says that it failed."""
    expect(page.locator("[data-testid=stException]")).to_have_count(0)
    expect(page.get_by_text("BidiComponent Error")).to_have_count(0)
