from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest

from collectors.quarantine import Quarantine, entries
from sensors.errors import StoreError


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_refused_is_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "quarantine.jsonl"
    quarantine = Quarantine(path, now_ms=lambda: 17)
    quarantine.put("rc1/x/0/gw1/obs", "json", "not JSON", b"\xff{", gateway="gw1")
    quarantine.put("rc1/x/0/gw1/obs", "future", "S1 at 9")
    assert quarantine.counts == {"json": 1, "future": 1}
    assert quarantine.by_gateway == {("gw1", "json"): 1, ("", "future"): 1}
    assert lines(path)[0] == {
        "time_ms": 17, "source": "rc1/x/0/gw1/obs", "reason": "json", "detail": "not JSON", "bytes": 2,
        "whole": False, "payload": "\\xff{",
    }  # fmt: skip
    assert lines(path)[1]["reason"] == "future"


def test_the_same_again_is_only_counted(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(path)
    for _ in range(50):
        quarantine.put("t", "json", "not JSON", b"{")
    quarantine.put("t", "json", "not JSON", b"[")
    assert quarantine.counts == {"json": 51}
    assert len(lines(path)) == 2


@pytest.mark.parametrize("whole", [False, True])
def test_the_file_is_bounded(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(path, max_bytes=20_000)
    for n in range(300):
        quarantine.put("t", "json", "not JSON", b"%d " % n + b"x" * 500, whole=whole)
        quarantine.flush()
    before = tmp_path / "quarantine.jsonl.before"
    assert path.stat().st_size + before.stat().st_size <= 20_000
    found = [entry.payload.split()[0] for entry in entries([path])]
    assert found == [str(n) for n in range(300 - len(found), 300)], "the newest, in order"
    assert len(found) > 15
    quarantine.put("t", "size", "large", b"x" * 1_000_000)
    assert path.stat().st_size + before.stat().st_size <= 40_000


def test_the_last_copy_is_kept_whole_and_on_disk_when_flushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "quarantine.jsonl"
    synced: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (synced.append(str(Path(f"/proc/self/fd/{f}").readlink())), fsync(f)))
    quarantine = Quarantine(path)
    quarantine.put("t", "json", "not JSON", b"y" * 100_000)
    assert (quarantine.waiting, synced) == (False, [])
    quarantine.put("t", "station", "S7", b"x" * 100_000, whole=True)
    assert quarantine.waiting
    quarantine.flush()
    assert not quarantine.waiting
    assert synced == [str(path)]
    assert [(len(entry.payload), entry.whole) for entry in entries([path])] == [(16_384, False), (100_000, True)]
    path.unlink()
    quarantine.put("t", "station", "S8", b"x", whole=True)
    quarantine.flush()
    assert synced[1:] == [str(path), str(path.parent)], "of a new file the name as well"


def test_no_file_and_a_full_disk_stop_no_put(tmp_path: Path) -> None:
    nowhere = Quarantine(None)
    nowhere.put("t", "json", "not JSON", b"{", whole=True)
    nowhere.flush()
    assert not nowhere.waiting
    blocked = tmp_path / "file"
    blocked.write_text("")
    quarantine = Quarantine(blocked / "quarantine.jsonl")
    quarantine.put("t", "json", "not JSON", b"{")
    assert quarantine.counts == {"json": 1}


def test_a_disk_that_takes_half_a_line_gets_it_whole_later(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(path)
    quarantine.put("t", "station", "S1", b"x" * 1_000, whole=True)
    quarantine.flush()
    quarantine.put("t", "station", "S2", b"y" * 10_000, whole=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
        with pytest.raises(StoreError) as caught:
            quarantine.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.retryable
    assert [entry.detail for entry in entries([path])] == ["S1"]
    quarantine.flush()
    assert [(entry.detail, len(entry.payload)) for entry in entries([path])] == [("S1", 1_000), ("S2", 10_000)]


def test_a_line_that_was_cut_off_by_a_kill_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    path.write_text('{"time_ms": 1, "sou')
    quarantine = Quarantine(path)
    quarantine.put("t", "station", "S1", b"x", whole=True)
    quarantine.flush()
    assert [entry.detail for entry in entries([path])] == ["S1"]
    assert list(entries([tmp_path / "none"])) == []
