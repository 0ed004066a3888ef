"""The machine's clock and a record's."""

import pytest

from collectors import clock as clock_module
from collectors.clock import ReplayClock, clock_from, clock_synchronised, machine_ms
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


@pytest.mark.parametrize(
    ("answer", "service", "known"),
    [(0, True, True), (0, False, True), (5, True, False), (5, False, None), (-1, True, None), (None, True, None)],
)
def test_a_clock_is_only_doubted_where_somebody_could_keep_it(monkeypatch, tmp_path, answer, service, known) -> None:
    ask = None if answer is None else (lambda timex: answer)
    monkeypatch.setattr(clock_module, "_adjtimex", lambda: ask)
    place = tmp_path / "chrony"
    if service:
        place.mkdir()
    assert clock_synchronised((tmp_path / "timesync", place)) is known


def test_the_kernel_is_not_asked_for_every_poll(monkeypatch, tmp_path) -> None:
    asked = []
    monkeypatch.setattr(clock_module, "_kernel_keeps", lambda: asked.append(1) or True)
    services = (tmp_path,)
    assert {clock_synchronised(services) for _ in range(1000)} == {True}
    assert 1 <= len(asked) < 10


def test_this_machine_s_kernel_can_be_asked() -> None:
    answer = clock_module._kernel_keeps()
    assert answer is None or isinstance(answer, bool)
