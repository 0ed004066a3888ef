"""Reads a profile file: TOML to `sensors.profile.Profile`, every mistake noted with its key.

What one key says is checked here; what keys say about each other is checked in `sensors.profile_checks`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from sensors.determinand import DETERMINANDS
from sensors.errors import Problem, ProfileError
from sensors.lists import Checker
from sensors.profile import MAX_COUNT, Action, Command, Guarded, Profile, ReadBlock, Serial, Start
from sensors.profile_checks import check
from sensors.raw import LETTERS
from sensors.reading import Quality, StationState
from sensors.register import ORDERS, WIDTHS, Accuracy, Register, SlotKind, Slots, Status
from sensors.toml_table import Table, word
from sensors.units import conversion, units_of

_PROFILE_KEYS = {
    "schema", "id", "vendor", "model", "source", "measures", "evidence", "notes", "illustrative", "order", "order_by",
    "orders", "function", "max_count", "max_gap", "timeout_s", "warm_up_s", "settle_s", "serial", "start", "slots",
    "register", "extra", "command", "setting", "calibration", "hole",
}  # fmt: skip
_REGISTER_KEYS = {
    "name", "function", "address", "type", "order", "order_by", "orders", "count", "bit", "bits", "skip", "unit",
    "unit_by", "units", "scale", "offset", "sentinels", "sentinel_by", "zero_with", "states", "status", "meanings",
    "range", "accuracy", "verified", "note",
}  # fmt: skip
_EXTRA_KEYS = (_REGISTER_KEYS - {"states", "status", "sentinel_by", "zero_with", "unit_by", "units"}) | {"matches"}
_STATUS_KEYS = {"by", "good", "fail", "missing", "otherwise"}
_ACTION_KEYS = {"name", "function", "address", "values", "count", "note"}
_COMMAND_KEYS = _ACTION_KEYS | {
    "kind", "type", "order", "minimum", "maximum", "choices", "read_back", "verified",
}  # fmt: skip
_START_KEYS = (_ACTION_KEYS - {"name"}) | {"each", "wait_s", "wait_by", "margin_s"}
_GUARDED_KEYS = {"name", "function", "address", "count", "type", "order", "low", "high", "choices", "note"}
_SLOTS_KEYS = {"codes", "values", "unused", "status", "kind"}
_KIND_KEYS = {"code", "name", "unit", "scale", "offset", "verified", "note"}
_SERIAL_KEYS = {"unit", "baud", "parity", "stopbits", "bytesize", "verified"}
_BAUDS = (1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200)

_NAME = "a determinand's key, 'state', or a name beginning with 'x_'"
#: Stands for a name that cannot be told.
_NAMELESS = ""

_FREE = re.compile(r"[a-z][a-z0-9_]*")


def parse_profile(path: Path) -> Profile:
    """Read one profile file.

    Raises
    ------
    ProfileError
        With every mistake in the file.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError([Problem(path.name, "file", str(error), "TOML in UTF-8")]) from None
    checker = Checker(path.name)
    parser = _Parser(Table(raw, "", checker))
    profile = parser.profile(path.stem)
    check(profile, parser.names, checker, parser.wrong)
    if checker.problems:
        raise ProfileError(checker.problems)
    return profile


