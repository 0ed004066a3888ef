from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors import wire
from collectors.quarantine import Quarantine, entries
from collectors.stores import open_store
from collectors.wire import Batch
from collectors.wire_columns import parse_columns
from deploy.store.quarantine_command import command
from deploy.store.quarantine_feed import FEEDER, held_in
from sensors.errors import UsageError
from sensors.reading import Observation, Quality

ROOT = Path(__file__).resolve().parents[3]
SITE = ROOT / "deploy" / "sites" / "xietang"
NOW = 1_790_000_000_000
HOUR = 3_600_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A quarantine as a hub leaves it: a clock eight hours fast, a stranger's station, and what is no JSON."""
    monkeypatch.setattr("collectors.clock.machine_ms", lambda: NOW)
    monkeypatch.setattr("collectors.clock.clock_from", lambda _: lambda: NOW)
    rows = [
        Observation("S01", NOW + 8 * HOUR, {"ph": (7.5, Quality.NOT_EVALUATED), "turbidity": (None, Quality.MISSING)}),
        Observation("S02", NOW, {"ph": (7.0, Quality.NOT_EVALUATED)}),
        Observation("S99", NOW - 1, {"ph": (7.9, Quality.NOT_EVALUATED)}),
    ]
    raw = wire.encode_batch(Batch("gw-01", "0123abcd", 0, 0, 3, tuple(enumerate(rows, 1))))
    batch = parse_columns(raw, "gw-01", NOW, stations={"S01", "S02"})
    quarantine = Quarantine(tmp_path / "quarantine.jsonl", now_ms=lambda: NOW)
    quarantine.put("rc1/xietang/0/gw-02/obs", "json", "json: not JSON", b"{")
    for refusal in batch.refused:
        quarantine.put("rc1/xietang/0/gw-01/obs", refusal.reason, refusal.detail, refusal.payload, whole=True)
    quarantine.flush()
    return tmp_path


def call(*words: object) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def ids(folder: Path) -> dict[str, str]:
    return {entry.reason: entry.id for entry in entries([folder / "quarantine.jsonl"])}


def test_what_is_held_is_listed_and_counted(folder: Path) -> None:
    shown = call("list", folder)
    assert f"{ids(folder)['future']}  2026-09-21 14:13:20Z  held    gw-01: S01" in shown
    assert "      1 held   station      gw-01" in shown
    assert "      1 sender json         gw-02" in shown
    assert call("list", folder, "--reason", "station").count("\n") == 2
    assert call("list", folder, "--gateway", "gw-09") == "Nothing is held.\n"


def test_an_entry_is_shown_whole(folder: Path) -> None:
    shown = call("show", folder, ids(folder)["future"])
    payload = json.loads(shown.split("\n")[2])
    assert (payload["station"], payload["values"]["ph"]) == ("S01", [7.5])
    with pytest.raises(UsageError, match="nothing-like-it"):
        call("show", folder, "nothing-like-it")


def test_a_clock_that_was_fast_is_set_right_and_its_readings_are_fed(folder: Path) -> None:
    url = f"sqlite:///{folder / 'store.sqlite'}"
    words = ("feed", folder, "--site", SITE, "--store", url)
    assert "0 readings of 0 entries stored; 1 entries are held still" in call(*words, "--reason", "future")
    shown = call(*words, "--reason", "future", "--shift", -8 * 3600)
    assert shown == "2 readings of 1 entries stored; 0 entries are held still\n"
    store = open_store(url)
    try:
        assert list(store.range("S01", ["ph", "turbidity"], 0, NOW + 1).value) == [7.5, None]
        assert list(store.watermarks()) == [FEEDER]
    finally:
        store.close()
    assert [held.state for held in held_in(folder)] == ["sender", "fed", "held"]
    assert "0 readings of 0 entries" in call(*words, "--reason", "future"), "not twice"


def test_a_station_that_the_site_still_lacks_stays(folder: Path) -> None:
    shown = call("feed", folder, "--site", SITE, "--store", f"sqlite:///{folder / 'store.sqlite'}", "--all")
    assert "S99" in shown
    assert "2 entries are held still" in shown
    assert [held.state for held in held_in(folder)] == ["sender", "held", "held"]
    with pytest.raises(UsageError, match="--all"):
        call("feed", folder, "--site", SITE, "--store", "sqlite:////nowhere")


def test_what_was_rotated_away_is_forgotten(folder: Path) -> None:
    url = f"sqlite:///{folder / 'store.sqlite'}"
    marks = folder / "quarantine.jsonl.fed"
    marks.write_text("gone\n")
    call("feed", folder, ids(folder)["future"], "--site", SITE, "--store", url, "--shift", -8 * 3600)
    assert marks.read_text().split() == [ids(folder)["future"]]
