"""Talking to a probe for the first time: where it is, whether something answers, how long it takes."""

from __future__ import annotations

import asyncio
import re
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collectors.bus import BusError
from sensors.decode import content
from sensors.endpoint import ACCEPTED, Endpoint, EndpointError, parse_endpoint
from sensors.errors import UsageError
from sensors.profile import Profile, load_profile, load_profiles

_UNIT = re.compile(r"(?P<mark>[?&])unit=(?P<unit>[^&]*)(?P<more>&?)")

#: Modbus unit ids of devices (Modbus over Serial Line V1.02, 2.2).
FIRST_UNIT, LAST_UNIT = 1, 247

#: What an engineer does about each exception (Modbus Application Protocol V1.1b3, 7).
EXCEPTIONS: Mapping[int, str] = {
    1: "it does not know this function: its map uses another one (3 or 4)",
    2: "it has no such register: another model, or another version of the map",
    3: "it does not take this number of registers in one read",
    4: "it has failed inside: look at its display, switch it off and on",
    5: "it works on it and wants to be asked again later",
    6: "it is busy: does another master poll it?",
    8: "it found an error in its memory",
    10: "the gateway has no way to the unit: look at its serial settings",
    11: "the gateway waited for the unit in vain: unit id, wiring A/B, power, baud rate, parity",
}

#: Exceptions by which a gateway tells that nobody is there.
FROM_GATEWAY = frozenset({10, 11})


@dataclass(frozen=True, slots=True)
class Target:
    """A unit on a bus.

    Attributes
    ----------
    endpoint : Endpoint
    unit : int or None
        None where nobody said.
    """

    endpoint: Endpoint
    unit: int | None

    def __str__(self) -> str:
        text = str(self.endpoint)
        return text if self.unit is None else f"{text}{'&' if '?' in text else '?'}unit={self.unit}"


def parse_target(text: str) -> Target:
    """Read an endpoint with a unit id, as a person types it.

    Parameters
    ----------
    text : str
        E.g. ``tcp://10.66.1.11?unit=3`` or ``rtu:///dev/ttyUSB0?baud=9600&unit=3``.

    Raises
    ------
    UsageError
        With what is accepted.

    Examples
    --------
    >>> parse_target("rtu:///dev/ttyUSB0?unit=3&parity=E").unit
    3
    """
    unit = None
    match = _UNIT.search(text)
    rest = text
    if match is not None:
        if not match["unit"].isascii() or not match["unit"].isdigit():
            raise UsageError(f"unit {match['unit']!r} in {text!r}; accepted: a number from {FIRST_UNIT} to {LAST_UNIT}")
        unit = checked_unit(int(match["unit"]))
        rest = text[: match.start()] + (match["mark"] if match["more"] else "") + text[match.end() :]
    try:
        return Target(parse_endpoint(rest), unit)
    except EndpointError as error:
        accepted = ACCEPTED if error.accepted == ACCEPTED else error.accepted
        raise UsageError(f"endpoint: found {error.found}; accepted: {accepted}, then unit=ID") from None


def checked_unit(unit: int) -> int:
    """The unit id, if it is one of a device; raises UsageError."""
    if not FIRST_UNIT <= unit <= LAST_UNIT:
        raise UsageError(f"unit {unit}; accepted: a number from {FIRST_UNIT} to {LAST_UNIT}")
    return unit


def profile_named(name: str) -> Profile:
    """The profile of that id, or of that file where the name ends with ``.toml``.

    Raises
    ------
    UsageError
        With those that resemble it, or all.
    ProfileError
        With every mistake in the file.
    """
    if name.endswith(".toml"):
        if not Path(name).is_file():
            raise UsageError(f"no file {name}; accepted: a profile as docs/profiles.md describes it")
        return load_profile(Path(name))
    profiles = load_profiles()
    if name in profiles:
        return profiles[name]
    near = [known for known in profiles if name.lower() in known or name.lower().split("_")[0] in known]
    raise UsageError(f"no profile {name!r}; accepted: {', '.join(near or profiles)} (riverchief profiles lists them)")


async def check_reach(endpoint: Endpoint) -> None:
    """Find out at once what no retry will mend.

    Raises
    ------
    UsageError
        An unknown host, a serial port that is not there or not ours.
    """
    if endpoint.kind == "rtu":
        path = Path(endpoint.device)
        if not path.exists():
            raise UsageError(f"no serial port {endpoint.device}{_serial_ports()}")
        try:
            with path.open("r+b", buffering=0):
                pass
        except PermissionError:
            raise UsageError(
                f"no permission to use {endpoint.device}: add yourself to its group (sudo usermod -aG dialout $USER) "
                "and log in again"
            ) from None
        except OSError as error:
            raise UsageError(f"{endpoint.device}: {error.strerror}") from None
    elif endpoint.kind in ("tcp", "rtu+tcp"):
        try:
            await asyncio.get_running_loop().getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UsageError(f"no such host {endpoint.host!r} ({error.strerror}); is the name right, is DNS?") from None


