from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from collectors.stores import open_store, sqlite_schema
from collectors.stores.sqlite import SqliteStore
from collectors.stores.sqlite_schema import SCHEMA_VERSION
from sensors.durations import HOUR_MS
from sensors.errors import StoreError
from sensors.reading import Block, Reading

T0 = 1_730_000_000_000 - 1_730_000_000_000 % HOUR_MS


def minute(n: int, value: float = 7.0) -> Block:
    return Block.of([Reading("S1", "ph", T0 + n * 60_000, value)])


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    SqliteStore(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    for read_only in (False, True):
        with pytest.raises(StoreError, match=f"found schema {SCHEMA_VERSION + 1}") as caught:
            SqliteStore(path, read_only=read_only)
        assert not caught.value.retryable


def test_a_reader_of_a_store_that_is_not_there_yet_may_try_again(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    with pytest.raises(StoreError, match="does not exist yet") as caught:
        open_store(f"sqlite:///{path}", read_only=True)
    assert caught.value.retryable
    assert not path.exists()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    path.write_text("these are not the rows you are looking for" * 30)
    with pytest.raises(StoreError, match="not a database") as caught:
        SqliteStore(path)
    assert not caught.value.retryable


def test_a_full_disk_is_retryable_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "readings.sqlite")
    store.commit(minute(0), "gw1", "e", 1)
    (pages,) = store._file.db.execute("PRAGMA page_count").fetchone()
    store._file.db.execute(f"PRAGMA max_page_count = {pages}")
    big = Block.of([Reading(f"S{n}", "ph", T0, 7.0) for n in range(5_000)])
    with pytest.raises(StoreError) as caught:
        store.commit(big, "gw1", "e", 2)
    assert caught.value.retryable
    assert store.watermarks() == {"gw1": ("e", 1)}
    store._file.db.execute("PRAGMA max_page_count = 1000000")
    store.commit(big, "gw1", "e", 2)
    assert len(store.latest()) == 5_000
    assert store.watermarks() == {"gw1": ("e", 2)}
    store.close()


def test_hours_are_settled_once_they_are_over(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "readings.sqlite")
    for n in range(0, 150, 10):
        store.write(minute(n, float(n)))
    dirty = store._file.db.execute("SELECT start_ms FROM dirty").fetchall()
    hours = store._file.db.execute("SELECT start_ms, total, count FROM hour ORDER BY start_ms").fetchall()
    assert dirty == [(T0 + 2 * HOUR_MS,)]
    assert hours == [(T0, 150.0, 6), (T0 + HOUR_MS, 510.0, 6)]
    store.close()


def test_the_log_of_changes_is_folded_and_tells_no_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.stores.sqlite_writes.FOLDED", 4)
    store = SqliteStore(tmp_path / "readings.sqlite")
    cursors = [""]
    for n in range(50):
        store.write(minute(n))
        cursors.append(store.changes(cursors[-1])[1])
        assert store.changes(cursors[-2])[0] == {"S1": (T0 + n * 60_000, T0 + n * 60_000)}
        for back, cursor in enumerate(cursors):
            found, _ = store.changes(cursor)
            if back <= n:
                oldest_ms, newest_ms = found["S1"]
                assert oldest_ms <= T0 + back * 60_000
                assert newest_ms == T0 + n * 60_000
            else:
                assert found == {}
    assert store._file.db.execute("SELECT count(*) FROM change").fetchone()[0] <= 4 + 4 + 4 + 4
    store.close()


def test_closed_is_told_as_our_error(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "readings.sqlite")
    store.close()
    with pytest.raises(StoreError):
        store.latest()


def test_threads_share_one_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "readings.sqlite")

    def write(hour: int) -> None:
        for n in range(20):
            store.write(minute(60 * hour + n))

    threads = [threading.Thread(target=write, args=(hour,)) for hour in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.summary(["S1"], ["ph"], T0, T0 + 4 * HOUR_MS, HOUR_MS).count == [20, 20, 20, 20]
    store.close()


def test_readers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    writer = SqliteStore(path)
    writer.write(minute(0))
    store = SqliteStore(path, read_only=True)
    answers: list[list[float | None]] = []
    with store._file.reading() as busy, store._file.reading() as also_busy:
        assert busy is not also_busy
        thread = threading.Thread(target=lambda: answers.append(store.latest().value))
        thread.start()
        thread.join(10)
        assert answers == [[7.0]]
    for _ in range(5):
        store.latest()
    assert len(store._file._idle) == 3  # one for each that read at the same time
    with store._file.reading() as busy:
        store.close()
        assert busy.execute("SELECT count(*) FROM reading").fetchone() == (1,)  # whoever reads may finish
    assert store._file._idle == []
    with pytest.raises(sqlite3.ProgrammingError):
        busy.execute("SELECT 1")
    with pytest.raises(StoreError, match="closed"):
        store.latest()
    writer.close()


def test_a_reader_that_writes_is_told_for_good(tmp_path: Path) -> None:
    path = tmp_path / "readings.sqlite"
    SqliteStore(path).close()
    store = SqliteStore(path, read_only=True)
    with pytest.raises(StoreError, match="reading only") as caught:
        store.write(minute(0))
    assert not caught.value.retryable
    store.close()


def test_an_older_store_is_brought_up_by_its_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "readings.sqlite"
    store = SqliteStore(path)
    store.commit(minute(0), "gw1", "e", 1)
    store.close()
    monkeypatch.setattr(sqlite_schema, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr(sqlite_schema, "READABLE_SINCE", SCHEMA_VERSION + 1)
    monkeypatch.setattr(
        sqlite_schema, "MIGRATIONS", (*sqlite_schema.MIGRATIONS, ("ALTER TABLE watermark ADD COLUMN at_ms INTEGER",))
    )
    with pytest.raises(StoreError, match="Whatever writes it") as caught:
        SqliteStore(path, read_only=True)
    assert caught.value.retryable
    store = SqliteStore(path)
    assert store._file.db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    assert store._file.db.execute("SELECT gateway, at_ms FROM watermark").fetchall() == [("gw1", None)]
    assert store.latest().value == [7.0]
    store.close()


READER = """
import sys
from collectors.stores import open_store
store = open_store(sys.argv[1], read_only=True)
print("ready", flush=True)
last = 0
while last < 300:
    count = len(store.range("S1", ["ph"], 0, 2**60))
    summed = sum(store.summary(["S1"], ["ph"], 0, 2**51, 3_600_000).count)
    assert count >= last and summed >= count, (last, count, summed)
    last = count
print(last)
"""


def test_another_process_reads_while_this_one_writes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/readings.sqlite"
    store = open_store(url)
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    for n in range(300):
        store.write(minute(n))
    out, err = reader.communicate(timeout=60)
    assert (out, err, reader.returncode) == ("300\n", "", 0)
    store.close()


WRITER = """
import os, sys
from collectors.stores import open_store
from sensors.reading import Block, Reading
store = open_store(sys.argv[1])
for n in range(1, 10_000):
    store.commit(Block.of([Reading("S1", "ph", n * 60_000, float(n))]), "gw", "e", n)
    print(n, flush=True)
"""


def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/readings.sqlite"
    command = [sys.executable, "-c", WRITER, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(50)][-1]
        writer.kill()
        told = max([told, *map(int, writer.stdout.read().split())])
    store = open_store(url)
    _, seq = store.watermarks()["gw"]
    assert seq >= told
    assert len(store.range("S1", ["ph"], 0, 2**60)) == seq
    assert sum(store.summary(["S1"], ["ph"], 0, 2**51, HOUR_MS).count) == seq
    store.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError):
        SqliteStore(tmp_path / "deep" / "readings.sqlite")