class _Parser:
    """Turns the top table of a file into a `Profile`; what could not be read is left out, and noted.

    Attributes
    ----------
    names : set of str
        Names of all registers and extras in the file, of those as well that could not be read.
    wrong : dict of int to set of str
        Keys with a mistake of the registers and extras that have one, by the register's `id`: those keys stand at
        something that nobody wrote.
    """

    def __init__(self, top: Table) -> None:
        self.top = top
        self.names = _names(top.raw)
        self.wrong: dict[int, set[str]] = {}
        self.function = top.choice("function", 3, (3, 4))
        self.order = top.choice("order", "ABCD", ORDERS)
        self.order_by = top.text("order_by", "")
        self.orders = _orders(top)

    def profile(self, stem: str) -> Profile:
        top = self.top
        top.known(_PROFILE_KEYS)
        if top.raw.get("schema") != 1:
            top.bad("schema", "1")
        if top.raw.get("id") != stem:
            top.bad("id", f"{stem!r}, the file's own name")
        if not top.raw.get("register"):
            top.bad("register", "at least one [[register]] table")
        return Profile(
            id=stem,
            vendor=top.text("vendor"),
            model=top.text("model"),
            source=top.text("source"),
            registers=tuple(r for t in top.tables("register") if (r := self.register(t)) is not None),
            max_count=top.whole("max_count", MAX_COUNT, 1, MAX_COUNT),
            max_gap=top.whole("max_gap", 8, 0, MAX_COUNT),
            timeout_s=top.number("timeout_s", 1.0, 0.05, 60),
            illustrative=top.flag("illustrative", False),
            measures=top.text("measures", ""),
            evidence=top.text("evidence", ""),
            extras=tuple(r for t in top.tables("extra") if (r := self.extra(t)) is not None),
            slots=_slots(top.table("slots")),
            start=_start(top.table("start")),
            commands=tuple(_command(t, self.order) for t in top.tables("command")),
            guarded=tuple(_guarded(t, k, self.order) for k in _GUARDS for t in top.tables(k)),
            holes=tuple(self.hole(t) for t in top.tables("hole", "address")),
            serial=_serial(top.table("serial")),
            warm_up_s=top.number("warm_up_s", 0.0, 0, 3600),
            settle_s=top.number("settle_s", 0.0, 0, 3600),
            notes=top.texts("notes"),
        )

    def hole(self, table: Table) -> ReadBlock:
        table.known({"function", "address", "count"})
        function = table.choice("function", self.function, (3, 4, 1, 2))
        return ReadBlock(function, table.whole("address", -1, 0, 65535), table.whole("count", 1, 1, 65536))

    def register(self, table: Table) -> Register | None:
        name = table.raw.get("name")
        known = isinstance(name, str) and (name in DETERMINANDS or name == "state" or name.startswith("x_"))
        if not known:
            table.bad("name", _NAME)
        if not isinstance(name, str) or not name:
            self._register(table, _NAMELESS, _REGISTER_KEYS)  # for its other mistakes
            return None
        return self._register(table, name, _REGISTER_KEYS)

    def extra(self, table: Table) -> Register | None:
        name = table.raw.get("name")
        if not isinstance(name, str) or not _FREE.fullmatch(name) or name in DETERMINANDS or name == "state":
            table.bad("name", "a name such as serial_number, that is no determinand's key")
            name = _NAMELESS
        try:
            re.compile(table.text("matches", ""))
        except re.error as error:
            table.bad("matches", f"a regular expression ({error})")
        extra = self._register(table, name, _EXTRA_KEYS)
        return None if name == _NAMELESS else extra

    def _register(self, table: Table, name: str, keys: set[str]) -> Register:
        table.known(keys)
        type_ = table.choice("type", None, tuple(WIDTHS))
        functions: tuple[int, ...] = (1, 2) if type_ == "bit" else (3, 4)
        if "type" in table.wrong():  # which functions have it is not known then
            functions = (self.function, *({3, 4, 1, 2} - {self.function}))
        count = table.whole("count", 1, 1, MAX_COUNT)
        width = WIDTHS[type_] * count
        ordered = WIDTHS[type_] > 1 or type_ in ("int16", "uint16")
        scale = table.number("scale", 1.0, -1e12, 1e12)
        if scale == 0:
            table.bad("scale", "a number other than 0")
        offset = table.number("offset", 0.0, -1e12, 1e12)
        unit_by, units = self._units(table, name, scale, offset)
        converted = _converted(table, name, scale, offset) if not unit_by else (scale, offset)
        order_by = table.text("order_by", self.order_by if WIDTHS[type_] > 1 else "")
        register = Register(
            name=name,
            function=table.choice("function", self.function, functions),
            address=table.whole("address", -1, 0, 65536 - width),
            type=type_,
            order=table.choice("order", self.order, ORDERS) if ordered else "ABCD",
            scale=converted[0],
            offset=converted[1],
            sentinels=table.numbers("sentinels"),
            states=self._states(table, name) if "states" in keys else MappingProxyType({}),
            verified=table.flag("verified", True),
            count=count,
            bit=table.whole("bit", 0, 0, 15),
            bits=table.whole("bits", 1, 1, 16),
            skip=table.whole("skip", 0, 0, 2 * count - 1),
            unit=table.text("unit", ""),
            unit_by=unit_by,
            units=units,
            order_by=order_by,
            orders=(_orders(table) or self.orders) if order_by else MappingProxyType({}),
            statuses=_statuses(table),
            sentinel_by=table.text("sentinel_by", ""),
            zero_with=table.text("zero_with", ""),
            meanings=MappingProxyType(table.coded("meanings", word, 'a table such as { "0" = "off" }')),
            range=table.span("range"),
            accuracy=_accuracy(table.table("accuracy")),
            matches=table.text("matches", ""),
            note=table.text("note", ""),
        )
        if name != _NAMELESS and (wrong := table.wrong()):
            self.wrong[id(register)] = wrong
        return register

    def _units(
        self, table: Table, name: str, scale: float, offset: float
    ) -> tuple[str, Mapping[int, tuple[float, float]]]:
        """Register that tells the unit, and scale and offset for each of its numbers."""
        unit_by = table.text("unit_by", "")
        if not unit_by or name not in DETERMINANDS:
            if name != _NAMELESS and ("units" in table.raw or unit_by):
                table.bad("units", "nothing: only a determinand with unit_by has units")
            return "", MappingProxyType({})

        def meaning(unit: Any) -> tuple[float, float]:
            found = conversion(unit, name)
            if found is None:
                raise ValueError(unit)
            return _combined(scale, offset, found)

        accepted = 'a table such as { "1" = "UNIT" } with units ' + ", ".join(units_of(name))
        units = table.coded("units", meaning, accepted)
        if not units and "units" not in table.raw:
            table.bad("units", accepted)
        return unit_by, MappingProxyType(units)

    def _states(self, table: Table, name: str) -> Mapping[int, StationState]:
        if name != "state":
            if name != _NAMELESS and "states" in table.raw:
                table.bad("states", "nothing: only the register named 'state' has states")
            return MappingProxyType({})
        accepted = 'a table such as { "0" = "N", "1" = "M" } with letters ' + " ".join(StationState)
        states = table.coded("states", StationState, accepted)
        if "states" not in table.raw:
            table.bad("states", accepted)
        return MappingProxyType(states)


