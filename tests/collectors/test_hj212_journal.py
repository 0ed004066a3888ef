from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.hj212.journal import Cursor, Journal
from sensors.errors import StoreError


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "deep" / "platform.sqlite")
    yield journal
    journal.close()


def test_a_cursor_begins_once(journal: Journal) -> None:
    assert journal.begin("S1", 2011, 100) == Cursor(100, 100)
    assert journal.begin("S1", 2011, 999) == Cursor(100, 100)
    assert journal.begin("S1", 2061, 999) == Cursor(999, 999)
    assert journal.begin("S2", 2011, 5) == Cursor(5, 5)


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Journal(tmp_path / "j")
    first.begin("S1", 2011, 100)
    first.acked("S1", 2011, 120, -(2**63), 121)
    first.acked("S1", 2011, 110, 7, 111)
    first.acked("S1", 2061, 110, 9, 111)
    first.set("S1", "stopped", 1)
    first.close()
    second = Journal(tmp_path / "j")
    assert second.begin("S1", 2011, 0) == Cursor(100, 121)
    assert second.digests("S1", 2011, 0, 1000) == {120: -(2**63), 110: 7}
    assert second.digests("S1", 2011, 110, 120) == {110: 7}
    assert second.setting("S1", "stopped", 0) == 1
    assert second.setting("S1", "interval_s", 42) == 42
    second.close()
    second.close()


def test_a_record_that_is_acknowledged_is_no_longer_owed(journal: Journal) -> None:
    assert journal.owe("S1", 2011, [30, 10, 20]) == 0
    assert journal.owe("S1", 2011, [20]) == 0
    assert journal.owed("S1", 2011) == [10, 20, 30]
    journal.acked("S1", 2011, 20, 1, 21)
    journal.forgive("S1", 2011, 30)
    assert journal.owed("S1", 2011) == [10]
    assert journal.owed("S1", 2061) == []


def test_the_oldest_debts_are_given_up(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.journal.MAX_OWED", 3)
    assert journal.owe("S1", 2011, [1, 2, 3]) == 0
    assert journal.owe("S2", 2011, [1]) == 0
    assert journal.owe("S1", 2011, [4, 5]) == 2
    assert journal.owed("S1", 2011) == [3, 4, 5]
    assert journal.owed("S2", 2011) == [1]


def test_old_digests_are_forgotten(journal: Journal) -> None:
    for time_ms in (1, 2, 3):
        journal.acked("S1", 2011, time_ms, time_ms, time_ms + 1)
    journal.prune("S1", 2011, 3)
    assert journal.digests("S1", 2011, 0, 10) == {3: 3}


def test_a_second_process_is_kept_out(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.hj212.journal.LOCK_S", 0.01)
    with pytest.raises(StoreError, match="locked") as error:
        Journal(journal.path)
    assert error.value.retryable


def test_a_file_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "j").close()
    with sqlite3.connect(tmp_path / "j") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(StoreError, match="schema 99") as error:
        Journal(tmp_path / "j")
    assert not error.value.retryable


def test_a_damaged_file_is_for_a_person_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"no database " * 1000)
    with pytest.raises(StoreError) as error:
        Journal(tmp_path / "j")
    assert not error.value.retryable
    assert (tmp_path / "j").read_bytes().startswith(b"no database")


def test_a_place_where_nothing_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as error:
        Journal(tmp_path / "file" / "j")
    assert error.value.retryable


def test_errors_are_ours(journal: Journal) -> None:
    journal.close()
    with pytest.raises(StoreError):
        journal.owed("S1", 2011)
    with pytest.raises(StoreError):
        journal.set("S1", "a", 1)
