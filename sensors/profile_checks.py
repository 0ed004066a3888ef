"""What a profile says against itself: overlaps, references to nothing, a start where nothing may be written."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from sensors.determinand import DETERMINANDS
from sensors.lists import Checker
from sensors.profile import SPACES, Action, Command, Guarded, Profile, Register, Slots
from sensors.register import WIDTHS

#: Smallest and largest number of the types that can carry a code.
_INTEGERS = {
    **{f"int{n}": (-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in (16, 32, 64)},
    **{f"uint{n}": (0, 2**n - 1) for n in (16, 32, 64)},
    "uint8_high": (0, 255), "uint8_low": (0, 255), "bit": (0, 1),
}  # fmt: skip


#: Wrong keys of registers, by their `id`.
Wrong = Mapping[int, Collection[str]]

#: Keys that say where a register is.
_PLACE = frozenset({"function", "address", "type", "count", "bit", "bits"})

#: Keys that say what a register can hold.
_TYPE = frozenset({"type", "count", "bits"})


def check(profile: Profile, names: Collection[str], checker: Checker, wrong: Wrong = MappingProxyType({})) -> None:
    """Note every contradiction between the parts of a profile.

    Parameters
    ----------
    profile : Profile
        What could be read of it.
    names : collection of str
        Names of all its registers and extras, of those as well that could not be read.
    checker : Checker
        Gets the mistakes.
    wrong : mapping of int to (collection of str)
        Keys of registers and extras that were wrong by themselves: nothing is concluded from them.
    """
    registers = profile.registers
    named = [register for register in registers if not _doubtful(register, wrong, _TYPE)]
    _unique(profile, checker)
    _overlaps([register for register in registers if not _doubtful(register, wrong, _PLACE)], checker)
    for register in (*registers, *profile.extras):
        _finite(register, checker)
        if not _doubtful(register, wrong, _TYPE):
            _numbers(register, checker)
        if not _doubtful(register, wrong, _PLACE):
            _reach(register, profile, checker)
    for register in registers:
        _references(register, named, names, checker, wrong.get(id(register), ()))
    if profile.slots is not None:
        _slots(profile.slots, named, names, checker)
        taken = {register.name for register in registers}
        for kind in profile.slots.kinds:
            if kind.name in taken:
                checker.bad(f"slots.kind ({kind.name}).name", kind.name, "a determinand that no register has")
    _actions(profile, checker)
    if profile.start is not None and profile.start.wait_by:
        _wait(profile, names, checker, wrong)
    if not checker.problems and not profile.determinands:
        checker.bad("register", [r.name for r in profile.registers], "at least one register named like a determinand")


def _doubtful(register: Register, wrong: Wrong, keys: Collection[str]) -> bool:
    """Whether one of these keys was wrong."""
    return not set(keys).isdisjoint(wrong.get(id(register), ()))


def _unique(profile: Profile, checker: Checker) -> None:
    for kind, registers in (("register", profile.registers), ("extra", profile.extras)):
        for name, times in Counter(register.name for register in registers).items():
            if times > 1:
                checker.bad(f"{kind} ({name}).name", name, "a name used once")
    for name in sorted({r.name for r in profile.registers} & {r.name for r in profile.extras}):
        checker.bad(f"extra ({name}).name", name, "a name that no register has")


def _overlaps(registers: Sequence[Register], checker: Checker) -> None:
    """Two values may share a register where they use different bits of it."""
    ordered = sorted(registers, key=lambda r: (r.function, r.address))
    for index, a in enumerate(ordered):
        for b in ordered[index + 1 :]:
            if b.function != a.function or b.address >= a.end:
                break
            if a.mask & b.mask:
                accepted = f"{a.end} or more: {a.name} occupies {a.address} to {a.end - 1}"
                checker.bad(f"register ({b.name}).address", b.address, accepted)


def _integers(register: Register) -> tuple[int, int] | None:
    """Smallest and largest raw number; None where the type carries no whole numbers."""
    return (0, 2**register.bits - 1) if register.type == "bits" else _INTEGERS.get(register.type)


def _carries(register: Register, number: float) -> bool:
    """Whether a register can hold exactly that number."""
    bounds = _integers(register)
    if bounds is not None:
        return number == int(number) and bounds[0] <= number <= bounds[1]
    if register.type != "float32":
        return register.type == "float64"
    try:
        return bool(struct.unpack(">f", struct.pack(">f", number))[0] or number == 0)
    except OverflowError:
        return False


def _finite(register: Register, checker: Checker) -> None:
    for sentinel in register.sentinels:
        if not math.isfinite(sentinel):
            accepted = "finite numbers: what is not finite is missing anyway"
            checker.bad(f"register ({register.name}).sentinels", sentinel, accepted)


def _numbers(register: Register, checker: Checker) -> None:
    """Bits, sentinels, states and meanings must fit into the register."""
    at = f"register ({register.name})."
    if register.type == "bits" and register.bit + register.bits > 16:
        checker.bad(at + "bits", register.bits, f"at most {16 - register.bit}: a register has 16 bits")
        return
    for sentinel in register.sentinels:
        if math.isfinite(sentinel) and not _carries(register, sentinel):
            checker.bad(at + "sentinels", sentinel, f"numbers that a {register.type} can hold")
    for key, numbers in (("states", register.states), ("meanings", register.meanings)):
        for number in numbers if _integers(register) is not None or key == "meanings" else ():
            if _integers(register) is None or not _carries(register, number):
                checker.bad(at + key, number, f"numbers that a {register.type} can hold")
    if register.count > 1 and register.type != "string" and register.name in (*DETERMINANDS, "state"):
        checker.bad(at + "count", register.count, "1: a table's name begins with 'x_'")
    if register.type == "string" and register.name in (*DETERMINANDS, "state"):
        checker.bad(at + "type", register.type, "a type that carries numbers")
    if register.name == "state" and register.type != "string" and _integers(register) is None:
        checker.bad(at + "type", register.type, "a type that carries whole numbers")


def _reach(register: Register, profile: Profile, checker: Checker) -> None:
    at = f"register ({register.name})."
    if register.width > profile.max_count:
        checker.bad(at + "type", register.type, f"at most max_count ({profile.max_count}) registers wide")
    for hole in profile.untouchable:
        if hole.function == register.function and register.address < hole.end and hole.address < register.end:
            accepted = f"none of {hole.address} to {hole.end - 1}, which no read may touch"
            checker.bad(at + "address", register.address, accepted)


def _references(
    register: Register,
    registers: Sequence[Register],
    names: Collection[str],
    checker: Checker,
    wrong: Collection[str],
) -> None:
    at = f"register ({register.name})."
    for key, name in (("sentinel_by", register.sentinel_by), ("zero_with", register.zero_with)):
        if name:
            _named(at + key, name, register, registers, names, checker)
    for name, times in Counter(status.by for status in register.statuses).items():
        if times > 1 and name:
            checker.bad(at + "status", name, "a register that judges once")
    for index, status in enumerate(register.statuses):
        place = at + ("status.by" if len(register.statuses) == 1 else f"status[{index}].by")
        _coded(place, status.by, status.good | status.fail | status.missing, register, registers, names, checker)
    if register.unit_by:
        _coded(at + "unit_by", register.unit_by, register.units, register, registers, names, checker)
    if register.order_by:
        judge = _coded(at + "order_by", register.order_by, register.orders, register, registers, names, checker)
        if judge is not None and judge.width > 1:
            checker.bad(at + "order_by", judge.name, "one register wide: its own order would be unknown")
        if not register.orders and "orders" not in wrong and all(p.where != "orders" for p in checker.problems):
            checker.bad(at + "orders", {}, 'a table such as { "0" = "ABCD", "1" = "CDAB" }')


def _named(
    place: str,
    name: str,
    own: Register | None,
    registers: Sequence[Register],
    names: Collection[str],
    checker: Checker,
) -> Register | None:
    """The register that is named; None where there is none, or where it, or its name here, could not be read."""
    if not name:
        return None
    found = next((r for r in registers if r.name == name), None)
    if own is not None and name == own.name:
        checker.bad(place, name, "another register than itself")
    elif found is None and name not in names:
        checker.bad(place, name, "one of " + ", ".join(sorted(r.name for r in registers)))
    elif found is not None and found.type == "string":
        checker.bad(place, name, "a register that carries numbers")
    elif found is not None and own is not None and found.count > 1:
        checker.bad(place, name, "a register with one number")
    else:
        return found
    return None


def _coded(
    place: str,
    name: str,
    numbers: Iterable[int],
    own: Register | None,
    registers: Sequence[Register],
    names: Collection[str],
    checker: Checker,
) -> Register | None:
    """As `_named`, for a register that carries codes."""
    found = _named(place, name, own, registers, names, checker)
    if found is None:
        return None
    if _integers(found) is None:
        checker.bad(place, name, "a register that carries whole numbers")
        return None
    wrong = sorted(number for number in numbers if not _carries(found, number))
    if wrong:
        checker.bad(place, name, f"a register that can hold {', '.join(map(str, wrong))}")
        return None
    return found


def _slots(slots: Slots, registers: Sequence[Register], names: Collection[str], checker: Checker) -> None:
    codes = _coded("slots.codes", slots.codes, [kind.code for kind in slots.kinds], None, registers, names, checker)
    values = _named("slots.values", slots.values, None, registers, names, checker)
    tables = {"codes": codes, "values": values}
    if slots.status is not None:
        status = slots.status
        numbers = status.good | status.fail | status.missing
        tables["status.by"] = _coded("slots.status.by", status.by, numbers, None, registers, names, checker)
    for key, table in tables.items():
        if codes is not None and table is not None and table.count != codes.count:
            checker.bad(f"slots.{key}", table.name, f"a table of {codes.count} slots, as {codes.name} has")
        if table is not None and (table.statuses or table.unit_by or table.order_by):
            checker.bad(f"slots.{key}", table.name, "a table that nothing else decides about")
    for code, times in Counter(kind.code for kind in slots.kinds).items():
        if times > 1:
            checker.bad("slots.kind", code, "a code used once")
        if code == slots.unused:
            checker.bad("slots.kind", code, "another code than unused")


def _actions(profile: Profile, checker: Checker) -> None:
    """Polling and simple orders touch neither settings nor calibration, other orders what they say they are for."""
    places: list[tuple[str, Action]] = []
    if profile.start is not None:
        places.append(("start.address", profile.start.action))
    for command in profile.commands:
        place = f"command ({command.name}).address"
        if command.kind == "action":
            places.append((place, command))
        elif command.address >= 0 and not any(
            _lies_in(command, guarded) or (guarded.kind == command.kind and guarded.address < 0)
            for guarded in profile.guarded
        ):
            checker.bad(place, command.address, f"an address inside a [[{command.kind}]] of the file")
    for name, times in Counter(action.name for action in profile.commands).items():
        if times > 1:
            checker.bad(f"command ({name}).name", name, "a name used once")
    for place, action in places:
        for guarded in profile.guarded:
            if _touches(action, guarded.function, guarded.address, guarded.end):
                accepted = f"none of {guarded.address} to {guarded.end - 1}: {guarded.kind} {guarded.name}"
                checker.bad(place, action.address, accepted)


def _lies_in(command: Command, guarded: Guarded) -> bool:
    return (
        command.kind == guarded.kind
        and SPACES[command.function] == guarded.function
        and guarded.address <= command.address
        and command.end <= guarded.end
    )


def _touches(action: Action, function: int, start: int, end: int) -> bool:
    return SPACES[action.function] == function and action.address < end and start < action.end


def _wait(profile: Profile, names: Collection[str], checker: Checker, wrong: Wrong) -> None:
    assert profile.start is not None
    name = profile.start.wait_by
    found = next((r for r in profile.extras if r.name == name), None)
    if found is None and (name not in names or any(r.name == name for r in profile.registers)):
        checker.bad("start.wait_by", name, "one of the extras: " + ", ".join(sorted(r.name for r in profile.extras)))
    elif found is None or _doubtful(found, wrong, _TYPE):
        return
    elif found.type not in WIDTHS or found.type == "string" or found.count > 1:
        checker.bad("start.wait_by", name, "an extra with one number")