def _names(raw: Mapping[str, Any]) -> set[str]:
    entries = [entry for key in ("register", "extra") if isinstance(raw.get(key), list) for entry in raw[key]]
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)]
    return {name for name in names if isinstance(name, str)}


_GUARDS: tuple[Literal["setting", "calibration"], ...] = ("setting", "calibration")


def _combined(scale: float, offset: float, found: tuple[float, float]) -> tuple[float, float]:
    """``raw * scale + offset`` in another unit; without the noise that 0.01 * 0.001 leaves."""
    factor, constant = found
    return float(f"{scale * factor:.15g}"), float(f"{offset * factor + constant:.15g}")


def _converted(table: Table, name: str, scale: float, offset: float) -> tuple[float, float]:
    if name not in DETERMINANDS:
        return scale, offset
    unit = table.raw.get("unit")
    found = conversion(unit, name) if isinstance(unit, str) else None
    if found is None:
        table.bad("unit", "one of " + ", ".join(units_of(name)))
        return scale, offset
    return _combined(scale, offset, found)


def _orders(table: Table) -> Mapping[int, str]:
    def meaning(order: Any) -> str:
        if order not in ORDERS:
            raise ValueError(order)
        return str(order)

    return MappingProxyType(table.coded("orders", meaning, 'a table such as { "0" = "ABCD", "1" = "CDAB" }'))


def _statuses(table: Table) -> tuple[Status, ...]:
    """One table, or a list of them."""
    if isinstance(table.raw.get("status"), list):
        return tuple(_status(inner) for inner in table.tables("status", "by"))
    inner = table.table("status")
    return () if inner is None else (_status(inner),)


def _status(table: Table) -> Status:
    table.known(_STATUS_KEYS)
    before = len(table.checker.problems)
    good, fail, missing = (frozenset(table.wholes(key, -(2**63), 2**64 - 1)) for key in ("good", "fail", "missing"))
    if not good and len(table.checker.problems) == before:
        table.bad("good", "the numbers by which the value is good")
    for key, other in (("fail", good), ("missing", good | fail)):
        if doubled := sorted(set(table.wholes(key, -(2**63), 2**64 - 1)) & other):
            table.bad(key, f"numbers that stand in one list only ({', '.join(map(str, doubled))} stands in another)")
    otherwise = table.choice("otherwise", "fail", ("fail", "missing"))
    return Status(table.text("by"), good, fail, missing, Quality[otherwise.upper()])


def _accuracy(table: Table | None) -> Accuracy | None:
    if table is None:
        return None
    table.known({"absolute", "relative", "combine"})
    before = len(table.checker.problems)
    absolute, relative = table.number("absolute", 0.0, 0, 1e9), table.number("relative", 0.0, 0, 1)
    if absolute == relative == 0 and len(table.checker.problems) == before:
        table.bad("absolute", "a number above 0, here or as relative")
    return Accuracy(absolute, relative, table.choice("combine", "sum", ("sum", "larger")))


def _action(table: Table, keys: set[str], name: str = "") -> Action:
    table.known(keys)
    function = table.choice("function", None, (6, 16, 5, 15, 3, 4))
    before = len(table.checker.problems)
    values = table.wholes("values", 0, 1 if function in (5, 15) else 65535)
    count = table.whole("count", 0, 0, MAX_COUNT)
    if function in (3, 4):
        if values:
            table.bad("values", "nothing: a read that acts writes nothing")
        if not count:
            table.bad("count", f"a whole number from 1 to {MAX_COUNT}: registers to read")
    elif count:
        table.bad("count", "nothing: what is written says how much")
    if len(table.checker.problems) == before:
        if function in (5, 6) and len(values) != 1:
            table.bad("values", "exactly one number")
        if function == 15 and not values:
            table.bad("values", "at least one number")
    address = table.whole("address", -1, 0, 65536 - max(1, count, len(values)))
    return Action(name or table.text("name"), function, address, values, count, table.text("note", ""))


