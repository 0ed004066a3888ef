"""Register maps of instrument models: what a profile says, and the reads that it takes.

One TOML file per model in ``sensors/profiles``; `sensors.profile_file` reads and checks them, `docs/profiles.md`
describes their form.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from sensors.determinand import DETERMINANDS
from sensors.errors import Problem, ProfileError
from sensors.register import ORDERS, WIDTHS, Accuracy, Register, SlotKind, Slots, Status

__all__ = [
    "MAX_COUNT", "ORDERS", "SPACES", "WIDTHS", "Accuracy", "Action", "Command", "Guarded", "Profile", "ReadBlock",
    "Register", "Serial", "SlotKind", "Slots", "Start", "Status", "cover", "load_profile", "load_profiles", "plan",
    "read_profiles", "split",
]  # fmt: skip

#: Most registers in one read (Modbus Application Protocol V1.1b3, 6.3).
MAX_COUNT = 125

#: Where a function reads or writes: holding registers, input registers, coils or discrete inputs, by the function that
#: reads them.
SPACES: Mapping[int, int] = MappingProxyType({1: 1, 5: 1, 15: 1, 2: 2, 3: 3, 6: 3, 16: 3, 4: 4})


@dataclass(frozen=True, slots=True)
class Action:
    """Something that an instrument can be told to do.

    Attributes
    ----------
    name : str
    function : int
        5, 6, 15 or 16; 3 or 4 where a mere read makes the instrument act.
    address : int
    values : tuple of int
        What is written; function 16 may write no register at all. Empty for a read.
    count : int
        Registers read by function 3 or 4; else 0.
    note : str
    """

    name: str
    function: int
    address: int
    values: tuple[int, ...] = ()
    count: int = 0
    note: str = ""

    @property
    def reads(self) -> bool:
        """Whether it is a read that acts."""
        return self.function in (3, 4)

    @property
    def end(self) -> int:
        """First address after what it touches."""
        return self.address + max(1, self.count, len(self.values))


@dataclass(frozen=True, slots=True)
class Command(Action):
    """What a person may order: an action, or a value for a setting or for the calibration. Never done by polling.

    Attributes
    ----------
    kind : {'action', 'setting', 'calibration'}
    type, order : str
        Of the value, for settings and calibration; see `Register`.
    minimum, maximum : float or None
        Values that may be written, where they are a range.
    choices : mapping of int to str
        Values that may be written, where they are an enumeration.
    read_back : bool
        Whether what was written can be read at the same address.
    verified : bool
        False where nobody has tried it on an instrument.
    """

    kind: Literal["action", "setting", "calibration"] = "action"
    type: str = "uint16"
    order: str = "ABCD"
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[int, str] = field(default_factory=dict)
    read_back: bool = False
    verified: bool = True

    @property
    def width(self) -> int:
        """Registers that a value takes."""
        return WIDTHS[self.type]

    @property
    def end(self) -> int:
        """First address after what it touches."""
        return self.address + max(1, self.count, len(self.values), 0 if self.kind == "action" else self.width)

    @property
    def register(self) -> Register:
        """The register that it writes, as one that can be read."""
        return Register(self.name, SPACES[self.function], self.address, self.type, self.order)

    def accepts(self, value: float) -> bool:
        """Whether a value may be written; only settings and calibration take one."""
        if self.kind == "action" or not math.isfinite(value):
            return False
        if self.choices:
            return value in self.choices
        return self.minimum is not None and self.maximum is not None and self.minimum <= value <= self.maximum

    @property
    def accepted(self) -> str:
        """What `accepts` takes, for people."""
        if self.kind == "action":
            return "no value"
        if self.choices:
            return ", ".join(f"{number} ({meaning})" for number, meaning in self.choices.items())
        return f"{self.minimum:g} to {self.maximum:g}"


@dataclass(frozen=True, slots=True)
class Start:
    """What makes an instrument measure; the only write that polling may do.

    Attributes
    ----------
    action : Action
    each : {'poll', 'connect'}
        Before every poll, or once after the instrument appears (again): then it goes on by itself.
    wait_s : float
        From the start until the values are there [s].
    wait_by : str
        Name of an extra register that tells the wait instead [s, after its scale]; empty where there is none.
    margin_s : float
        Added to what `wait_by` tells [s].
    """

    action: Action
    each: Literal["poll", "connect"]
    wait_s: float
    wait_by: str = ""
    margin_s: float = 0.0

    def wait(self, told_s: float | None = None) -> float:
        """How long to wait after the action [s].

        Parameters
        ----------
        told_s : float, optional
            What the register `wait_by` tells [s]; anything but 0 to 600 is no reason to wait for it.
        """
        return self.wait_s if told_s is None or not 0 <= told_s <= 600 else told_s + self.margin_s


@dataclass(frozen=True, slots=True)
class Guarded:
    """Registers that polling never writes.

    Attributes
    ----------
    kind : {'setting', 'calibration'}
    name : str
    function : int
        Function that reads them: 3, or 1 for coils.
    address, count : int
    type : str
        Key of `WIDTHS`, for whoever sets it by command.
    order : str
    low, high : float or None
        What it accepts.
    choices : mapping of int to str
        What it accepts, where it is an enumeration.
    note : str
    """

    kind: Literal["setting", "calibration"]
    name: str
    function: int
    address: int
    count: int
    type: str = "uint16"
    order: str = "ABCD"
    low: float | None = None
    high: float | None = None
    choices: Mapping[int, str] = field(default_factory=dict)
    note: str = ""

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class Serial:
    """How an instrument leaves its factory; a line is set up per endpoint.

    Attributes
    ----------
    unit : int
        Modbus unit id.
    baud : int
        Bits per second.
    parity : {'N', 'E', 'O'}
    stopbits, bytesize : int
    verified : bool
    """

    unit: int = 1
    baud: int = 9600
    parity: str = "N"
    stopbits: int = 1
    bytesize: int = 8
    verified: bool = True


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """One Modbus read request."""

    function: int
    address: int
    count: int

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class Profile:
    """Register map of one instrument model.

    Attributes
    ----------
    id, vendor, model, source : str
    registers : tuple of Register
        What a poll reads.
    max_count : int
        Most registers the instrument answers in one read.
    max_gap : int
        Unused registers that may be read along to save a request.
    timeout_s : float
        Longest wait for an answer [s].
    illustrative : bool
        True for a map of our own that no vendor sells.
    measures, evidence : str
        What kind of instrument it is; how well its map is known.
    extras : tuple of Register
        What can be read besides: identity, diagnostics. Never polled; ``matches`` marks what identifies the model.
    slots : Slots or None
        For an instrument that describes itself.
    start : Start or None
    commands : tuple of Command
        What a person may order: wipe, stop, set. Never done by polling.
    guarded : tuple of Guarded
        Settings and calibration.
    holes : tuple of ReadBlock
        Registers that no read may touch, besides those that act when they are read.
    serial : Serial or None
    warm_up_s, settle_s : float
        From power-on to the first answer, and to values that can be trusted [s].
    notes : tuple of str
    """

    id: str
    vendor: str
    model: str
    source: str
    registers: tuple[Register, ...]
    max_count: int = MAX_COUNT
    max_gap: int = 8
    timeout_s: float = 1.0
    illustrative: bool = False
    measures: str = ""
    evidence: str = ""
    extras: tuple[Register, ...] = ()
    slots: Slots | None = None
    start: Start | None = None
    commands: tuple[Command, ...] = ()
    guarded: tuple[Guarded, ...] = ()
    holes: tuple[ReadBlock, ...] = ()
    serial: Serial | None = None
    warm_up_s: float = 0.0
    settle_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def determinands(self) -> tuple[str, ...]:
        """Keys of what the instrument can measure, in the order of its map."""
        names = [register.name for register in self.registers if register.name in DETERMINANDS]
        if self.slots is not None:
            names += [kind.name for kind in self.slots.kinds]
        return tuple(dict.fromkeys(names))

    @property
    def unverified(self) -> tuple[str, ...]:
        """Names of what nobody has checked: registers, slots, extras."""
        kinds = self.slots.kinds if self.slots is not None else ()
        slots = [kind.name for kind in kinds if not kind.verified]
        return (
            *(r.name for r in self.registers if not r.verified),
            *slots,
            *(r.name for r in self.extras if not r.verified),
        )

    @property
    def untouchable(self) -> tuple[ReadBlock, ...]:
        """Registers that no read may touch: holes, and what acts when it is read."""
        actions: Iterable[Action] = self.commands if self.start is None else (self.start.action, *self.commands)
        acting = (ReadBlock(a.function, a.address, a.end - a.address) for a in actions if a.reads)
        return (*self.holes, *acting)

    def extra(self, name: str) -> Register:
        """The extra register of that name; KeyError where there is none."""
        return {register.name: register for register in self.extras}[name]

    def command(self, name: str) -> Command:
        """The command of that name; KeyError where there is none."""
        return {command.name: command for command in self.commands}[name]


def plan(profile: Profile, *, max_gap: int | None = None) -> tuple[ReadBlock, ...]:
    """Fewest reads that cover every register of a profile, gaps up to ``max_gap`` filled.

    Parameters
    ----------
    profile : Profile
    max_gap : int, optional
        Instead of the profile's own: 0 for an instrument that turned out to answer nothing between its registers.
    """
    return cover(profile, profile.registers, max_gap=max_gap)


def cover(profile: Profile, registers: Iterable[Register], *, max_gap: int | None = None) -> tuple[ReadBlock, ...]:
    """Fewest reads that cover some registers of a profile, its extras for example."""
    gap = profile.max_gap if max_gap is None else max_gap
    blocks: list[ReadBlock] = []
    for register in sorted(registers, key=lambda r: (r.function, r.address)):
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.function == register.function
            and register.address - last.end <= gap
            and register.end - last.address <= profile.max_count
            and not any(_within(hole, register.function, last.end, register.address) for hole in profile.untouchable)
        ):
            blocks[-1] = ReadBlock(last.function, last.address, max(last.end, register.end) - last.address)
        else:
            blocks.append(ReadBlock(register.function, register.address, register.width))
    return tuple(blocks)


def split(profile: Profile, block: ReadBlock) -> tuple[ReadBlock, ...]:
    """Smaller reads instead of one that an instrument refuses (exception 2), most likely because of a gap in it.

    Returns
    -------
    tuple of ReadBlock
        Without the gaps where the block had any, else two halves; the block alone where it is one register already.
    """
    held = [r for r in profile.registers if r.function == block.function and _within(block, r.function, *_span(r))]
    whole = cover(profile, held, max_gap=0)
    if len(whole) > 1:
        return whole
    edges = {r.address for r in held} | {r.end for r in held}
    inner = [e for e in edges if block.address < e < block.end and not any(r.address < e < r.end for r in held)]
    if not inner:
        return (block,)
    middle = min(inner, key=lambda edge: abs(2 * edge - block.address - block.end))
    return (
        ReadBlock(block.function, block.address, middle - block.address),
        ReadBlock(block.function, middle, block.end - middle),
    )


def _span(register: Register) -> tuple[int, int]:
    return register.address, register.end


def _within(block: ReadBlock, function: int, start: int, end: int) -> bool:
    """Whether a block and the registers from `start` up to `end` have any in common."""
    return block.function == function and start < block.end and block.address < end


@cache
def load_profiles() -> Mapping[str, Profile]:
    """Every profile shipped in ``sensors/profiles``, by id; see `read_profiles`.

    Raises
    ------
    ProfileError
        With every mistake in every file.
    """
    return read_profiles(Path(__file__).parent / "profiles")


def read_profiles(folder: Path) -> Mapping[str, Profile]:
    """Every profile of a folder, by id; those of our own first, as people look for the full station first.

    Raises
    ------
    ProfileError
        With every mistake in every file.
    """
    profiles: dict[str, Profile] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            profile = load_profile(path)
            profiles[profile.id] = profile
        except ProfileError as error:
            problems += error.problems
    if problems:
        raise ProfileError(problems)
    return MappingProxyType(dict(sorted(profiles.items(), key=lambda item: not item[1].illustrative)))


def load_profile(path: Path) -> Profile:
    """Read one profile file.

    Raises
    ------
    ProfileError
        With every mistake in the file; see `sensors.profile_file`.
    """
    from sensors.profile_file import parse_profile

    return parse_profile(path)
