"""Every page in both languages, on a desk and on a phone: nobody shut out, nothing from elsewhere, and a picture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from dashboard.views import PAGES
from tests.browser import stage
from tests.browser.conftest import Board, Look
from tests.browser.looking import Visit, no_mistake, wide
from tests.browser.pages import ADDRESSES, DARK

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

DESK, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="module")
def admin(board: Board, chromium: Browser) -> Iterator[Visit]:
    """One window of somebody who may open every page."""
    context = chromium.new_context(viewport={"width": DESK[0], "height": DESK[1]}, locale="zh-CN")
    visit = Visit(context.new_page(), board.address)
    visit.page.goto(f"{board.address}/signin?lang=en&next=/orders")
    visit.enter("admin", stage.PASSWORD)
    visit.page.locator(".mast h1").wait_for()
    yield visit
    context.close()


def test_every_page_is_looked_at() -> None:
    assert {page.path for page in PAGES} == {path or "today" for path, _ in ADDRESSES.values()}
    assert {path: query for path, query in ADDRESSES.values() if not query}.keys() >= {"", "events", "orders", "admin"}


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_page_shuts_nobody_out(admin: Visit, name: str) -> None:
    path, query = ADDRESSES[name]
    admin.outside.clear()
    admin.complaints.clear()
    page = admin.open(path, **query)
    for code in ("zh", "en"):
        if code == "en":
            admin.speak("en")
        no_mistake(page)
        assert admin.barriers() == [], code
        admin.picture(f"{name}-{code}")
    admin.resize(*PHONE)
    assert wide(page) <= PHONE[0], "in English, whose words are longer"
    admin.speak("zh")
    assert wide(page) <= PHONE[0]
    admin.picture(f"{name}-phone")
    admin.resize(*DESK)
    assert admin.outside == []
    assert admin.complaints == []


@pytest.mark.parametrize("name", DARK)
def test_a_page_in_the_dark(look: Look, name: str) -> None:
    path, query = ADDRESSES[name]
    visit = look("admin", color_scheme="dark")
    visit.open(path, **query)
    assert visit.barriers() == []
    visit.picture(f"{name}-dark")


@pytest.mark.parametrize("query", [{"kiosk": "1"}, {"kiosk": "1", "light": "1"}, {"kiosk": "1", "lang": "en"}])
def test_a_screen_on_the_wall(look: Look, query: dict[str, str]) -> None:
    visit = look("office", width=1920, height=1080)
    page = visit.open("wall", **query)
    no_mistake(page)
    assert visit.barriers() == []
    assert wide(page) <= 1920
    visit.picture("-".join(["wall-1920", *query]))


def test_signing_in_and_another_password(look: Look) -> None:
    for code in ("zh", "en"):
        nobody, somebody = look(), look("office")
        nobody.page.goto(f"{nobody.address}/signin?lang={code}")
        somebody.page.goto(f"{nobody.address}/password?lang={code}")
        for visit, name in ((nobody, "signin"), (somebody, "password")):
            assert visit.barriers() == []
            visit.picture(f"{name}-{code}")


def test_what_the_public_sees(look: Look) -> None:
    nobody = look()
    page = nobody.open("public")
    for code in ("zh", "en"):
        nobody.speak(code)
        assert nobody.barriers() == []
    nobody.resize(*PHONE)
    assert wide(page) <= PHONE[0]
    nobody.picture("public-nobody-phone")


def test_the_instrument_sees(look: Look) -> None:
    """What is to find barriers finds them, also inside a part of our own."""
    visit = look("office")
    page = visit.open("orders")
    assert visit.barriers() == []
    page.evaluate(
        "() => { const host = [...document.querySelectorAll('*')].find((n) => n.shadowRoot?.querySelector('.rc'));"
        " const root = host.shadowRoot.querySelector('.rc'), image = document.createElement('img');"
        " image.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='; root.append(image);"
        " const faint = document.createElement('p'); faint.textContent = 'faint'; faint.style.color = '#ccc';"
        " document.querySelector('[data-testid=stMainBlockContainer]').append(faint); }"
    )
    expect(page.locator("p", has_text="faint")).to_be_visible()
    found = {line.partition(" ")[0] for line in visit.barriers()}
    assert {"image-alt", "color-contrast"} <= found
