from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboard.casework.audit import verify
from dashboard.casework.database import open_books
from dashboard.casework.tables.survey import Shop
from deploy.office.audit_command import command


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "books.sqlite"
    books = open_books(f"sqlite:///{path}")
    for number in range(3):
        with books.change("li", number) as session:
            session.add(Shop(id=f"S{number}", name="店", river="R01"))
    books.close()
    return path


def check(path: Path, *words: str) -> Result:
    return CliRunner().invoke(command, ["verify", "--books", f"sqlite:///{path}", *words])


def head(path: Path) -> str:
    books = open_books(f"sqlite:///{path}")
    with books.read() as session:
        found = verify(session).head
    books.close()
    return found


def tamper(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def test_an_intact_trail(path: Path) -> None:
    noted = head(path)
    result = check(path)
    assert (result.exit_code, result.output) == (0, f"3 entries, head {noted}: intact\n")
    assert check(path, "--head", noted).exit_code == 0
    assert check(path, "--head", "0" * 64).exit_code == 0


def test_tampering_is_told_with_an_exit_code(path: Path) -> None:
    tamper(path, "UPDATE audit_entry SET actor = 'wang' WHERE seq = 2")
    result = check(path)
    assert result.exit_code == 1
    assert result.output.splitlines()[0] == "entry 2 (insert shop S1) was altered"
    assert result.output.endswith(": TAMPERED WITH\n")


def test_a_trail_that_was_written_anew_lacks_the_head_that_was_noted(path: Path) -> None:
    noted = head(path)
    tamper(path, "DELETE FROM audit_entry")
    tamper(path, f"UPDATE audit_head SET seq = 0, hash = '{'0' * 64}'")
    # Rows that the new trail does not know give it away, unless they are gone as well.
    assert "in the books and not in the trail" in check(path).output
    for table in ("shop", "outfall"):
        tamper(path, f"DELETE FROM {table}")
    assert check(path).exit_code == 0
    result = check(path, "--head", noted)
    assert result.exit_code == 1
    assert f"no entry has the seal {noted}" in result.output


def test_a_head_may_be_told_in_short(path: Path) -> None:
    noted = head(path)
    assert check(path, "--head", noted[:16].upper()).exit_code == 0
    assert check(path, "--head", "f" * 12).exit_code == 1
    for wrong in (noted[:11], "nothing-of-the-kind", noted + "0"):
        result = check(path, "--head", wrong)
        assert "accepted: 12 to 64 hex digits" in str(result.exception)


def test_a_mistyped_address_is_no_intact_trail(path: Path) -> None:
    typo = path.parent / "typo.sqlite"
    result = check(typo)
    assert result.exit_code == 2
    assert "found no books" in result.output
    assert not typo.exists()
