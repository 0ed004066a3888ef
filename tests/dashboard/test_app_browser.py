"""The page in a real browser: what is drawn, what a click does, and that nothing leaves the machine."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from collectors.clock import ReplayClock
from deploy.board.board import APP, SETTINGS
from tests.dashboard import made

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "artefacts"
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

HOSTILE = "<img src=x onerror=alert(1)>*桥*"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
]


@dataclass
class Visit:
    """One page, and what it did besides."""

    page: Page
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        size = self.page.viewport_size
        assert size is not None
        tall = self.page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        self.page.screenshot(path=ARTEFACTS / f"board-{name}.png")
        self.page.set_viewport_size({"width": size["width"], "height": int(tall) + 40})
        settled(self.page)
        self.page.screenshot(path=ARTEFACTS / f"board-{name}-whole.png")
        self.page.set_viewport_size(size)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example site with a station whose name would like to be markup."""
    folder = tmp_path_factory.mktemp("site") / "xietang"
    shutil.copytree(made.SITE_FOLDER, folder)
    stations = folder / "stations.csv"
    stations.write_text(stations.read_text(encoding="utf-8").replace("坊前桥", HOSTILE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def address(filled_url: str, folder: Path) -> Iterator[str]:
    """Address of the real board on the made store, its clock standing at eight in the morning."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    # The looks come from the board's own theme, which has a light and a dark half.
    settings = {name: value for name, value in SETTINGS.items() if not name.startswith("STREAMLIT_THEME_")}
    environment = {
        **os.environ, **settings, "RIVERCHIEF_SITE": str(folder), "RIVERCHIEF_STORE": filled_url,
        "RIVERCHIEF_CLOCK": clock.to_json(), "RIVERCHIEF_INPUT": "virtual",
    }  # fmt: skip
    words = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(APP),
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    ]
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        wait_until(lambda: healthy(port), process)
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.communicate(timeout=20)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until(done: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert process.poll() is None, "the board ended while starting"
        assert time.monotonic() < deadline, "the board did not start"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """Open the page; at the end it must not have asked another host for anything, nor complained."""
    visits: list[Visit] = []

    def opened(query: str = "", width: int = 1440, height: int = 900, **settings: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        one = Visit(context.new_page())
        visits.append(one)
        own = (address, address.replace("http", "ws"), "data:", "blob:")
        one.page.on("request", lambda r: None if r.url.startswith(own) else one.outside.append(r.url))
        one.page.on("websocket", lambda w: None if w.url.startswith(own) else one.outside.append(w.url))
        one.page.on("console", lambda m: one.complaints.append(m.text) if m.type == "error" else None)
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.goto(address + "/" + query)
        expect(one.page.locator(".hits .river")).to_have_count(28, timeout=30_000)
        expect(one.page.locator("[data-testid=stEChartsChart] svg").first).to_be_visible(timeout=30_000)
        settled(one.page)
        return one

    yield opened
    for one in visits:
        assert one.outside == []
        assert one.complaints == []
        one.page.context.close()


def settled(page: Page) -> None:
    """Wait until the script has run and two frames were painted."""
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def boxes(page: Page) -> list[dict[str, Any]]:
    return page.locator(".names .label").evaluate_all(
        "nodes => nodes.map((n) => { const r = n.querySelector('.plate').getBoundingClientRect();"
        " return { id: n.dataset.label, x: r.x, y: r.y, w: r.width, h: r.height }; })"
    )


def cut_off(page: Page) -> list[str]:
    """Texts that are wider than the box they stand in, or leave the page."""
    return page.locator(".rc .figures *, .rc .head *, .rc .facts *, .rc .watch *, .rc .legend *").evaluate_all(
        """nodes => nodes.filter((n) => n instanceof HTMLElement
            && (n.clientWidth > 0 && n.scrollWidth > n.clientWidth + 1
                || n.getBoundingClientRect().right > innerWidth + 1)
        ).map((n) => n.className + ': ' + n.textContent)"""
    )


def title(page: Page) -> str:
    return page.locator(".head h2").inner_text()


@pytest.mark.parametrize(
    ("name", "query", "width", "height", "scheme"),
    [
        ("zh", "", 1440, 900, "light"),
        ("en", "?lang=en", 1440, 900, "light"),
        ("phone", "", 390, 844, "light"),
        ("phone-en", "?lang=en", 390, 844, "light"),
        ("dark", "", 1440, 900, "dark"),
        ("wall", "", 1920, 1080, "dark"),
    ],
)
def test_every_label_has_its_place(
    visit: Callable[..., Visit], name: str, query: str, width: int, height: int, scheme: str
) -> None:
    one = visit(query, width, height, color_scheme=scheme)
    page = one.page
    assert page.locator(".map svg").get_attribute("data-left_out") == "0"
    found = boxes(page)
    rivers = [box["id"] for box in found if box["id"].startswith("r:")]
    assert len(set(rivers)) == 28
    named = "s:S02" in [box["id"] for box in found]
    # With long names a phone has no room for stations on the map: the list above it names them.
    listed = page.locator('.item[data-river="R01"] .why.alert').count() == 1
    assert named or (width < 480 and listed), "a station worse than its river is named"
    assert float(page.locator(".map svg").get_attribute("data-covered") or 1) < 0.05, "no label hides a bad river"
    for a, b in combinations(found, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, (a["id"], b["id"])
    assert cut_off(page) == []
    paper = page.locator(".stApp").evaluate("n => getComputedStyle(n).backgroundColor.match(/\\d+/g).map(Number)")
    assert (sum(paper[:3]) < 200) is (scheme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    one.shot(name)


def test_classes_are_never_colour_alone(visit: Callable[..., Visit]) -> None:
    page = visit().page
    colours = page.locator(".colour path[data-river=R20]").first.evaluate("n => getComputedStyle(n).stroke")
    assert colours == "rgb(216, 38, 47)"
    assert (
        page.locator(".dashes path[data-river=R20]").first.evaluate("n => getComputedStyle(n).strokeDasharray")
        != "none"
    )
    assert page.locator("[data-label='r:R20'] .class").text_content() == "劣Ⅴ"
    assert page.locator(".hits .river[data-river=R20]").get_attribute("aria-label") == "墩头浜: 劣Ⅴ类"
    old = page.locator(".colour path[data-river=R18]").first
    assert "old" in (old.get_attribute("class") or "")
    assert page.locator("[data-label='r:R18'] .age").text_content() == "3 小时前"


def test_a_click_shows_another_river_and_its_course(visit: Callable[..., Visit]) -> None:
    page = visit().page
    assert title(page) == "墩头浜"
    before = page.locator("[data-testid=stEChartsChart] svg").first.inner_html()
    box = page.locator(".hits .river[data-river=R02] path").bounding_box()
    assert box is not None
    point = page.locator(".hits .river[data-river=R02] path").evaluate(
        "n => { const p = n.getPointAtLength(n.getTotalLength() * 0.08), m = n.getScreenCTM();"
        " return [p.x * m.a + m.e, p.y * m.d + m.f]; }"
    )
    page.mouse.click(*point)
    expect(page.locator(".head h2")).to_have_text("中塘河")
    settled(page)
    expect(page.locator(".hits .river[data-river=R02]")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        "before => document.querySelector('[data-testid=stEChartsChart] svg').innerHTML !== before", arg=before
    )


def test_keyboard_list_and_table_select_too(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.locator(".hits .river[data-river=R05]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".head h2")).to_have_text("凤里泾")
    assert page.evaluate(
        "() => [...document.querySelectorAll('*')].some((n) => n.shadowRoot?.activeElement?.dataset.river === 'R05')"
    ), "the focus stays where it was"
    page.locator(".watch .item[data-river=R15]").click()
    expect(page.locator(".head h2")).to_have_text("青泾浜")
    page.locator("tbody tr[data-river=R07] button").click()
    expect(page.locator(".head h2")).to_have_text("星泾河")
    expect(page.locator("tbody tr.selected")).to_have_attribute("data-river", "R07")


def test_hovering_tells_and_outfalls_can_be_shown(visit: Callable[..., Visit]) -> None:
    page = visit("?lang=en").page
    expect(page.locator(".outfalls circle").first).to_be_hidden()
    page.locator(".legend input").check()
    expect(page.locator(".outfalls circle").first).to_be_visible()
    assert page.locator(".outfalls circle").count() == 150
    mark = page.locator(".station[data-station=S02]").bounding_box()
    assert mark is not None
    page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    expect(page.locator(".tip")).to_contain_text("Wangtang Bridge")


def test_the_language_switch(visit: Callable[..., Visit]) -> None:
    page = visit().page
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    page.get_by_role("radio", name="English").or_(page.get_by_role("button", name="English")).first.click()
    expect(page.locator(".mast h1")).to_have_text("Xietang Sub-district Rivers today")
    settled(page)
    assert "lang=en" in page.url
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator(".head h2")).to_have_text("Duntou Creek")
    boxes = page.locator("[data-testid=stSelectbox] input")
    expect(boxes.first).to_have_value("Ammonia nitrogen", timeout=4000)
    expect(boxes.nth(1)).to_have_value("all sections", timeout=1000)


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_on_a_phone_the_panel_comes_to_the_finger(visit: Callable[..., Visit], motion: str) -> None:
    page = visit("", 390, 844, reduced_motion=motion).page
    head = page.locator(".head h2")
    expect(head).not_to_be_in_viewport()
    page.locator(".hits .river[data-river=R02]").focus()
    page.keyboard.press("Enter")
    expect(head).to_have_text("中塘河")
    expect(head).to_be_in_viewport(ratio=1)
    page.locator("tbody tr[data-river=R02]").scroll_into_view_if_needed()
    expect(head).not_to_be_in_viewport()
    page.locator("tbody tr[data-river=R02] button").click()
    expect(head).to_be_in_viewport(ratio=1)


def test_on_a_phone_the_table_shows_what_decides(visit: Callable[..., Visit]) -> None:
    page = visit("?lang=en", 390, 844).page
    edge = page.locator(".scroll").evaluate("n => n.getBoundingClientRect().right")
    rights = page.locator("thead th:nth-child(4), td.why").evaluate_all(
        "nodes => nodes.map((n) => n.getBoundingClientRect().right)"
    )
    assert len(rights) == 29
    assert max(rights) <= edge + 1


def test_names_with_markup_stay_text(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.locator("tbody tr[data-river=R27]").click()
    expect(page.locator(".head h2")).to_have_text("坊前浜")
    expect(page.locator(".sites b")).to_have_text(HOSTILE)
    assert page.locator("img").count() == 0


def test_the_chart_shows_the_site_clock_anywhere(visit: Callable[..., Visit]) -> None:
    page = visit(timezone_id="America/New_York").page
    chart = page.locator("[data-testid=stEChartsChart]")
    assert "08:00" in chart.inner_text()
    chart.hover(position={"x": 160, "y": 180})
    expect(chart).to_contain_text("2026-11-22 1")
