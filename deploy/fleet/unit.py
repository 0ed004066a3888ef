"""One virtual Modbus unit: an instrument behind the register map of its profile, as a request meets it."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from collectors.clock import Now
from deploy.fleet.faults import Faults, InjectedFault, Mishap
from sensors.profile import SPACES, Action, Command, Guarded, Profile, Register, Start
from sensors.raw import Raw, read
from sensors.reading import StationState
from sensors.simulate.encode import Image, encode, encode_extras

#: An instrument measures about once a second: reads within it see one and the same measurement, so that a station
#: whose registers take two requests is not torn between two instants.
MEASURE_MS = 1000

#: A good instrument is done a little before its manual says [1].
_DONE = 0.9

#: Exception codes (Modbus Application Protocol V1.1b3, 7).
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

_MOST_BITS = 2000


class Instrument(Protocol):
    """What a virtual unit measures."""

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """Values by determinand [the determinand's unit], NaN where nothing is measured, and the station's state."""
        ...


class Unit:
    """One virtual unit.

    It measures only after its start where the profile has one, takes writes to what the profile knows (commands,
    settings, calibration), and gives no answer at all, or exception 2, to registers that it does not have.

    Parameters
    ----------
    profile : Profile
    instrument : Instrument
    now_ms : callable
        The clock that it lives by.
    name : str
        Station id, for `faults`.
    faults : Faults, optional

    Attributes
    ----------
    profile : Profile
    done : list of str
        Names of the actions that it was told to do, ``start`` among them.
    written : list of (int, int, tuple of int)
        Function, address and words of every write that it took.
    """

    def __init__(
        self, profile: Profile, instrument: Instrument, now_ms: Now, name: str = "", faults: Faults | None = None
    ) -> None:
        self.profile, self._instrument, self._now_ms = profile, instrument, now_ms
        self._name, self._faults = name, faults or Faults()
        self._actions: list[Action] = [*([profile.start.action] if profile.start else []), *profile.commands]
        self._spaces = _spaces(profile)
        self._extras = encode_extras(profile, identity(profile))
        self._held: Image = {}
        self._image: Image = {}
        self._measured_ms: int | None = None
        self._started_ms: int | None = None
        self._stuck: dict[InjectedFault, Mapping[str, float]] = {}
        self.done: list[str] = []
        self.written: list[tuple[int, int, tuple[int, ...]]] = []

    def restart(self) -> None:
        """Lose power for a moment: what was started is started no more."""
        self._started_ms = self._measured_ms = None

    def answer(self, pdu: bytes) -> bytes | None:
        """Answer to a request, None where the instrument says nothing.

        Parameters
        ----------
        pdu : bytes
            Function code and what follows it.
        """
        function = pdu[0]
        try:
            if function in (1, 2, 3, 4):
                address, count = struct.unpack(">HH", pdu[1:])
                code = self._read(function, address, count)
            else:
                address, words = _written(pdu)
                code = self._write(function, address, words)
        except (struct.error, ValueError):
            code = ILLEGAL_FUNCTION if function not in (1, 2, 3, 4, 5, 6, 15, 16) else ILLEGAL_VALUE
        if isinstance(code, bytes):
            return bytes([function]) + code
        if code == ILLEGAL_ADDRESS and self.profile.max_gap == 0:
            # As its profile says: it gives no answer at all to a register that it does not know.
            return None
        return bytes([function | 0x80, code]) if code else pdu[:5]

    def _read(self, function: int, address: int, count: int) -> bytes | int:
        for action in self._actions:
            if action.reads and (action.function, action.address) == (function, address) and count <= 2:
                self._act(action)
                return bytes([2 * count]) + bytes(2 * count)
        known = self._spaces.get(function)
        if known is None:
            return ILLEGAL_FUNCTION
        if not 1 <= count <= (_MOST_BITS if function in (1, 2) else self.profile.max_count):
            return ILLEGAL_VALUE
        if not known.issuperset(range(address, address + count)):
            return ILLEGAL_ADDRESS
        image = self._now()
        words = [image.get((function, at), 0) for at in range(address, address + count)]
        if function in (1, 2):
            packed = sum((word & 1) << i for i, word in enumerate(words)).to_bytes((count + 7) // 8, "little")
            return bytes([len(packed)]) + packed
        return struct.pack(f">B{count}H", 2 * count, *words)

    def _write(self, function: int, address: int, words: tuple[int, ...]) -> int:
        """0, or the exception with which it refuses."""
        space = SPACES.get(function)
        if space is None or function in (1, 2, 3, 4):
            return ILLEGAL_FUNCTION
        for action in self._actions:
            if (action.function, action.address) == (function, address):
                if isinstance(action, Command) and action.kind != "action":
                    return self._set(action, words)
                if action.values and action.values != words:
                    return ILLEGAL_VALUE
                self.written.append((function, address, words))
                self._act(action)
                return 0
        guarded = [item for item in self.profile.guarded if item.function == space]
        known = {at for item in guarded for at in range(item.address, item.end)}
        if not known.issuperset(range(address, address + len(words))):
            return ILLEGAL_ADDRESS
        if any(item.address == address and not _accepts(item, words) for item in guarded):
            return ILLEGAL_VALUE
        self._hold(function, address, words)
        return 0

    def _set(self, command: Command, words: tuple[int, ...]) -> int:
        """Take the value of a setting or of a calibration: 0, or the exception with which it is refused."""
        value = read(command.register, words) if len(words) == command.width else math.nan
        if not isinstance(value, int | float) or not command.accepts(value):
            return ILLEGAL_VALUE
        self.done.append(command.name)
        self._hold(command.function, command.address, words)
        return 0

    def _hold(self, function: int, address: int, words: tuple[int, ...]) -> None:
        self.written.append((function, address, words))
        self._held |= {(SPACES[function], address + i): word for i, word in enumerate(words)}
        self._measured_ms = None

    def _act(self, action: Action) -> None:
        start = self.profile.start
        self.done.append(action.name if start is None or action is not start.action else "start")
        if start is None:
            return
        if action is start.action:
            if start.each == "connect" and self._started_ms is not None:
                return  # it is measuring already
            self._started_ms = self._now_ms()
            if start.each == "connect":
                self._measured_ms = None
        elif action.name == "stop":
            self.restart()

    def _now(self) -> Image:
        """Every register at this moment."""
        now_ms = self._now_ms()
        at_ms = self._instant(now_ms)
        if at_ms is None:
            if self._measured_ms is not None:
                return self._image
            values, state = dict.fromkeys(self.profile.determinands, math.nan), StationState.NORMAL
            return self._extras | encode(self.profile, values, state, self._others([])) | self._held
        if self._measured_ms is None or not 0 <= at_ms - self._measured_ms < MEASURE_MS:
            self._measured_ms = at_ms
            faults = self._faults.values(self._name, now_ms)
            measured, state = self._instrument.measure(at_ms)
            image = encode(self.profile, self._befallen(dict(measured), faults, now_ms), state, self._others(faults))
            self._image = self._extras | image | self._held
        return self._image

    def _instant(self, now_ms: int) -> int | None:
        """When that was measured which the registers tell now; None where it is what they told before."""
        start = self.profile.start
        if start is None:
            return now_ms
        if self._started_ms is None or now_ms - self._started_ms < 1000 * _done_s(start):
            return None
        return self._started_ms if start.each == "poll" else now_ms

    def _others(self, faults: Sequence[InjectedFault]) -> dict[str, Raw]:
        """Registers that are what somebody wrote into them, or no number at all."""
        found: dict[str, Raw] = {}
        nan = [fault for fault in faults if fault.kind is Mishap.NAN]
        lost = {key for key in self.profile.determinands if any(fault.befalls(key) for fault in nan)}
        for register in self.profile.registers:
            words = [self._held.get((register.function, register.address + i)) for i in range(register.width)]
            if all(word is not None for word in words):
                found[register.name] = read(register, [word for word in words if word is not None])
            elif register.name in lost and register.type.startswith("float"):
                found[register.name] = math.nan
        return found

    def _befallen(self, values: dict[str, float], faults: Sequence[InjectedFault], now_ms: int) -> Mapping[str, float]:
        """Values as an instrument with these faults tells them."""
        self._stuck = {fault: told for fault, told in self._stuck.items() if fault in faults}
        for fault in faults:
            if fault.kind is Mishap.STUCK:
                told = self._stuck.setdefault(fault, dict(values))
            for key in values:
                if not fault.befalls(key):
                    continue
                match fault.kind:
                    case Mishap.STUCK:
                        values[key] = told.get(key, math.nan)
                    case Mishap.SPIKE:
                        values[key] *= 1 + fault.size
                    case Mishap.DRIFT:
                        since_s = (now_ms - fault.start_ms) / 1000 if math.isfinite(fault.start_ms) else fault.over_s
                        values[key] *= 1 + fault.size * since_s / fault.over_s
                    case _:  # NAN too, where a register holds whole numbers
                        values[key] = math.nan
        return values


def identity(profile: Profile) -> dict[str, Raw]:
    """What a virtual instrument of a profile tells besides values: who it is, how long it measures."""
    found: dict[str, Raw] = {}
    for extra in profile.extras:
        if extra.type == "string":
            found[extra.name] = (extra.matches.replace("..", "YL") + "26110001")[: 2 * extra.count - extra.skip]
        elif extra.matches:
            found[extra.name] = float(extra.matches.removesuffix("$"))
        elif profile.start is not None and extra.name == profile.start.wait_by:
            found[extra.name] = profile.start.wait_s / extra.scale
        elif extra.name == "unit_id" and profile.serial is not None:
            found[extra.name] = float(profile.serial.unit)
        else:
            found[extra.name] = float(next(iter(extra.meanings), 1))
    return found


def _done_s(start: Start) -> float:
    return _DONE * start.wait_s


def _written(pdu: bytes) -> tuple[int, tuple[int, ...]]:
    """Address and words of a write; bits are 0 and 1."""
    function = pdu[0]
    if function in (5, 6):
        address, word = struct.unpack(">HH", pdu[1:])
        if function == 6:
            return address, (word,)
        if word not in (0, 0xFF00):
            raise ValueError("neither on nor off")
        return address, (int(word == 0xFF00),)
    if function not in (15, 16):
        raise ValueError(f"function {function}")
    address, count, size = struct.unpack(">HHB", pdu[1:6])
    data = pdu[6:]
    if len(data) != size or size != (2 * count if function == 16 else (count + 7) // 8):
        raise ValueError("another number of bytes than it says")
    if function == 16:
        return address, struct.unpack(f">{count}H", data)
    bits = int.from_bytes(data, "little")
    return address, tuple(bits >> i & 1 for i in range(count))


def _accepts(item: Guarded, words: tuple[int, ...]) -> bool:
    """Whether a setting takes what is written to it; only whole numbers of one register are looked at."""
    if len(words) != 1 or item.count != 1 or item.type not in ("uint16", "uint8_low", "uint8_high"):
        return True
    number = words[0] >> 8 if item.type == "uint8_high" else words[0]
    if item.choices:
        return number in item.choices
    return (item.low is None or number >= item.low) and (item.high is None or number <= item.high)


def _spaces(profile: Profile) -> dict[int, frozenset[int]]:
    """Addresses that answer, by the function that reads them; small gaps between them are answered with 0."""
    found: dict[int, set[int]] = {}
    settable = [command.register for command in profile.commands if command.kind != "action" and command.read_back]
    parts: Iterable[Register | Guarded] = (*profile.registers, *profile.extras, *profile.guarded, *settable)
    spans = sorted((part.function, part.address, part.end) for part in parts)
    last = (0, 0)
    for function, start, end in spans:
        if last[0] == function and 0 < start - last[1] <= profile.max_gap:
            start = last[1]
        found.setdefault(function, set()).update(range(start, end))
        last = function, max(end, last[1] if last[0] == function else 0)
    for hole in profile.untouchable:
        found.get(hole.function, set()).difference_update(range(hole.address, hole.end))
    return {function: frozenset(addresses) for function, addresses in found.items()}
