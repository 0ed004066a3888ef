"""Who is on a bus: every unit id is asked for little, with little patience."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collectors.bus import BusError
from deploy.commissioning.noise import remarks as noise_remarks
from deploy.commissioning.probing import (
    EXCEPTIONS,
    FIRST_REGISTER,
    FIRST_UNIT,
    FROM_GATEWAY,
    LAST_UNIT,
    Line,
    Reader,
    Timing,
    knocks,
)
from sensors.endpoint import Endpoint
from sensors.errors import UsageError
from sensors.profile import load_profiles

#: Bits on the wire per byte: start, eight, parity, stop.
_BITS = 11

#: Longest question and answer of a knock [bytes].
_KNOCK_BYTES = 8 + 9

#: What an instrument takes to think about an answer [s], on a network and on a serial line.
NETWORK_S, SERIAL_S = 0.25, 0.15


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that is there.

    Attributes
    ----------
    unit : int
    how : str
        What it answered.
    exception : int or None
        The exception that it answered.
    trip_ms : float
        Round trip, with opening the connection where it had to be [ms].
    """

    unit: int
    how: str
    exception: int | None
    trip_ms: float


@dataclass(frozen=True, slots=True)
class Scan:
    """A bus that was looked at.

    Attributes
    ----------
    endpoint : str
    asked : int
        Unit ids that were asked.
    timeout_s : float
    found : tuple of Found
    remarks : tuple of str
    timing : Timing
    """

    endpoint: str
    asked: int
    timeout_s: float
    found: tuple[Found, ...]
    remarks: tuple[str, ...]
    timing: Timing


def parse_units(text: str) -> tuple[int, ...]:
    """Unit ids such as ``1-20,31``, in their order, each once.

    Raises
    ------
    UsageError

    Examples
    --------
    >>> parse_units("3,1-2")
    (3, 1, 2)
    """
    units: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not FIRST_UNIT <= first <= last <= LAST_UNIT:
            raise UsageError(f"units {part!r}; accepted: {FIRST_UNIT} to {LAST_UNIT}, such as 1-20,31")
        units |= dict.fromkeys(range(first, last + 1))
    return tuple(units)


def patience(endpoint: Endpoint) -> float:
    """How long a unit of such a bus may take to answer a knock [s]."""
    if endpoint.kind == "rtu":
        return SERIAL_S + _KNOCK_BYTES * _BITS / endpoint.baud
    # Behind a serial server the line is most likely one of 9600 Bd.
    return NETWORK_S + (_KNOCK_BYTES * _BITS / 9600 if endpoint.rtu else 0)


def asked(thorough: bool) -> tuple[tuple[int, int, int], ...]:
    """What a unit is asked until it answers: function, address, count."""
    found = knocks(list(load_profiles().values()))
    return (*found, FIRST_REGISTER) if thorough else found


async def scan(
    bus: Reader,
    endpoint: Endpoint,
    units: Sequence[int],
    timeout_s: float,
    clock: Callable[[], float],
    told: Callable[[int, Found | None], None],
    *,
    thorough: bool = False,
) -> Scan:
    """Ask every unit; a unit is there when it gives words or refuses by itself.

    Parameters
    ----------
    bus : Reader
    endpoint : Endpoint
    units : sequence of int
    timeout_s : float
        Longest wait for one answer [s].
    clock : callable
        Seconds that only go forward.
    told : callable
        Called after each unit.
    thorough : bool
        Ask whoever is silent for register 0 as well: an instrument that no profile knows may answer nothing else.

    Raises
    ------
    BusError
        Where the bus itself cannot be reached.
    """
    found: list[Found] = []
    remarks: set[str] = set()
    noisy: dict[int, BusError] = {}
    line = Line(bus, 0, timeout_s, clock)
    for line.unit in units:
        there = await _knock(line, asked(thorough), remarks, noisy, clock)
        if there is not None:
            found.append(there)
        told(line.unit, there)
    if len(found) == len(units) > 3:
        remarks.add("every unit id answers: most likely one instrument that does not look at the unit id, or a gateway")
    told_too = (*sorted(remarks), *noise_remarks(noisy, endpoint))
    return Scan(str(endpoint), len(units), timeout_s, tuple(found), told_too, line.timing)


async def _knock(
    line: Line,
    asking: Sequence[tuple[int, int, int]],
    remarks: set[str],
    noisy: dict[int, BusError],
    clock: Callable[[], float],
) -> Found | None:
    for function, address, count in asking:
        start = clock()
        try:
            words = await line.read(function, address, count)
        except BusError as error:
            code = error.exception_code
            if not error.connected:
                raise
            if code in FROM_GATEWAY and code is not None:
                remarks.add(f"a gateway answers for units that are not there (exception {code}: {EXCEPTIONS[code]})")
                return None
            if code is not None:
                noisy.pop(line.unit, None)
                return Found(line.unit, f"exception {code}", code, 1000 * (clock() - start))
            if error.heard or error.reason in ("wrong answer", "closed"):
                noisy[line.unit] = error
            continue
        noisy.pop(line.unit, None)
        told = " ".join(f"{word:04X}" for word in words)
        return Found(line.unit, f"register {function}:{address} holds {told}", None, 1000 * (clock() - start))
    return None