_KINDS: tuple[Literal["action", "setting", "calibration"], ...] = ("action", "setting", "calibration")


def _command(table: Table, order: str) -> Command:
    kind = table.choice("kind", "action", _KINDS)
    if table.raw.get("kind", "action") == "action":
        action = _action(table, _ACTION_KEYS | {"kind", "verified"})
        return Command(
            action.name, action.function, action.address, action.values, action.count, action.note,
            verified=table.flag("verified", True),
        )  # fmt: skip
    table.known(_COMMAND_KEYS - {"values", "count"})
    type_ = table.choice("type", "uint16", tuple(LETTERS))
    width = WIDTHS[type_]
    function = table.choice("function", 6 if width == 1 else 16, (6, 16))
    if function == 6 and width > 1:
        table.bad("function", f"16: a {type_} takes {width} registers")
    choices = table.coded("choices", word, 'a table such as { "0" = "off" }')
    low, high = (table.number(key, 0.0, -1e12, 1e12) if key in table.raw else None for key in ("minimum", "maximum"))
    if "choices" not in table.raw and (low is None or high is None or low > high):
        table.bad("minimum", "minimum and maximum, the smaller one first, or choices")
    return Command(
        table.text("name"), function, table.whole("address", -1, 0, 65536 - width), note=table.text("note", ""),
        kind=kind, type=type_, order=table.choice("order", order, ORDERS), minimum=low, maximum=high,
        choices=MappingProxyType(choices), read_back=table.flag("read_back", True),
        verified=table.flag("verified", True),
    )  # fmt: skip


def _start(table: Table | None) -> Start | None:
    if table is None:
        return None
    action = _action(table, _START_KEYS, "start")
    each = table.choice("each", None, _EACH)
    wait_s = table.number("wait_s", -1, 0, 3600)
    return Start(action, each, wait_s, table.text("wait_by", ""), table.number("margin_s", 0.0, 0, 60))


_EACH: tuple[Literal["poll", "connect"], ...] = ("poll", "connect")


def _guarded(table: Table, kind: Literal["setting", "calibration"], order: str) -> Guarded:
    table.known(_GUARDED_KEYS)
    function = table.choice("function", 3, (3, 1))
    type_ = table.choice("type", "bit" if function == 1 else "uint16", tuple(WIDTHS))
    count = table.whole("count", 1, 1, 65536 // WIDTHS[type_]) * WIDTHS[type_]
    low, high = (table.number(key, 0.0, -1e12, 1e12) if key in table.raw else None for key in ("low", "high"))
    if low is not None and high is not None and low > high:
        table.bad("low", f"at most {high:g}, its high")
    return Guarded(
        kind, table.text("name"), function, table.whole("address", -1, 0, 65536 - count), count, type_,
        table.choice("order", order, ORDERS), low, high,
        MappingProxyType(table.coded("choices", word, 'a table such as { "0" = "off" }')), table.text("note", ""),
    )  # fmt: skip


def _slots(table: Table | None) -> Slots | None:
    if table is None:
        return None
    table.known(_SLOTS_KEYS)
    kinds = tuple(kind for entry in table.tables("kind") if (kind := _kind(entry)) is not None)
    if not table.raw.get("kind"):
        table.bad("kind", "at least one [[slots.kind]] table")
    unused = table.whole("unused", 0, 0, 65535) if "unused" in table.raw else None
    status = table.table("status")
    return Slots(table.text("codes"), table.text("values"), kinds, unused, None if status is None else _status(status))


def _kind(table: Table) -> SlotKind | None:
    table.known(_KIND_KEYS)
    name = table.text("name", "")
    code = table.whole("code", -1, 0, 65535)
    if name not in DETERMINANDS:
        table.bad("name", "a determinand's key")
        return None
    scale, offset = table.number("scale", 1.0, -1e12, 1e12), table.number("offset", 0.0, -1e12, 1e12)
    if scale == 0:
        table.bad("scale", "a number other than 0")
    scale, offset = _converted(table, name, scale, offset)
    return SlotKind(code, name, table.text("unit"), scale, offset, table.flag("verified", True), table.text("note", ""))


def _serial(table: Table | None) -> Serial | None:
    if table is None:
        return None
    table.known(_SERIAL_KEYS)
    return Serial(
        table.whole("unit", 1, 1, 247), table.choice("baud", 9600, _BAUDS),
        table.choice("parity", "N", ("N", "E", "O")), table.choice("stopbits", 1, (1, 2)),
        table.choice("bytesize", 8, (8, 7)), table.flag("verified", True),
    )  # fmt: skip
