"""The first screen in a real browser: there without a script, gone without a trace when the page has drawn itself."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from collectors.clock import ReplayClock
from dashboard.casework.seed.accounts import seed_accounts
from sensors.site import Site
from tests.browser.looking import Visit
from tests.dashboard.conftest import filled_url  # noqa: F401
from tests.dashboard.made import NOW_MS, SITE_FOLDER
from tests.dashboard.views.lived_in import open_copy

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).resolve().parents[3] / "artefacts"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
]

#: Notes in the page, once a frame, how many headlines a reader meets, and which names stand in them.
_HEADLINES = """
window.__headlines = [];
const count = () => {
  const roots = [document, ...[...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .flatMap((part) => [part, ...part.querySelectorAll("*")]).map((node) => node.shadowRoot).filter(Boolean)];
  const found = roots.flatMap((root) => [...root.querySelectorAll("h1")])
    .filter((node) => node.checkVisibility({ visibilityProperty: true })).map((node) => node.textContent);
  if (document.body) window.__headlines.push([Boolean(document.getElementById("first")), ...found]);
  requestAnimationFrame(count);
};
requestAnimationFrame(count);
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, xietang: Site, filled_url: str) -> Iterator[str]:  # noqa: F811
    """Address of a demonstration over made water and lived-in books, its clock standing at eight in the morning."""
    folder = tmp_path_factory.mktemp("demo")
    books = open_copy(folder)
    seed_accounts(books, xietang, NOW_MS)
    books.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable, "-m", "deploy.cli", "board", str(SITE_FOLDER), "--store", filled_url,
        "--books", f"sqlite:///{folder / 'books.sqlite'}", "--access", "demo", "--port", str(port),
    ]  # fmt: skip
    clock = ReplayClock(real0_ms=0, start_ms=NOW_MS, end_ms=NOW_MS, speed=1.0).to_json()
    with (folder / "board.log").open("w", encoding="utf-8") as log:
        environment = {**os.environ, "RIVERCHIEF_CLOCK": clock}
        with subprocess.Popen(words, env=environment, stdout=log, stderr=subprocess.STDOUT) as process:
            found = f"http://127.0.0.1:{port}"
            until_it_is_drawn(found, process)
            yield found
            process.terminate()
            assert process.wait(20) == 0
    said = (folder / "board.log").read_text(encoding="utf-8")
    assert "Traceback" not in said, said


def until_it_is_drawn(address: str, process: subprocess.Popen[bytes]) -> None:
    """A busy machine leaves the screen out until what it is made of is there."""
    until = time.monotonic() + 90
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                if b'id="first"' in answer.read():
                    return
        except OSError:
            pass
        assert process.poll() is None, "the board ended while starting"
        assert time.monotonic() < until, "the board drew no first screen"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def opened(context: BrowserContext, address: str) -> Visit:
    return Visit(context.new_page(), address)


def fits(page: Page) -> bool:
    return bool(page.evaluate("(n => n.scrollWidth <= n.clientWidth)(document.getElementById('first'))"))


@pytest.mark.parametrize(
    ("name", "query", "width", "scheme"),
    [
        ("desk", "", 1440, "light"),
        ("desk-en", "?lang=en", 1440, "dark"),
        ("phone", "", 390, "light"),
        ("phone-en", "?lang=en", 390, "dark"),
        ("public", "?as=public", 1440, "light"),
        ("room", "orders?lang=en", 1440, "light"),
    ],
)
def test_it_is_there_without_a_script(
    browser: Browser, address: str, name: str, query: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=False,
        color_scheme="dark" if scheme == "dark" else "light",
    )  # fmt: skip
    visit = opened(context, address)
    page = visit.page
    page.goto(f"{address}/{query}")
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_text("enable JavaScript to run").count() == 0
    if name.startswith(("desk", "phone")):
        assert page.locator(".watch li").first.is_visible()
        first = page.locator(".watch li .chip").first
        assert first.inner_text() == ("inf. V" if "en" in name else "劣Ⅴ")
        assert page.locator("[data-card=orders] .count").is_visible()
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"first-{name}.png")
    assert visit.outside == []
    assert visit.complaints == []
    context.close()


def test_its_links_work_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/?lang=en&as=engineer")
    page.get_by_role("link", name="Orders", exact=True).click()
    assert page.url == f"{address}/orders?lang=en&as=engineer"
    assert "Work orders" in page.get_by_role("heading", level=1).inner_text()
    page.get_by_role("link", name="Today", exact=True).click()
    page.locator(".watch a").first.click()
    assert "river=R" in page.url
    assert "as=engineer" in page.url
    context.close()


@pytest.mark.parametrize("query", ["?lang=en", "?lang=en&as=public", "orders?lang=en"])
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_it_shuts_nobody_out_and_gives_way(browser: Browser, address: str, query: str, width: int, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if scheme == "dark" else "light"
    )
    visit = opened(context, address)
    page = visit.page
    page.add_init_script(_HEADLINES)
    # The page's own programs wait until this screen has been looked at.
    held: list[Route] = []
    free: list[bool] = []
    page.route("**/static/js/index.*.js", lambda route: route.continue_() if free else held.append(route))
    page.goto(f"{address}/{query}", wait_until="commit")
    page.locator("#first h1").wait_for()
    assert visit.barriers() == []
    assert fits(page)
    page.wait_for_function("() => document.querySelectorAll('script[type=module]').length === 1")
    free.append(True)
    for one in held:
        one.continue_()
    visit.drawn()
    page.locator("#first").wait_for(state="detached")
    assert page.get_by_role("heading", level=1).count() == 1
    assert visit.barriers() == []
    seen = page.evaluate("window.__headlines")
    assert all(len(names) == 1 for there, *names in seen if there), "one headline, and it is never gone"
    after = [names for there, *names in seen if not there]
    assert {len(names) for names in after[-5:]} == {1}
    assert {tuple(names) for there, *names in seen if there and names} == {tuple(after[-1])}
    assert visit.outside == []
    assert visit.complaints == []
    context.close()


def test_a_page_behind_another_is_begun_all_the_same(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
    page.goto(f"{address}/?lang=en")
    page.wait_for_selector("#first", state="detached", timeout=60_000)
    context.close()


def test_a_mistake_on_the_page_is_seen(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/static/js/index.*.js", lambda route: route.fulfill(content_type="text/javascript", body=(
        "const told = document.createElement('div'); told.setAttribute('role', 'dialog');"
        "told.textContent = 'Connection error'; document.body.append(told);")))  # fmt: skip
    page.goto(f"{address}/?lang=en")
    page.wait_for_selector("#first", state="detached", timeout=20_000)
    assert page.get_by_text("Connection error").is_visible()
    context.close()
