"""What time it is: the machine's clock, or a replay's clock that runs faster and stops at the end of the record."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sensors.errors import UsageError

Now = Callable[[], int]


@dataclass(frozen=True, slots=True)
class ReplayClock:
    """Maps the machine's time to the time of a record that is played.

    Attributes
    ----------
    real0_ms, start_ms : int
        The instant of the machine's clock at which the record's `start_ms` is played [ms since the epoch, UTC].
    end_ms : int
        The record's clock stops here.
    speed : float
        Seconds of the record per second of the machine.
    """

    real0_ms: int
    start_ms: int
    end_ms: int
    speed: float

    def __call__(self) -> int:
        """The record's time now [ms since the epoch, UTC]."""
        played = round((machine_ms() - self.real0_ms) * self.speed)
        return min(max(self.start_ms + played, self.start_ms), self.end_ms)

    def to_json(self) -> str:
        """Text form, for the environment of the services."""
        return json.dumps(asdict(self))


def machine_ms() -> int:
    """The machine's clock [ms since the epoch, UTC]."""
    return time.time_ns() // 1_000_000


def clock_from(text: str | None) -> Now:
    """The clock that a text form describes; the machine's where there is none.

    Raises
    ------
    UsageError
        If the text is not the form that `ReplayClock.to_json` writes.
    """
    if not text:
        return machine_ms
    try:
        return ReplayClock(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise UsageError(f"clock {text!r}: {error}; accepted: {{real0_ms, start_ms, end_ms, speed}}") from None
