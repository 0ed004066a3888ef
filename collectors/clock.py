"""What time it is: the machine's clock and who keeps it right, or a replay's clock that stops with its record."""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from sensors.errors import UsageError

Now = Callable[[], int]

#: Return value of adjtimex(2) while the clock is not synchronised.
_TIME_ERROR = 5

#: Larger than ``struct timex`` on every machine [bytes].
_TIMEX_BYTES = 512

#: The kernel is asked this often [s]: polls come much closer together than its answer changes.
_ASKED_S = 1.0

#: What there is while a time service runs: systemd-timesyncd, chrony, ntpd, OpenNTPD, ptp4l.
TIME_SERVICES = tuple(
    map(Path, ("/run/systemd/timesync", "/run/chrony", "/run/ntpd.pid", "/run/ntpd.sock", "/run/ptp4l"))
)


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


def clock_synchronised(services: Sequence[Path] = TIME_SERVICES) -> bool | None:
    """Whether somebody keeps the machine's clock right.

    Returns
    -------
    bool or None
        True where the kernel says that its clock is kept. False where it is not although a time service runs here: a
        box without a battery clock that has just started, for example. None where that cannot be known: the kernel may
        not be asked, or says no and there is no time service, as in a container or a virtual machine whose host keeps
        the time without telling. None is no reason to doubt every reading.

    Notes
    -----
    The kernel's answer is adjtimex(2); any NTP client that has set the clock clears STA_UNSYNC.
    """
    global _told
    asked_s = time.monotonic()
    if _told is None or _told[:1] != (services,) or asked_s - _told[1] >= _ASKED_S:
        kept = _kernel_keeps()
        if kept is False and not any(service.exists() for service in services):
            kept = None
        _told = services, asked_s, kept
    return _told[2]


_told: tuple[Sequence[Path], float, bool | None] | None = None


def _kernel_keeps() -> bool | None:
    """What the kernel says; None where it may not be asked, or does not know the question."""
    ask = _adjtimex()
    answer = -1 if ask is None else ask(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if answer < 0 else bool(answer != _TIME_ERROR)


@cache
def _adjtimex() -> Callable[[ctypes.Array[ctypes.c_char]], int] | None:
    try:
        return ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
