"""What a person orders an instrument to do: one write that its profile declares, and what it left behind."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Literal

from collectors.bus import BusError
from collectors.clock import Now
from collectors.unit import Reader, act
from sensors.errors import UsageError
from sensors.place import Station
from sensors.profile import Command, Profile
from sensors.raw import LAYOUTS, LETTERS, Raw, read


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command; for the audit trail.

    Attributes
    ----------
    station, command : str
    kind : {'action', 'setting', 'calibration'}
    address : int
        Zero-based, on the wire.
    wrote : tuple of int
        Words that were written, or would be.
    before, after : number or None
        Content of the register before and after; None where it cannot be read.
    ok : bool
        The instrument took it, and the register has the value where it can be read back.
    reason : str
        Why not; empty where it is.
    time_ms : int
        Of the write [ms since the epoch, UTC].
    """

    station: str
    command: str
    kind: Literal["action", "setting", "calibration"]
    address: int
    wrote: tuple[int, ...]
    before: Raw | None
    after: Raw | None
    ok: bool
    reason: str
    time_ms: int


def command_of(profile: Profile, name: str, value: float | None) -> tuple[Command, tuple[int, ...]]:
    """A command of a profile and the words that it writes.

    Raises
    ------
    UsageError
        If the profile has no such command, or it does not take that value.
    """
    try:
        command = profile.command(name)
    except KeyError:
        names = ", ".join(command.name for command in profile.commands) or "none"
        raise UsageError(f"{profile.id} has no command {name}; accepted: {names}") from None
    if command.kind == "action":
        if value is not None:
            raise UsageError(f"{name} takes no value, found {value:g}")
        return command, command.values
    if value is None or not command.accepts(value):
        raise UsageError(f"{name}: found {value}; accepted: {command.accepted}")
    return command, words_of(command, value)


def words_of(command: Command, value: float) -> tuple[int, ...]:
    """Registers that carry a value.

    Raises
    ------
    UsageError
        If they cannot.
    """
    endian, swaps = LAYOUTS[command.order]
    letter = LETTERS[command.type]
    try:
        data = struct.pack(endian + letter, value if letter in "fd" else _whole(value))
    except (struct.error, OverflowError, ValueError):
        raise UsageError(f"{command.name}: {value:g} does not fit into a {command.type}") from None
    return struct.unpack(f"{'<' if swaps else '>'}{command.width}H", data)


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(value)
    return int(value)


async def look(bus: Reader, station: Station, profile: Profile, name: str, value: float | None, now_ms: Now) -> Outcome:
    """What a command would write, and what is there now; writes nothing.

    Raises
    ------
    UsageError
    """
    command, words = command_of(profile, name, value)
    found = Outcome(station.id, name, command.kind, command.address, words, None, None, True, "", now_ms())
    if not command.read_back:
        return found
    try:
        return replace(found, before=await _content(bus, station, profile, command))
    except BusError as error:
        return replace(found, ok=False, reason=str(error))


async def execute(
    bus: Reader, station: Station, profile: Profile, name: str, value: float | None, now_ms: Now
) -> Outcome:
    """Do it, and read back what it left.

    Raises
    ------
    UsageError
    """
    found = await look(bus, station, profile, name, value, now_ms)
    if not found.ok:
        return found
    command = profile.command(name)
    try:
        found = replace(found, time_ms=now_ms(), ok=False)
        await act(bus, station.unit, replace(command, values=found.wrote), profile.timeout_s)
    except BusError as error:
        return replace(found, reason=str(error))
    if not command.read_back:
        return replace(found, ok=True)
    try:
        after = await _content(bus, station, profile, command)
    except BusError as error:
        return replace(found, reason=f"written, but not read back: {error}")
    meant = read(command.register, found.wrote)
    if after != meant:
        return replace(found, after=after, reason=f"written was {meant}, read back is {after}")
    return replace(found, after=after, ok=True)


async def _content(bus: Reader, station: Station, profile: Profile, command: Command) -> Raw:
    register = command.register
    return read(
        register,
        await bus.read(station.unit, register.function, register.address, register.width, profile.timeout_s),
    )
