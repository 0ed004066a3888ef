"""Tables of a TOML file that people write, read so that every mistake is found at once, with its key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, fields, replace
from typing import Any, TypeVar

from sensors.lists import Checker

T = TypeVar("T")


class Table:
    """One table; reading a key notes what is wrong with it, once, and goes on with something usable.

    Parameters
    ----------
    raw : mapping
    at : str
        What stands before a key where its place is told, such as ``start.``.
    checker : Checker
        Collects the mistakes.
    """

    def __init__(self, raw: Mapping[str, Any], at: str, checker: Checker) -> None:
        self.raw, self.at, self.checker = raw, at, checker

    def bad(self, key: str, accepted: str) -> None:
        """Note a mistake in the value of a key, unless one of it has been noted."""
        self._note(key, repr(self.raw[key]) if key in self.raw else "nothing", accepted)

    def _note(self, key: str, found: str, accepted: str) -> None:
        where = self.at + key
        if all(problem.where != where for problem in self.checker.problems):
            self.checker.note(where, found, accepted)

    def wrong(self) -> set[str]:
        """Keys of this table of which a mistake has been noted, here or in a table inside it."""
        inner = [p.where.removeprefix(self.at) for p in self.checker.problems if p.where.startswith(self.at)]
        return {re.split(r"[.\[]", where)[0] for where in inner}

    def known(self, keys: Iterable[str]) -> None:
        """Note every key that is not one of these."""
        accepted = sorted(keys)
        for key in sorted(set(self.raw) - set(accepted)):
            self._note(key, repr(key), "one of " + ", ".join(accepted))

    def text(self, key: str, default: str | None = None) -> str:
        """Text; empty only where a default is given and the key is absent."""
        value = self.raw.get(key, default)
        if isinstance(value, str) and (value or (key not in self.raw)):
            return value
        self.bad(key, "a text")
        return ""

    def texts(self, key: str) -> tuple[str, ...]:
        """List of texts; none where the key is absent."""
        value = self.raw.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.bad(key, "a list of texts")
        return ()

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self.raw.get(key, default)
        if not isinstance(value, bool):
            self.bad(key, "true or false")
            return default
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """Number within bounds, both included; a key that is absent has the default, within the bounds or not."""
        value = self.raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.bad(key, f"a number from {low:g} to {high:g}")
            return default
        return value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """Whole number within bounds, both included."""
        value = self.raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.bad(key, f"a whole number from {low} to {high}")
            return default
        return value

    def choice(self, key: str, default: Any, accepted: Sequence[T]) -> T:
        """One of some values; the first of them stands in for a mistake."""
        value = self.raw.get(key, default)
        if isinstance(value, bool) or value not in accepted:
            self.bad(key, "one of " + ", ".join(map(str, accepted)))
            return accepted[0]
        return accepted[accepted.index(value)]

    def wholes(self, key: str, low: int, high: int) -> tuple[int, ...]:
        """List of whole numbers; none where the key is absent."""
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(type(n) is int and low <= n <= high for n in value):
            self.bad(key, f"a list of whole numbers from {low} to {high}")
            return ()
        return tuple(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        """List of numbers; none where the key is absent."""
        value = self.raw.get(key, [])
        if not isinstance(value, list) or not all(type(n) in (int, float) for n in value):
            self.bad(key, "a list of numbers")
            return ()
        return tuple(map(float, value))

    def span(self, key: str) -> tuple[float, float] | None:
        """Two numbers, the smaller one first; None where the key is absent."""
        if key not in self.raw:
            return None
        value = self.raw[key]
        if isinstance(value, list) and len(value) == 2 and all(type(n) in (int, float) for n in value):
            low, high = map(float, value)
            if low < high:
                return low, high
        self.bad(key, "two numbers such as [0, 14], the smaller one first")
        return None

    def coded(self, key: str, meaning: Callable[[Any], T], accepted: str) -> dict[int, T]:
        """Table of numbers and what they mean; empty where the key is absent.

        Parameters
        ----------
        key : str
        meaning : callable
            Turns one value into what is meant; raises ValueError where it cannot.
        accepted : str
            What a person may write.
        """
        try:
            return {int(number): meaning(value) for number, value in self.raw.get(key, {}).items()}
        except (AttributeError, ValueError, TypeError):
            self.bad(key, accepted)
            return {}

    def table(self, key: str) -> Table | None:
        """Table inside this one; None where it is absent or no table."""
        value = self.raw.get(key)
        if isinstance(value, dict):
            return Table(value, f"{self.at}{key}.", self.checker)
        if value is not None:
            self.bad(key, "a table")
        return None

    def tables(self, key: str, label: str = "name") -> list[Table]:
        """List of tables inside this one, each placed by its index and its name."""
        value = self.raw.get(key, [])
        if not isinstance(value, list):
            self.bad(key, f"[[{key}]] tables")
            return []
        found = []
        for index, item in enumerate(value):
            place = f"{self.at}{key}[{index}]"
            if isinstance(item, dict):
                found.append(Table(item, f"{place} ({item.get(label)}).", self.checker))
            else:
                self.checker.bad(place, item, "a table")
        return found


def settings_of(top: Table, name: str, default: T, other: Callable[[Table, str, Any], Any]) -> T:
    """A table whose keys are the fields of a dataclass; a field that is absent stays as it is in the default.

    Parameters
    ----------
    top : Table
        Which has it, or has not.
    name : str
        Of the table.
    default : dataclass instance
        Its fields say what may be written: a pair ``bounds`` in a field's metadata makes it a number, whole where its
        type is int; a default that is true or false makes it a flag.
    other : callable
        Reads a field of another kind: table, key, default; notes what is wrong with it.
    """
    table = top.table(name)
    if table is None:
        return default
    known = {each.name: each for each in fields(default)}  # type: ignore[arg-type]
    table.known(known)
    values: dict[str, Any] = {}
    for key in table.raw.keys() & known.keys():
        before = getattr(default, key)
        if bounds := known[key].metadata.get("bounds"):
            values[key] = (table.whole if known[key].type in ("int", int) else table.number)(key, before, *bounds)
        elif isinstance(before, bool):
            values[key] = table.flag(key, before)
        else:
            values[key] = other(table, key, before)
    return replace(default, **values)  # type: ignore[type-var]


def bounded(default: float, low: float, high: float) -> Any:
    """Field of a dataclass that `settings_of` reads as a number within bounds, both included."""
    return field(default=default, metadata={"bounds": (low, high)})


def word(value: Any) -> str:
    """The value as a text that is not empty; for `Table.coded`."""
    if not isinstance(value, str) or not value:
        raise ValueError(value)
    return value
