"""The machine's clock and a record's."""

import pytest

from collectors.clock import ReplayClock, clock_from, machine_ms
from sensors.errors import UsageError


def test_a_record_s_clock_runs_faster_waits_and_stops(monkeypatch) -> None:
    now = [1_000]
    monkeypatch.setattr("collectors.clock.machine_ms", lambda: now[0])
    clock = ReplayClock(real0_ms=2_000, start_ms=50_000, end_ms=90_000, speed=10.0)
    assert clock() == 50_000
    now[0] = 3_000
    assert clock() == 60_000
    now[0] = 1_000_000
    assert clock() == 90_000


def test_a_clock_survives_its_text() -> None:
    clock = ReplayClock(machine_ms() - 1_000, 5, 500_000, 2.5)
    assert clock_from(clock.to_json()) == clock
    assert clock_from(None) is machine_ms
    assert clock_from("") is machine_ms


@pytest.mark.parametrize("text", ["soon", "[1]", '{"speed": 2}'])
def test_a_text_that_is_no_clock_is_refused(text) -> None:
    with pytest.raises(UsageError, match=r"accepted: \{real0_ms, start_ms, end_ms, speed\}"):
        clock_from(text)
