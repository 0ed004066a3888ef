from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collectors.stores import open_store
from dashboard.casework.database import open_books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import Actor
from dashboard.casework.notices import issue
from dashboard.casework.orders import Assignment, Part, apply, open_order
from deploy.office import orders_command
from deploy.office.orders_command import command
from sensors.errors import UsageError
from sensors.site import Site

SITE = str(Path(orders_command.__file__).parents[1] / "sites" / "xietang")

#: 11 May 2026, 10:00 in Suzhou.
NOW = 1_778_464_800_000

OFFICE = Actor("wang", "office")


@pytest.fixture
def url(tmp_path: Path, xietang: Site, monkeypatch: pytest.MonkeyPatch) -> str:
    """Books with an order that is with its department, a notice of it, and an order that waits."""
    monkeypatch.setattr("deploy.office.orders_command.now_ms", lambda: NOW)
    made = f"sqlite:///{tmp_path / 'books.sqlite'}"
    books, desk = open_books(made), Desk.of(xietang)
    with books.change("wang", NOW) as session:
        open_order(session, desk, OFFICE, NOW, title="Spill", origin="public", river="R02")
        number = open_order(session, desk, OFFICE, NOW, title="Drain", origin="public", river="R01").number
        given = Assignment((Part("water"),), NOW + 86_400_000)
        apply(session, desk, number, "assign", OFFICE, NOW, assignment=given)
        issue(session, desk, number, "supervision", OFFICE, NOW, "water")
    books.close()
    return made


def run(url: str, *words: str) -> Result:
    verb, *rest = words
    return CliRunner().invoke(command, [verb, SITE, *rest, "--books", url], catch_exceptions=False)


def test_orders_newest_first_with_their_deadlines(url: str) -> None:
    assert run(url, "list").output.splitlines() == [
        "2026-0002        2026-05-12 10:00 Assigned  Drain",
        "2026-0001        2026-05-12 10:00 Registered  Spill",
        "Assigned 1, Registered 1",
    ]
    assert run(url, "list", "--state", "assigned", "--department", "water").output.count("\n") == 2
    assert run(url, "list", "--river", "R02", "--most", "1").output.splitlines()[-1] == "Registered 1"
    assert run(url, "list", "--overdue").output == "\n"


def test_a_state_that_there_is_not(url: str) -> None:
    with pytest.raises(UsageError, match="found no such state; accepted: draft, registered"):
        run(url, "list", "--state", "lost")


def test_a_river_or_department_that_there_is_not(url: str) -> None:
    with pytest.raises(UsageError, match="river 'nope': found no such river; accepted: R01, R02"):
        run(url, "list", "--river", "nope")
    with pytest.raises(UsageError, match="found no such department; accepted: "):
        run(url, "list", "--department", "nope")


def test_a_notice_is_printed_again(url: str, tmp_path: Path) -> None:
    number = "斜塘街道督办〔2026〕1号"
    for name, begins in (("n.docx", b"PK"), ("n.pdf", b"%PDF-")):
        assert run(url, "notice", number, str(tmp_path / name)).output == f"{tmp_path / name}\n"
        assert (tmp_path / name).read_bytes().startswith(begins)
    with pytest.raises(UsageError, match=r"n\.odt: found \.odt; accepted: \.docx, \.pdf"):
        run(url, "notice", number, str(tmp_path / "n.odt"))
    with pytest.raises(UsageError, match="there is no notice 7"):
        run(url, "notice", "7", str(tmp_path / "n.pdf"))


def test_goals_of_a_site(url: str, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"
    open_store(store).close()
    assert run(url, "goals", "--store", store).output == ""
    lines = run(url, "goals", "--store", store, "--seed").output.splitlines()
    assert len(lines) == 7
    assert lines[0].split() == [
        "0", "/", "150", "items", "2026-06-30", "Pace", "not", "known", "yet", "Every", "outfall", "surveyed", "(150)",
    ]  # fmt: skip
