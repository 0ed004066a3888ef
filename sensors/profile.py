"""Register maps of instrument models: one TOML file per model, checked at load; and the plan of reads they need.

The form of a profile file is described in `docs/profiles.md`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sensors.determinand import DETERMINANDS
from sensors.errors import Problem, ProfileError
from sensors.reading import StationState

#: Registers per value of each type (Modbus registers are 16 bits wide).
WIDTHS: Mapping[str, int] = MappingProxyType(
    {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "int64": 4, "uint64": 4, "float64": 4}
)

#: Byte orders of a 32-bit value, A being the most significant byte. Real probes use all four.
ORDERS = ("ABCD", "CDAB", "DCBA", "BADC")

#: Most registers in one read (Modbus Application Protocol V1.1b3, 6.3).
MAX_COUNT = 125

#: Unit conversions to the determinand's unit: (from, to) -> factor.
CONVERSIONS: Mapping[tuple[str, str], float] = MappingProxyType(
    {("mS/cm", "uS/cm"): 1000.0, ("ug/L", "mg/L"): 0.001, ("m", "cm"): 100.0, ("cm", "m"): 0.01, ("ppm", "mg/L"): 1.0,
     ("FNU", "NTU"): 1.0}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Register:
    """One value in an instrument's register map.

    Attributes
    ----------
    name : str
        Determinand key, ``state`` for the register that tells the station's state, or ``x_...`` for anything else.
    function : int
        Modbus function that reads it: 3 (holding) or 4 (input).
    address : int
        Zero-based address on the wire.
    type : str
        Key of `WIDTHS`.
    order : str
        One of `ORDERS`.
    scale, offset : float
        The determinand's value is ``raw * scale + offset``, unit conversion included.
    sentinels : tuple of float
        Raw values by which the instrument says "nothing measured".
    states : mapping of int to StationState
        For ``state``: what each raw number means.
    verified : bool
        False where nobody has checked the register against a manual or an instrument.
    """

    name: str
    function: int
    address: int
    type: str
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    states: Mapping[int, StationState] = field(default_factory=dict)
    verified: bool = True

    @property
    def width(self) -> int:
        """Number of 16-bit registers."""
        return WIDTHS[self.type]

    @property
    def end(self) -> int:
        """First address after this value."""
        return self.address + self.width


@dataclass(frozen=True, slots=True)
class ReadBlock:
    """One Modbus read request."""

    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Register map of one instrument model.

    Attributes
    ----------
    id, vendor, model, source : str
    registers : tuple of Register
    max_count : int
        Most registers the instrument answers in one read.
    max_gap : int
        Unused registers that may be read along to save a request.
    timeout_s : float
        Longest wait for an answer [s].
    illustrative : bool
        True for a map of our own that no vendor sells.
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

    @property
    def determinands(self) -> tuple[str, ...]:
        """Keys of what the instrument measures, in the order of its map."""
        return tuple(register.name for register in self.registers if register.name in DETERMINANDS)


def plan(profile: Profile) -> tuple[ReadBlock, ...]:
    """Fewest reads that cover every register of a profile, gaps up to ``max_gap`` filled."""
    blocks: list[ReadBlock] = []
    for register in sorted(profile.registers, key=lambda r: (r.function, r.address)):
        last = blocks[-1] if blocks else None
        if (
            last is not None
            and last.function == register.function
            and register.address - (last.address + last.count) <= profile.max_gap
            and register.end - last.address <= profile.max_count
        ):
            blocks[-1] = ReadBlock(last.function, last.address, register.end - last.address)
        else:
            blocks.append(ReadBlock(register.function, register.address, register.width))
    return tuple(blocks)


@cache
def load_profiles() -> Mapping[str, Profile]:
    """Every profile shipped in ``sensors/profiles``, by id.

    Raises
    ------
    ProfileError
        With every mistake in every file.
    """
    profiles: dict[str, Profile] = {}
    problems: list[Problem] = []
    for path in sorted((Path(__file__).parent / "profiles").glob("*.toml")):
        try:
            profile = load_profile(path)
            profiles[profile.id] = profile
        except ProfileError as error:
            problems += error.problems
    if problems:
        raise ProfileError(problems)
    return MappingProxyType(profiles)


def load_profile(path: Path) -> Profile:
    """Read one profile file.

    Raises
    ------
    ProfileError
        With every mistake in the file: unknown keys or determinands, units without conversion, overlapping registers.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError([Problem(path.name, "file", str(error), "TOML in UTF-8")]) from None
    return _Parser(path.name, path.stem).profile(raw)


_PROFILE_KEYS = {
    "schema", "id", "vendor", "model", "source", "order", "function", "max_count", "max_gap", "timeout_s",
    "illustrative", "register",
}  # fmt: skip
_REGISTER_KEYS = {
    "name", "function", "address", "type", "order", "unit", "scale", "offset", "sentinels", "states", "verified",
}  # fmt: skip


