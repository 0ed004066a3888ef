from __future__ import annotations

import pytest

from collectors.clock_state import DOUBT_S, JUMP_MS, ClockWatch


class Clocks:
    def __init__(self) -> None:
        self.wall_ms, self.mono_s, self.told = 1_790_000_000_000, 5.0, True

    def tick(self, seconds: float, jump_ms: int = 0) -> None:
        self.wall_ms += round(seconds * 1000) + jump_ms
        self.mono_s += seconds

    def watch(self, source: str = "kernel") -> ClockWatch:
        return ClockWatch(lambda: self.wall_ms, source, monotonic_s=lambda: self.mono_s, kernel=lambda: self.told)


def test_the_kernel_has_the_first_word() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    assert (watch(), watch.state().source) == (True, "kernel")
    clocks.told = False
    assert (watch(), watch.state().source) == (False, "none")


def test_a_kernel_that_does_not_tell_is_no_reason_to_doubt() -> None:
    clocks = Clocks()
    clocks.told = None  # type: ignore[assignment]
    assert clocks.watch().state() == (state := clocks.watch().state())
    assert (state.synchronised, state.source) == (True, "unknown")


@pytest.mark.parametrize("jump_ms", [JUMP_MS + 1, -JUMP_MS - 1, 10**12])
@pytest.mark.parametrize("source", ["kernel", "hub"])
def test_after_a_jump_times_are_doubted_for_a_while(jump_ms: int, source: str) -> None:
    clocks = Clocks()
    watch = clocks.watch(source)
    clocks.tick(3600, jump_ms)
    assert not watch()
    assert (watch.state().jumps, watch.state().jump_ms) == (1, jump_ms)
    clocks.tick(DOUBT_S - 0.1)
    assert not watch()
    clocks.tick(0.1)
    assert watch()
    assert watch.state().jumps == 1


def test_a_clock_that_is_drawn_in_slowly_does_not_jump() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    for _ in range(100):
        clocks.tick(60, JUMP_MS)
        assert watch()


def test_a_simulated_clock_runs_as_it_likes() -> None:
    clocks = Clocks()
    watch = clocks.watch("simulated")
    clocks.told = False
    clocks.tick(1, 10**9)
    assert watch()
    assert watch.state().jumps == 0


def test_the_hub_s_own_clock_needs_no_kernel() -> None:
    clocks = Clocks()
    clocks.told = False
    assert (clocks.watch("hub")(), clocks.watch("hub").state().source) == (True, "hub")
