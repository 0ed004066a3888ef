"""The board as its process serves it, in a real browser: signing in, a page, signing out, sessions that end."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.casework.audit import verify
from dashboard.casework.database import Books, open_books
from deploy.cli import EXAMPLE_SITE
from sensors.site import Site
from tests.dashboard.conftest import filled_url  # noqa: F401

CHROMIUM = shutil.which("chromium")
ARTEFACTS = Path(__file__).resolve().parents[3] / "artefacts"
PASSWORD = "willow-weir-heron"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
]


@dataclass
class Board:
    """A running board."""

    address: str
    books: Books
    once: str


@dataclass
class Visit:
    """A page, and what it did besides."""

    page: Page
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory, xietang: Site, filled_url: str) -> Iterator[Board]:  # noqa: F811
    folder = tmp_path_factory.mktemp("office")
    url = f"sqlite:///{folder / 'books.sqlite'}"
    books = open_books(url)
    once = people.add(books, xietang, "test", 1, "boss", Details("王主任", "admin"))
    people.add(books, xietang, "test", 1, "second", Details("张工", "admin"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable, "-m", "deploy.cli", "board", str(EXAMPLE_SITE), "--store", filled_url, "--books", url,
        "--port", str(port), "--behind-proxy",
    ]  # fmt: skip
    log = (folder / "board.log").open("w", encoding="utf-8")
    with log, subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT) as process:
        until_it_answers(port, process, folder / "board.log")
        yield Board(f"http://127.0.0.1:{port}", books, once)
        process.terminate()
        assert process.wait(20) == 0
    books.close()
    said = (folder / "board.log").read_text(encoding="utf-8")
    assert once not in said
    assert PASSWORD not in said
    assert "Traceback" not in said, said


def until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while not answers(port):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, "the board did not start"
        time.sleep(0.1)


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture
def visit(board: Board) -> Iterator[Visit]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800}).new_page()
        found = Visit(page)
        page.on("console", lambda one: found.complaints.append(one.text) if one.type == "error" else None)
        page.on("pageerror", lambda one: found.complaints.append(str(one)))
        own = (board.address, board.address.replace("http", "ws"), "data:", "blob:")
        page.on("request", lambda one: found.outside.append(one.url) if not one.url.startswith(own) else None)
        yield found
        browser.close()


def enter(page: Page, account: str, password: str) -> None:
    page.get_by_label("Account").fill(account)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_sign_in_a_page_sign_out(board: Board, visit: Visit) -> None:
    page = visit.page
    page.goto(f"{board.address}/evaluation?lang=en")
    expect(page).to_have_title("Sign in · Xietang Sub-district")
    enter(page, "boss", board.once)
    page.get_by_label("Current password").fill(board.once)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("王主任")).to_be_visible(timeout=30_000)
    assert "/evaluation?lang=en" in page.url, "back to where they wanted to go"
    expect(page.get_by_role("heading", name="Evaluation of periods")).to_be_visible(timeout=30_000)
    cookie = next(one for one in page.context.cookies() if one["name"] == "riverchief_session")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie").find("riverchief_session") == -1
    assert page.locator("[data-testid=stMainMenu]").count() == 0, "nobody needs Streamlit's own menu"
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / "board-signed-in.png")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible(timeout=30_000)
    page.goto(f"{board.address}/evaluation?lang=en")
    expect(page).to_have_title("Sign in · Xietang Sub-district")
    page.screenshot(path=ARTEFACTS / "board-signin.png")
    assert visit.outside == []
    assert visit.complaints == []
    with board.books.read() as session:
        assert verify(session).problems == ()


def test_a_page_that_stays_open_outlives_no_session(board: Board, visit: Visit, xietang: Site) -> None:
    once = people.add(board.books, xietang, "test", 1, "li", Details("李工", "admin"))
    with board.books.change("test", 1) as session:
        from dashboard.casework.tables.accounts import Account

        session.get_one(Account, "li").must_change = False
    page = visit.page
    page.goto(f"{board.address}/signin?lang=en&next=/admin%3Flang%3Den")
    enter(page, "li", once)
    expect(page.get_by_text("李工").first).to_be_visible(timeout=30_000)
    people.set_disabled(board.books, "test", 2, "li", True)
    # Nobody touches the page: it looks by itself.
    expect(page.get_by_role("link", name="Sign in")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("李工")).to_have_count(0)


def test_who_asks_is_believed_of_the_proxy_only(board: Board) -> None:
    with urllib.request.urlopen(
        urllib.request.Request(
            f"{board.address}/", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.1.1"}
        )
    ) as reply:
        assert "max-age" in reply.headers["Strict-Transport-Security"]
    with urllib.request.urlopen(f"{board.address}/") as reply:
        assert reply.headers["Strict-Transport-Security"] is None
        assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]
        assert "server" not in {name.lower() for name in reply.headers}
