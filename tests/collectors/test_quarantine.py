from __future__ import annotations

import json
from pathlib import Path

from collectors.quarantine import Quarantine


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_refused_is_kept_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "quarantine.jsonl"
    quarantine = Quarantine(path, now_ms=lambda: 17)
    quarantine.put("rc1/x/0/gw1/obs", "json", "not JSON", b"\xff{")
    quarantine.put("rc1/x/0/gw1/obs", "future", "S1 at 9")
    assert quarantine.counts == {"json": 1, "future": 1}
    assert lines(path)[0] == {
        "time_ms": 17, "source": "rc1/x/0/gw1/obs", "reason": "json", "detail": "not JSON", "bytes": 2,
        "payload": "\\xff{",
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


def test_the_file_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(path, max_bytes=20_000)
    for n in range(300):
        quarantine.put("t", "json", "not JSON", b"%d " % n + b"x" * 500)
    before = tmp_path / "quarantine.jsonl.before"
    assert path.stat().st_size + before.stat().st_size <= 20_000
    assert str(lines(path)[-1]["payload"]).startswith("299 ")
    quarantine.put("t", "size", "large", b"x" * 1_000_000)
    assert path.stat().st_size + before.stat().st_size <= 40_000


def test_what_nobody_has_any_more_is_kept_whole(tmp_path: Path) -> None:
    path = tmp_path / "quarantine.jsonl"
    quarantine = Quarantine(path)
    quarantine.put("t", "station", "S7", b"x" * 100_000, whole=True)
    quarantine.put("t", "json", "not JSON", b"y" * 100_000)
    assert [len(str(line["payload"])) for line in lines(path)] == [100_000, 16_384]


def test_no_file_and_a_full_disk_stop_nobody(tmp_path: Path) -> None:
    Quarantine(None).put("t", "json", "not JSON", b"{")
    blocked = tmp_path / "file"
    blocked.write_text("")
    quarantine = Quarantine(blocked / "quarantine.jsonl")
    quarantine.put("t", "json", "not JSON", b"{")
    assert quarantine.counts == {"json": 1}
