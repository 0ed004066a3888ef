"""The wall's own script in a browser, with a clock that the test turns: slides, age of the data, one timer for good."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from dashboard import parts
from dashboard.board import Today
from dashboard.board_news import News
from dashboard.ground import ground
from dashboard.viewdata.wall import wall
from dashboard.wording import Wording
from sensors.site import Site
from tests.dashboard.test_app_browser import ARGUMENTS, CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
]

#: The part as Streamlit mounts it; `timers` counts what goes on.
_PAGE = """<style>{sheet}</style><div id="host" style="width: 1920px"><div class="rc"></div></div><script type="module">
const real = window.setInterval, stop = window.clearInterval;
window.timers = new Set();
window.setInterval = (...all) => {{ const one = real(...all); window.timers.add(one); return one; }};
window.clearInterval = (one) => {{ window.timers.delete(one); stop(one); }};
{script}
window.mount = (data) => {{ window.gone = default_({{ data, parentElement: document.querySelector("#host") }}); }};
window.ready = true;
</script>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": 1920, "height": 1080})
        opened.clock.install()
        script, sheet = parts.source("wall")
        script = script.replace("export default function", "function default_", 1)
        script = script.replace("function default_ (", "function default_(", 1)
        opened.set_content(_PAGE.format(sheet=sheet, script=script))
        opened.wait_for_function("window.ready")
        yield opened
        browser.close()


@pytest.fixture
def data(morning: Today, xietang: Site, en: Wording) -> dict[str, Any]:
    news = News((), (), True, ())
    told = wall(morning, news, None, (), xietang, en, ground(xietang), kiosk=True, banner="<b>made</b>")
    return json.loads(json.dumps(told | {"light": False}))  # type: ignore[no-any-return]


def title(page: Page) -> str:
    return page.locator(".wall h2").inner_text()


def test_slides_follow_each_other_with_one_timer(page: Page, data: dict[str, Any]) -> None:
    page.evaluate("data => window.mount(data)", data)
    assert title(page) == "Rivers today"
    # Names of rivers are read from five metres: at least 24 px high.
    assert page.locator(".label .name").first.evaluate("one => one.getBoundingClientRect().height") >= 24
    counts = []
    for turn in range(60):
        page.clock.run_for(20_000)
        # The server sends the same data anew meanwhile.
        page.evaluate("data => window.mount(data)", data | {"now_ms": data["now_ms"] + turn})
        counts.append((title(page), page.evaluate("document.querySelectorAll('*').length")))
    assert [name.split(" ")[0] for name, _nodes in counts[:4]] == ["Worst", "Events", "Rivers", "Worst"]
    assert len({nodes for name, nodes in counts if name == counts[2][0]}) == 1, "nothing piles up"
    assert page.evaluate("window.timers.size") == 1
    assert page.locator(".wall .banner").inner_text() == "<b>made</b>"


def test_the_age_goes_on_where_the_server_is_gone(page: Page, data: dict[str, Any]) -> None:
    page.evaluate("data => window.mount(data)", data | {"now_ms": data["newest_ms"] + 1000})
    page.clock.run_for(1000)
    assert page.locator(".wall .times .age").inner_text() == "Newest data: just now"
    assert page.locator(".wall.old").count() == 0
    page.clock.run_for((data["stale_s"] + 5) * 1000)
    assert page.locator(".wall .times .age").inner_text() == f"Newest data: {data['stale_s'] // 60} min ago"
    assert page.locator(".wall.old").count() == 1
    assert "Data are old" in page.locator(".wall .cut").inner_text()
    assert "grayscale" in page.locator(".wall .body").evaluate("one => getComputedStyle(one).filter")


def test_what_is_taken_away_leaves_no_timer(page: Page, data: dict[str, Any]) -> None:
    page.evaluate("data => window.mount(data)", data)
    page.evaluate("window.gone()")
    assert page.evaluate("window.timers.size") == 0
