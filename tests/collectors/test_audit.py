from __future__ import annotations

import json
from pathlib import Path

import pytest

from collectors.audit import Audit
from collectors.wire_care import Answer, Command
from sensors.errors import StoreError

NOW = 1_790_000_000_000
COMMAND = Command("a" * 16, "clean", NOW, NOW + 1000, "S1", by="x@y")
ANSWER = Answer("a" * 16, "clean", "done", NOW, "S1", "", "", {"ok": True})


def test_what_was_done_is_known_to_the_next_process(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "a.jsonl")
    assert (audit.begun(COMMAND.id), audit.answer(COMMAND.id)) == (False, None)
    audit.begin(COMMAND, NOW)
    assert Audit(audit.path).begun(COMMAND.id)
    assert Audit(audit.path).answer(COMMAND.id) is None
    audit.end(COMMAND, ANSWER)
    again = Audit(audit.path)
    assert (again.begun(COMMAND.id), again.answer(COMMAND.id)) == (True, ANSWER)
    assert audit.path.stat().st_mode & 0o777 == 0o600


def test_lines_are_only_ever_added(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "a.jsonl")
    audit.begin(COMMAND, NOW)
    before = audit.path.read_bytes()
    audit.note("slice taken", NOW, hash="0")
    audit = Audit(audit.path)
    audit.end(COMMAND, ANSWER)
    assert audit.path.read_bytes().startswith(before)
    lines = [json.loads(line) for line in audit.path.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["begun", "slice taken", "answered"]
    assert lines[0]["command"]["by"] == "x@y"


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "a.jsonl")
    audit.begin(COMMAND, NOW)
    with audit.path.open("ab") as file:
        file.write(b'{"event": "answ')
    again = Audit(audit.path)
    again.end(COMMAND, ANSWER)
    assert Audit(audit.path).answer(COMMAND.id) == ANSWER


@pytest.mark.parametrize("line", ["[]", '{"event": "begun"}', '{"event": "begun", "command": 7}', "\xff"])
def test_lines_that_say_nothing(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_bytes(line.encode("latin-1") + b"\n")
    assert not Audit(tmp_path / "a.jsonl").begun(COMMAND.id)


def test_a_file_that_is_full_is_put_aside_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    audit = Audit(tmp_path / "a.jsonl")
    audit.begin(COMMAND, NOW)
    text = audit.path.read_bytes()
    monkeypatch.setattr("collectors.audit.FULL_BYTES", 10)
    again = Audit(audit.path)
    assert again.begun(COMMAND.id)
    assert (tmp_path / "a.jsonl.1").read_bytes() == text
    again.note("x", NOW)
    Audit(audit.path)
    assert (tmp_path / "a.jsonl.2").exists()
    assert (tmp_path / "a.jsonl.1").read_bytes() == text


def test_a_disk_that_takes_nothing(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "a.jsonl")
    audit.path.mkdir()
    with pytest.raises(StoreError, match="audit"):
        audit.begin(COMMAND, NOW)
    assert not audit.begun(COMMAND.id)
    with pytest.raises(StoreError):
        Audit(tmp_path / "a.jsonl")
