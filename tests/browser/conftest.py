"""One prepared board and one browser for all walks: starting them takes longer than most walks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from collectors.clock import ReplayClock, machine_ms
from dashboard.casework.audit import verify
from dashboard.casework.database import Books, open_books
from sensors.durations import DAY_MS
from sensors.site import Site
from tests.browser.looking import PATIENCE_MS, PICTURES, Visit
from tests.browser.stage import PASSWORD, Stage, prepare
from tests.dashboard import made

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Board:
    """A running board over a prepared stage, and the books behind it."""

    address: str
    stage: Stage
    books: Books


@pytest.fixture(scope="package")
def board(tmp_path_factory: pytest.TempPathFactory, xietang: Site) -> Iterator[Board]:
    """The board as its process serves it, people sign in; its clock began at eight in the morning of the made day."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    folder = tmp_path_factory.mktemp("stage")
    stage = prepare(folder, xietang)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        sys.executable, "-m", "deploy.cli", "board", str(made.SITE_FOLDER), "--store", stage.store,
        "--books", stage.books, "--port", str(port),
    ]  # fmt: skip
    clock = ReplayClock(machine_ms(), made.NOW_MS, made.NOW_MS + DAY_MS, 1.0)
    environment = {**os.environ, "RIVERCHIEF_CLOCK": clock.to_json(), "RIVERCHIEF_INPUT": "virtual"}
    books = open_books(stage.books)
    log = (folder / "board.log").open("w", encoding="utf-8")
    try:
        with log, subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, env=environment) as process:
            _until_it_answers(port, process, folder / "board.log")
            yield Board(f"http://127.0.0.1:{port}", stage, books)
            process.terminate()
            assert process.wait(30) == 0
        with books.read() as session:
            assert verify(session).problems == (), "what was done on the board is in the trail, unbroken"
    finally:
        books.close()
    said = (folder / "board.log").read_text(encoding="utf-8")
    assert "Traceback" not in said, said
    assert PASSWORD not in said


def _until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 90
    while not _answers(port):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < until, "the board did not start"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    expect.set_options(timeout=5000)


@pytest.fixture(scope="package")
def known() -> dict[str, Any]:
    """Cookies of those who have signed in already, by account."""
    return {}


Look = Callable[..., Visit]

#: Whether a test has failed: what its pages looked like is kept.
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Remember a failure until the pages are closed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def look(request: pytest.FixtureRequest, board: Board, chromium: Browser, known: dict[str, Any]) -> Iterator[Look]:
    """Come to the board as somebody; at the end no page asked another host for anything, nor complained."""
    visits: list[Visit] = []

    def come(account: str = "", width: int = 1440, height: int = 900, **settings: Any) -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", storage_state=known.get(account), **settings
        )  # fmt: skip
        visit = Visit(context.new_page(), board.address)
        visits.append(visit)
        if account and account not in known:
            visit.page.goto(f"{board.address}/signin?lang=en&next=/orders?lang=en")
            visit.enter(account, PASSWORD)
            visit.page.locator(".mast h1").wait_for()
            known[account] = context.storage_state()
        return visit

    yield come
    for number, visit in enumerate(visits):
        if request.node.stash.get(FAILED, False):
            PICTURES.mkdir(parents=True, exist_ok=True)
            visit.page.screenshot(path=PICTURES / f"failed-{request.node.name}-{number}.png")
        visit.page.context.close()
    assert [url for visit in visits for url in visit.outside] == []
    assert [text for visit in visits for text in visit.complaints] == []
