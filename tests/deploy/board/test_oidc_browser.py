"""Single sign-on in a real browser, at a tiny provider of our own."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import open_books
from deploy.broker.brokers import free_port
from deploy.cli import EXAMPLE_SITE
from sensors.site import Site
from tests.dashboard.conftest import filled_url  # noqa: F401
from tests.deploy.board.test_board_browser import CHROMIUM, Board, Visit, until_it_answers, visit  # noqa: F401

PROVIDER = Path(__file__).with_name("provider.py")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(240),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian package chromium)"),
    pytest.mark.skipif(importlib.util.find_spec("authlib") is None, reason="Authlib is not installed (extra oidc)"),
]


@pytest.fixture
def board(tmp_path: Path, xietang: Site, filled_url: str) -> Iterator[Board]:  # noqa: F811
    port, provider = free_port(), free_port()
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    settings = tmp_path / "oidc.toml"
    settings.touch(mode=0o600)
    settings.write_text(
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\nclient_id = "board"\nclient_secret = "s3cret"\n'
        f'server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"\n'
    )
    books = open_books(url)
    people.add(books, xietang, "test", 1, "boss", Details("王主任", "admin"))
    words = [
        "-m", "deploy.cli", "board", str(EXAMPLE_SITE), "--store", filled_url, "--books", url, "--port", str(port),
        "--oidc", str(settings),
    ]  # fmt: skip
    with (
        running(tmp_path / "provider.log", str(PROVIDER), str(provider), "subject-42"),
        running(tmp_path / "board.log", *words) as process,
    ):
        until_it_answers(port, process, tmp_path / "board.log")
        yield Board(f"http://127.0.0.1:{port}", books, "")
    books.close()
    assert "s3cret" not in (tmp_path / "board.log").read_text(encoding="utf-8")


@contextmanager
def running(log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as file, subprocess.Popen([sys.executable, *words], stdout=file, stderr=file) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def test_in_and_out(board: Board, visit: Visit, xietang: Site) -> None:  # noqa: F811
    page = visit.page

    def sign_on() -> None:
        page.goto(f"{board.address}/signin?lang=en")
        page.get_by_role("link", name="Sign in with single sign-on").click()

    sign_on()
    # Whoever has no account here is told by what the office can find them.
    expect(page.get_by_text("subject-42")).to_be_visible(timeout=40_000)
    people.add(
        board.books, xietang, "boss", 2, "li", Details("李工", "engineer", oidc_subject="subject-42"), password=False
    )
    sign_on()
    expect(page.get_by_text("李工")).to_be_visible(timeout=40_000)
    assert all(one["httpOnly"] for one in page.context.cookies() if one["name"].startswith("_streamlit_user"))
    page.get_by_role("link", name="退出登录").or_(page.get_by_role("link", name="Sign out")).click()
    expect(page.get_by_text("李工")).to_have_count(0, timeout=40_000)
    for _ in range(100):
        if not any(one["name"].startswith("_streamlit_user") for one in page.context.cookies()):
            break
        page.wait_for_timeout(100)
    else:
        pytest.fail("the cookie of single sign-on stays")
    with board.books.read() as session:
        assert session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "signout")).all() == ["li"]
    people.set_disabled(board.books, "boss", 3, "li", True)
    sign_on()
    expect(page.get_by_text("已停用").or_(page.get_by_text("is switched off"))).to_be_visible(timeout=40_000)
