"""Reading a TOML table: what is wrong is noted, and something usable is given back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from sensors.lists import Checker
from sensors.toml_table import Table, bounded, settings_of, word


def read(raw: dict[str, object], method: str, *arguments: object) -> tuple[object, list[str]]:
    checker = Checker("f.toml")
    value = getattr(Table(raw, "at.", checker), method)("k", *arguments)
    return value, [f"{problem.where} {problem.found}" for problem in checker.problems]


@pytest.mark.parametrize(
    ("method", "arguments", "good", "value"),
    [
        ("text", (), "x", "x"), ("texts", (), ["x"], ("x",)), ("flag", (False,), True, True),
        ("number", (0, 0, 9), 9, 9), ("whole", (0, 0, 9), 0, 0), ("choice", (1, (1, 2)), 2, 2),
        ("wholes", (0, 9), [1, 9], (1, 9)), ("numbers", (), [1, 2.5], (1.0, 2.5)), ("span", (), [0, 1], (0.0, 1.0)),
        ("coded", (word, "texts"), {"1": "a"}, {1: "a"}),
    ],
)  # fmt: skip
def test_what_is_right_arrives(method, arguments, good, value) -> None:
    assert read({"k": good}, method, *arguments) == (value, [])


@pytest.mark.parametrize(
    ("method", "arguments", "bad", "instead"),
    [
        ("text", (), 3, ""), ("text", (), "", ""), ("texts", (), ["x", 3], ()), ("flag", (True,), 0, True),
        ("number", (5, 0, 9), 10, 5), ("number", (5, 0, 9), True, 5), ("number", (5, 0, 9), float("nan"), 5),
        ("whole", (5, 0, 9), 1.0, 5), ("choice", (1, (1, 2)), 3, 1), ("choice", (1, (1, 2)), True, 1),
        ("wholes", (0, 9), [10], ()), ("wholes", (0, 9), [True], ()), ("numbers", (), ["1"], ()),
        ("span", (), [1, 1], None), ("span", (), [1], None), ("coded", (word, "texts"), {"a": "b"}, {}),
        ("coded", (word, "texts"), ["a"], {}), ("coded", (word, "texts"), {"1": ""}, {}), ("table", (), 3, None),
        ("tables", (), 3, []), ("tables", (), [3], []),
    ],
)  # fmt: skip
def test_what_is_wrong_is_noted_with_its_place(method, arguments, bad, instead) -> None:
    value, problems = read({"k": bad}, method, *arguments)
    assert value == instead
    [problem] = problems
    assert problem.startswith("at.k")


def test_defaults_are_taken_where_nothing_stands() -> None:
    assert read({}, "text", "") == ("", [])
    assert read({}, "whole", -1, -1, 9) == (-1, [])
    assert read({}, "span") == (None, [])
    assert read({}, "tables") == ([], [])


def test_a_key_is_noted_once_and_absence_is_told_in_a_word() -> None:
    checker = Checker("f.toml")
    table = Table({"a": 7, "in": {"b": 1}}, "at.", checker)
    table.known({"b", "in"})
    assert (table.text("a"), table.text("c")) == ("", "")
    inner = table.table("in")
    assert inner is not None
    inner.bad("b", "x")
    assert [(problem.where, problem.found) for problem in checker.problems] == [
        ("at.a", "'a'"), ("at.c", "nothing"), ("at.in.b", "1"),
    ]  # fmt: skip
    assert (table.wrong(), inner.wrong()) == ({"a", "c", "in"}, {"b"})


def test_unknown_keys_are_noted_one_by_one() -> None:
    checker = Checker("f.toml")
    Table({"a": 1, "b": 2, "c": 3}, "", checker).known({"b"})
    assert [problem.where for problem in checker.problems] == ["a", "c"]


@dataclass(frozen=True)
class Pumps:
    """Settings of every kind."""

    count: int = bounded(2, 1, 9)
    share: float = bounded(0.5, 0, 1)
    on: bool = True
    name: str = "a"


def pumps(raw: object) -> tuple[Pumps, list[str]]:
    checker = Checker("f.toml")
    top = Table({} if raw is None else {"pumps": raw}, "", checker)
    found = settings_of(top, "pumps", Pumps(), lambda table, key, _default: table.text(key))
    return found, [f"{problem.where} {problem.found}" for problem in checker.problems]


def test_settings_are_the_fields_of_a_dataclass() -> None:
    assert pumps(None) == (Pumps(), [])
    assert pumps({"count": 3, "share": 1, "on": False, "name": "b"}) == (Pumps(3, 1, False, "b"), [])


def test_what_is_wrong_in_settings_is_told_key_by_key() -> None:
    found, problems = pumps({"count": 2.5, "share": 1.5, "on": 1, "name": 7, "size": 1})
    assert (found.count, found.share, found.on) == (2, 0.5, True)
    assert sorted(problems) == [
        "pumps.count 2.5", "pumps.name 7", "pumps.on 1", "pumps.share 1.5", "pumps.size 'size'",
    ]  # fmt: skip
    assert pumps(3) == (Pumps(), ["pumps 3"])
