"""Lines for people, for machines and for journald: what they are about, and no secrets."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import structured_log
from deploy.structured_log import about, configure, formatter, hidden, hide, know
from sensors.errors import UsageError


@pytest.fixture(autouse=True, scope="module")
def _names() -> Iterator[None]:
    know(["gw-01", "gw-02"], ["S01"])
    yield
    know([], [])


def record(message: str, *args: object, name: str = "deploy.hub.hub", level: int = logging.INFO, **extra: Any) -> Any:
    made = logging.LogRecord(name, level, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def told(made: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(formatter("json").format(made))
    return found


def test_a_line_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RIVERCHIEF_SERVICE", raising=False)
    monkeypatch.setattr(sys, "argv", ["riverchief", "hub", "SITE"])
    found = told(record("%s sends\nstation %s", "gw-02", "S01", level=logging.WARNING))
    assert found["time"].endswith("Z")
    assert {key: value for key, value in found.items() if key != "time"} == {
        "level": "warning", "priority": 4, "service": "hub", "logger": "deploy.hub.hub", "gateway": "gw-02",
        "station": "S01", "message": "gw-02 sends\nstation S01",
    }  # fmt: skip
    monkeypatch.setenv("RIVERCHIEF_SERVICE", "gateways")
    assert told(record("x"))["service"] == "gateways"
    assert "\n" not in formatter("json").format(record("a\nb\u2028c"))
    assert told(record("a\u2028b\x85"))["message"] == "a\u2028b\x85"


@pytest.mark.parametrize(
    ("message", "args", "sequence"),
    [
        ("%s: watermark stands at %d for %.0f s; sending again", ("gw-01", 120, 10.0), 120),
        ("%s: batch after %d came early, stored up to %d", ("gw-01", 7, 3), 7),
        ("%s: row %d cannot be read and is left out: %.200r", (Path("/var/gw-01.spool"), 9, "x"), 9),
    ],
)
def test_rows_of_the_delivery_are_told_by_their_number(message: str, args: tuple[object, ...], sequence: int) -> None:
    found = told(record(message, *args, name="collectors.uplink"))
    assert (found["gateway"], found["sequence"]) == ("gw-01", sequence)
    # Elsewhere a number after "at" may be anything.
    assert "sequence" not in told(record(message, *args, name="deploy.local.virtual"))


def test_what_a_line_is_about_can_be_said() -> None:
    with about(gateway="gw-02", sequence=4):
        with about(station="S01"):
            inner = told(record("x"))
        assert told(record("x", sequence=5))["sequence"] == 5
    assert (inner["gateway"], inner["station"], inner["sequence"]) == ("gw-02", "S01", 4)
    assert "gateway" not in told(record("x"))
    # Another's words are no field: only names that are known.
    assert "gateway" not in told(record("%s came", "gw-99"))


def test_a_trace_is_in_the_object() -> None:
    try:
        raise ValueError("token=abcdefgh")
    except ValueError:
        made = logging.LogRecord("x", logging.ERROR, __file__, 1, "broke", (), sys.exc_info())
    found = told(made)
    assert found["trace"].startswith("Traceback")
    assert "abcdefgh" not in found["trace"]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://ann:hunter22@db/books", "postgresql://ann:(secret)@db/books"),
        ("https://x/send?access_token=8f9a0b1c&y=1", "https://x/send?access_token=(secret)&y=1"),
        ('{"password": "hunter22"}', '{"password": "(secret)"}'),
        ("Authorization: Bearer eyJhbGciOi", "Authorization: Bearer (secret)"),
        ("Authorization: Token abcdef", "Authorization: Token (secret)"),
        ("mqtt://broker:1883 is there", "mqtt://broker:1883 is there"),
        ("the key of gw-01 is due", "the key of gw-01 is due"),
    ],
)
def test_secrets_are_hidden(text: str, kept: str) -> None:
    assert hidden(text) == kept


def test_what_is_known_to_be_secret_is_hidden_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structured_log, "_secrets", set())
    hide("s3cr3t-of-the-bot", "abc", "")
    assert hidden("sent s3cr3t-of-the-bot and abc") == "sent (secret) and abc"
    assert told(record("sent %s", "s3cr3t-of-the-bot"))["message"] == "sent (secret)"


def test_journald_gets_priorities_and_no_time() -> None:
    lines = formatter("text", journal=True).format(record("a\nb", level=logging.ERROR)).splitlines()
    assert lines == ["<3>ERROR deploy.hub.hub: a", "<3>b"]
    assert formatter("json", journal=True).format(record("a", level=logging.DEBUG)).startswith('<7>{"time"')
    assert formatter("text").format(record("a")).endswith("INFO deploy.hub.hub: a")


def test_the_stream_that_journald_reads_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        there = (tmp_path / "out").stat()
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:{there.st_ino}")
        assert structured_log._is_journal(file)
        monkeypatch.setenv("JOURNAL_STREAM", f"{there.st_dev}:1")
        assert not structured_log._is_journal(file)
    assert not structured_log._is_journal(io.StringIO())


def test_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIVERCHIEF_LOG", "xml")
    with pytest.raises(UsageError, match="RIVERCHIEF_LOG: found 'xml'; accepted: text, json"):
        configure()