class _Parser:
    """Turns the raw TOML of one file into a `Profile`, collecting every problem on the way."""

    def __init__(self, file: str, stem: str) -> None:
        self.file, self.stem = file, stem
        self.problems: list[Problem] = []

    def bad(self, where: str, found: object, accepted: str) -> None:
        self.problems.append(Problem(self.file, where, repr(found), accepted))

    def profile(self, raw: Mapping[str, Any]) -> Profile:
        for key in sorted(set(raw) - _PROFILE_KEYS):
            self.bad(key, key, "one of " + ", ".join(sorted(_PROFILE_KEYS)))
        if raw.get("schema") != 1:
            self.bad("schema", raw.get("schema"), "1")
        if raw.get("id") != self.stem:
            self.bad("id", raw.get("id"), f"{self.stem!r}, the file's own name")
        for key in ("vendor", "model", "source"):
            if not isinstance(raw.get(key), str) or not raw[key]:
                self.bad(key, raw.get(key), "a text")
        max_count = self.number(raw, "max_count", MAX_COUNT, int, 1, MAX_COUNT)
        max_gap = self.number(raw, "max_gap", 8, int, 0, MAX_COUNT)
        timeout_s = self.number(raw, "timeout_s", 1.0, float, 0.05, 60)
        if not isinstance(raw.get("illustrative", False), bool):
            self.bad("illustrative", raw["illustrative"], "true or false")
        entries = raw.get("register", [])
        if not isinstance(entries, list) or not entries:
            self.bad("register", entries, "at least one [[register]] table")
            entries = []
        registers = [r for i, entry in enumerate(entries) if (r := self.register(i, entry, raw)) is not None]
        self.overlaps(registers)
        if self.problems:
            raise ProfileError(self.problems)
        return Profile(
            self.stem, raw["vendor"], raw["model"], raw["source"], tuple(registers), int(max_count), int(max_gap),
            timeout_s, raw.get("illustrative", False),
        )  # fmt: skip

    def number(
        self,
        raw: Mapping[str, Any],
        key: str,
        default: float,
        kind: type,
        low: float,
        high: float,
        at: str = "",
    ) -> float:
        value = raw.get(key, default)
        kinds = (int,) if kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            self.bad(at + key, value, f"{'a whole number' if kind is int else 'a number'} from {low:g} to {high:g}")
            return default
        return value

    def choice(self, raw: Mapping[str, Any], key: str, default: Any, accepted: Sequence[Any], at: str) -> Any:
        value = raw.get(key, default)
        if value not in accepted:
            self.bad(at + key, value, "one of " + ", ".join(map(str, accepted)))
            return accepted[0]
        return value

    def register(self, index: int, entry: Any, top: Mapping[str, Any]) -> Register | None:
        if not isinstance(entry, dict):
            self.bad(f"register[{index}]", entry, "a table")
            return None
        name = entry.get("name")
        at = f"register[{index}] ({name})."
        before = len(self.problems)
        for key in sorted(set(entry) - _REGISTER_KEYS):
            self.bad(at + key, key, "one of " + ", ".join(sorted(_REGISTER_KEYS)))
        if not isinstance(name, str) or not name:
            self.bad(at + "name", name, "a determinand's key, 'state', or a name beginning with 'x_'")
            return None
        if name not in DETERMINANDS and name != "state" and not name.startswith("x_"):
            self.bad(at + "name", name, "a determinand's key, 'state', or a name beginning with 'x_'")
        function = self.choice(entry, "function", top.get("function", 3), (3, 4), at)
        type_ = self.choice(entry, "type", None, tuple(WIDTHS), at)
        order = self.choice(entry, "order", top.get("order", "ABCD"), ORDERS, at)
        address = int(self.number(entry, "address", -1, int, 0, 65536 - WIDTHS[type_], at))
        scale = self.number(entry, "scale", 1.0, float, -1e12, 1e12, at)
        offset = self.number(entry, "offset", 0.0, float, -1e12, 1e12, at)
        sentinels = entry.get("sentinels", [])
        if not isinstance(sentinels, list) or not all(isinstance(s, int | float) for s in sentinels):
            self.bad(at + "sentinels", sentinels, "a list of numbers")
            sentinels = []
        factor = self.conversion(name, entry.get("unit"), at)
        states = self.states(name, entry.get("states"), at)
        if len(self.problems) > before:
            return None
        return Register(
            name, function, address, type_, order, scale * factor, offset * factor,
            tuple(map(float, sentinels)), states, bool(entry.get("verified", True)),
        )  # fmt: skip

    def conversion(self, name: str, unit: Any, at: str) -> float:
        determinand = DETERMINANDS.get(name)
        if determinand is None or unit == determinand.unit:
            return 1.0
        factor = CONVERSIONS.get((unit, determinand.unit))
        if factor is None:
            known = [a for a, b in CONVERSIONS if b == determinand.unit]
            self.bad(at + "unit", unit, "one of " + ", ".join([determinand.unit, *known]))
            return 1.0
        return factor

    def states(self, name: str, raw: Any, at: str) -> Mapping[int, StationState]:
        if name != "state":
            if raw is not None:
                self.bad(at + "states", raw, "nothing: only the register named 'state' has states")
            return MappingProxyType({})
        accepted = 'a table such as { "0" = "N", "1" = "M" } with letters ' + " ".join(StationState)
        try:
            return MappingProxyType({int(k): StationState(v) for k, v in raw.items()})
        except (AttributeError, ValueError):
            self.bad(at + "states", raw, accepted)
            return MappingProxyType({})

    def overlaps(self, registers: Sequence[Register]) -> None:
        names: set[str] = set()
        for register in registers:
            if register.name in names:
                self.bad(f"register ({register.name}).name", register.name, "a name used once")
            names.add(register.name)
        ordered = sorted(registers, key=lambda r: (r.function, r.address))
        for a, b in pairwise(ordered):
            if a.function == b.function and b.address < a.end:
                self.bad(
                    f"register ({b.name}).address",
                    b.address,
                    f"{a.end} or more: {a.name} occupies {a.address} to {a.end - 1}",
                )
