"""Faults of the virtual fleet on demand: what goes wrong on a wire or in an instrument, with whom, from when to when.

A test adds them one by one to `Faults`; people write them into a file, see `deploy.fleet.fault_file`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

#: Stands for every station, or for every determinand of one.
ALL = "*"


class Mishap(StrEnum):
    """What goes wrong."""

    SILENT = "silent"  # the unit answers nothing
    LATE = "late"  # the answer comes after `delay_s`, most likely when nobody waits for it any more
    WRONG_UNIT = "wrong_unit"  # the answer carries another unit id
    TRUNCATED = "truncated"  # half of the answer comes
    WRONG_CRC = "wrong_crc"  # the sum is wrong; over Modbus TCP, which has none, the transaction id
    EXCEPTION = "exception"  # the unit answers exception `code`
    CLOSED = "closed"  # the connection is closed instead of an answer
    HALF_OPEN = "half_open"  # the connection stays open, and nothing ever comes through it again
    FLAPPING = (
        "flapping"  # `up_s` with power, `down_s` without, and so on; without, it also forgets that it was started
    )
    NAN = "nan"  # a value that is not a number, the status registers content with it
    ABSENT = "absent"  # a head is missing: told as the instrument tells it
    STUCK = "stuck"  # the value at the beginning again and again
    DRIFT = "drift"  # the value leaves the truth in a straight line: by `size` of it after `over_s`
    SPIKE = "spike"  # the value is off by `size` of it


#: Kinds that befall the values of an instrument; all others befall its answers.
VALUE_KINDS = frozenset({Mishap.NAN, Mishap.ABSENT, Mishap.STUCK, Mishap.DRIFT, Mishap.SPIKE})


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """One fault that is on from one instant to another.

    Attributes
    ----------
    kind : Mishap
    station : str
        Station id, or `ALL`.
    determinand : str
        Key, or `ALL`; for `VALUE_KINDS`.
    start_ms, end_ms : float
        Milliseconds since the epoch, UTC; end exclusive; infinite where it does not matter.
    probability : float
        Share of answers (of measurements) that are befallen.
    delay_s : float
        For ``late`` [s].
    code : int
        For ``exception``.
    up_s, down_s : float
        For ``flapping`` [s].
    size : float
        For ``drift`` and ``spike``: share of the true value that is added [1].
    over_s : float
        For ``drift``: time after which `size` is reached [s]; it goes on from there.
    """

    kind: Mishap
    station: str = ALL
    determinand: str = ALL
    start_ms: float = -math.inf
    end_ms: float = math.inf
    probability: float = 1.0
    delay_s: float = 2.0
    code: int = 4
    up_s: float = 60.0
    down_s: float = 60.0
    size: float = 0.5
    over_s: float = 3600.0

    def on(self, station: str, now_ms: float) -> bool:
        """Whether it befalls a station at an instant, its probability aside."""
        if self.station not in (ALL, station) or not self.start_ms <= now_ms < self.end_ms:
            return False
        if self.kind is not Mishap.FLAPPING:
            return True
        since_s = (now_ms - self.start_ms if math.isfinite(self.start_ms) else now_ms) / 1000
        return since_s % (self.up_s + self.down_s) >= self.up_s

    def befalls(self, determinand: str) -> bool:
        """Whether it is about a determinand."""
        return self.determinand in (ALL, determinand)


class Faults:
    """The faults of one fleet; they may change while it runs.

    Parameters
    ----------
    faults : iterable of InjectedFault
    seed : int
        Of the draws that a probability below 1 takes.

    Examples
    --------
    >>> faults = Faults()
    >>> with faults.injected(Mishap.SILENT, "xt-01"):
    ...     faults.wire("xt-01", 0).kind, faults.wire("xt-02", 0)
    (<Mishap.SILENT: 'silent'>, None)
    >>> faults.wire("xt-01", 0)
    """

    def __init__(self, faults: Iterable[InjectedFault] = (), seed: int = 1) -> None:
        self._faults = list(faults)
        self._random = random.Random(seed)

    def add(self, fault: InjectedFault) -> InjectedFault:
        """Let a fault begin; give it to `remove` to end it."""
        self._faults.append(fault)
        return fault

    def remove(self, fault: InjectedFault) -> None:
        """End a fault."""
        self._faults.remove(fault)

    def replace(self, faults: Iterable[InjectedFault]) -> None:
        """Have these faults and no others."""
        self._faults = list(faults)

    @contextmanager
    def injected(
        self, kind: Mishap, station: str = ALL, determinand: str = ALL, **settings: float
    ) -> Iterator[InjectedFault]:
        """Have a fault for as long as a block runs; `settings` are further attributes of `InjectedFault`."""
        fault = self.add(InjectedFault(kind, station, determinand, **settings))  # type: ignore[arg-type]
        try:
            yield fault
        finally:
            self.remove(fault)

    def __iter__(self) -> Iterator[InjectedFault]:
        return iter(tuple(self._faults))

    def wire(self, station: str, now_ms: float) -> InjectedFault | None:
        """What befalls the next answer of a station: the first fault that is on and drawn."""
        for fault in self._faults:
            if fault.kind not in VALUE_KINDS and fault.on(station, now_ms) and self._drawn(fault):
                return fault
        return None

    def values(self, station: str, now_ms: float) -> list[InjectedFault]:
        """What befalls the next measurement of a station."""
        return [
            fault
            for fault in self._faults
            if fault.kind in VALUE_KINDS and fault.on(station, now_ms) and self._drawn(fault)
        ]

    def _drawn(self, fault: InjectedFault) -> bool:
        return fault.probability >= 1 or self._random.random() < fault.probability
