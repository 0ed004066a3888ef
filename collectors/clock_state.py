"""Whether the machine's clock can be believed: what the kernel says of its synchronisation, and jumps that were seen.

A box without a battery clock starts in the past, takes readings, and is set right minutes later. What was taken
meanwhile is true and its time is not; it is marked, not thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from collectors.clock import Now, clock_synchronised

#: The wall clock may drift this far from the monotonic one between two looks before it has jumped [ms].
JUMP_MS = 2_000

#: Times are doubted for this long after a jump [s].
DOUBT_S = 60.0


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is known of the clock.

    Attributes
    ----------
    synchronised : bool
        Whether its times can be believed now.
    source : str
        ``kernel`` (an NTP client keeps it), ``none`` (one runs and has not set it yet), ``unknown`` (nobody can tell),
        ``hub`` (the hub has the same clock) or ``simulated``.
    jumps : int
        How often it was seen to jump.
    jump_ms : int
        How far the last time, positive where it went ahead [ms].
    """

    synchronised: bool
    source: str
    jumps: int = 0
    jump_ms: int = 0


class ClockWatch:
    """Looks at the clock each time somebody asks for it.

    Parameters
    ----------
    now_ms : callable
        The clock [ms since the epoch, UTC].
    source : str
        ``kernel``: ask the kernel. ``hub`` or ``simulated``: that is known, only jumps count.
    monotonic_s : callable
        A clock that does not jump [s].
    kernel : callable
        See `collectors.clock.clock_synchronised`.
    """

    def __init__(
        self,
        now_ms: Now,
        source: str = "kernel",
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
        kernel: Callable[[], bool | None] = clock_synchronised,
    ) -> None:
        self._now_ms, self._monotonic_s, self._kernel, self._source = now_ms, monotonic_s, kernel, source
        self._last = now_ms(), monotonic_s()
        self._jumps = self._jump_ms = 0
        self._doubt_until_s = -1.0

    def __call__(self) -> bool:
        """Whether the clock's times can be believed now."""
        return self.state().synchronised

    def state(self) -> ClockState:
        """What is known of the clock now."""
        now = self._now_ms(), self._monotonic_s()
        jump_ms = round(now[0] - self._last[0] - (now[1] - self._last[1]) * 1000)
        self._last = now
        if self._source == "simulated":
            return ClockState(True, "simulated")
        if abs(jump_ms) > JUMP_MS:
            self._jumps, self._jump_ms, self._doubt_until_s = self._jumps + 1, jump_ms, now[1] + DOUBT_S
        told = True if self._source == "hub" else self._kernel()
        source = self._source if self._source == "hub" else {True: "kernel", False: "none", None: "unknown"}[told]
        # What the kernel does not tell is no reason to doubt every reading.
        return ClockState(told is not False and now[1] >= self._doubt_until_s, source, self._jumps, self._jump_ms)