def _serial_ports() -> str:
    found = sorted(str(path) for pattern in ("ttyUSB*", "ttyACM*", "ttyAMA*") for path in Path("/dev").glob(pattern))
    return f"; there are {', '.join(found)}" if found else "; is the adapter plugged in? (dmesg | tail)"


#: What an instrument that nobody knows is most likely to answer, if only by refusing: function, address, count.
FIRST_REGISTER = (3, 0, 1)


class Reader(Protocol):
    """What commissioning needs of a bus to look at it; see `collectors.bus.Bus`."""

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        """Ask for registers; raises `BusError`."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How a unit answered.

    Attributes
    ----------
    requests, timeouts, exceptions, broken : int
        Questions; those that nobody answered in time; those that were refused; those whose answer or connection broke.
    min_ms, median_ms, max_ms : float or None
        Round trips over an open connection [ms].
    """

    requests: int
    timeouts: int
    exceptions: int
    broken: int
    min_ms: float | None
    median_ms: float | None
    max_ms: float | None

    def __str__(self) -> str:
        trips = (
            "no round trip"
            if self.median_ms is None
            else f"round trip min {self.min_ms:.1f}, median {self.median_ms:.1f}, max {self.max_ms:.1f} ms"
        )
        return (
            f"{trips}; {self.requests} requests, {self.timeouts} timeouts, {self.exceptions} exceptions, "
            f"{self.broken} broken"
        )


class Line:
    """One unit on a bus; measures how it answers.

    Parameters
    ----------
    bus : Reader
    unit : int
    timeout_s : float
        Longest wait for an answer [s].
    clock : callable
        Seconds that only go forward.

    Attributes
    ----------
    requests, timeouts, exceptions, broken : int
        As in `Timing`.
    trips_ms : list of float
        Round trips over an open connection [ms].
    """

    def __init__(
        self, bus: Reader, unit: int, timeout_s: float, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.bus, self.unit, self.timeout_s = bus, unit, timeout_s
        self._clock = clock
        self.trips_ms: list[float] = []
        self.requests = self.timeouts = self.exceptions = self.broken = 0
        self._open = False

    async def read(self, function: int, address: int, count: int, timeout_s: float | None = None) -> list[int]:
        """Ask; raises `BusError`."""
        self.requests += 1
        start = self._clock()
        try:
            words = await self.bus.read(self.unit, function, address, count, timeout_s or self.timeout_s)
        except BusError as error:
            match error.reason:
                case "exception":
                    self.exceptions += 1
                    self._trip(start)
                case "timeout":
                    self.timeouts += 1
                case _:
                    self.broken += 1
            self._open = error.reason == "exception"
            raise
        self._trip(start)
        return words

    def _trip(self, start: float) -> None:
        # The first question after a break also opens the connection: that is no round trip.
        if self._open:
            self.trips_ms.append(1000 * (self._clock() - start))
        self._open = True

    @property
    def timing(self) -> Timing:
        """How the unit has answered so far."""
        return timing([self])


def timing(lines: Iterable[Line]) -> Timing:
    """How the units of some lines have answered, together."""
    held = list(lines)
    trips = [trip for line in held for trip in line.trips_ms]
    return Timing(
        sum(line.requests for line in held), sum(line.timeouts for line in held),
        sum(line.exceptions for line in held), sum(line.broken for line in held),
        min(trips, default=None), statistics.median(trips) if trips else None, max(trips, default=None),
    )  # fmt: skip


async def identity(line: Line, profile: Profile) -> dict[str, str]:
    """What a unit tells about itself: those extras of its profile that it answers, as texts."""
    found = {}
    for extra in profile.extras:
        try:
            words = await line.read(extra.function, extra.address, extra.width)
        except BusError:
            continue
        raw = content(extra, words)
        text = raw if isinstance(raw, str) else ", ".join(f"{n:g}" for n in (raw if isinstance(raw, tuple) else (raw,)))
        if text:
            found[extra.name] = f"{text} {extra.unit}".rstrip()
    return found


def knocks(profiles: Sequence[Profile]) -> tuple[tuple[int, int, int], ...]:
    """Fewest reads (function, address, count) of which a unit of any of these profiles answers one.

    A unit that refuses what it does not have answers any of them; one that is silent then (``max_gap`` 0) must be asked
    for something that it has. Nothing that acts when it is read is among them.
    """
    found = []
    silent = [profile for profile in profiles if profile.max_gap == 0]
    while silent:
        spans: dict[tuple[int, int, int], list[Profile]] = {}
        for profile in silent:
            for register in (*profile.registers, *profile.extras):
                spans.setdefault((register.function, register.address, register.width), []).append(profile)
        # Of equals, the lowest address: older models answer for their version, but not for settings, which come later.
        best = max(spans, key=lambda span: (len({profile.id for profile in spans[span]}), -span[1]))
        found.append(best)
        held = {profile.id for profile in spans[best]}
        silent = [profile for profile in silent if profile.id not in held]
    return tuple(found) or (FIRST_REGISTER,)
