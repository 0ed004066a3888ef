"""Limits of quality control: one default configuration as data, overridden by site, station, determinand or channel."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sensors.determinand import DETERMINANDS
from sensors.errors import ConfigError, Problem

FILE = "default.toml"

#: Sections that a file may hold, weakest first; a later one wins.
SECTIONS = ("all", "determinand", "station", "channel")


SEASON = "tables {months = [1..12, 1..12], hours = [0..23, 0..23], low, high}"


class Channel(NamedTuple):
    """One series: a determinand at a station."""

    station: str
    determinand: str


class QualityConfigError(ConfigError):
    """Limits of quality control that cannot be used as they stand."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Limits by section, checked.

    Attributes
    ----------
    version : str
        Of the defaults that it builds on.
    sections : mapping
        ``all`` to keys; ``determinand``, ``station`` and ``channel`` to names (``station/determinand`` for a channel),
        each to keys.
    """

    version: str
    sections: Mapping[str, Mapping[str, Any]]

    def value(self, channel: Channel, key: str) -> Any:
        """What holds for one channel: its own word, else its station's, its determinand's, everybody's."""
        names = {
            "channel": f"{channel.station}/{channel.determinand}",
            "station": channel.station,
            "determinand": channel.determinand,
        }
        for section, name in names.items():
            found = self.sections[section].get(name, {})
            if key in found:
                return found[key]
        return self.sections["all"][key]

    def column(self, channels: Sequence[Channel], key: str, part: int | None = None) -> npt.NDArray[np.float32]:
        """The values of a key for all channels (S,); of a pair the part 0 or 1."""
        known: dict[tuple[str, str], Any] = {}
        special = {name.partition("/")[0] for name in (*self.sections["station"], *self.sections["channel"])}
        values = []
        for channel in channels:
            at = (channel.station if channel.station in special else "", channel.determinand)
            if at not in known:
                known[at] = self.value(channel, key)
            values.append(known[at] if part is None else known[at][part])
        return np.array(values, np.float32)

    def overridden(self, raw: Mapping[str, Any], file: str) -> Configuration:
        """These limits with those of another table on top.

        Raises
        ------
        QualityConfigError
            With every unknown section, determinand or key and every value of another shape than the default's.
        """
        problems = list(_problems(raw, self.sections["all"], file))
        if problems:
            raise QualityConfigError(problems)
        merged: dict[str, dict[str, Any]] = {name: dict(self.sections[name]) for name in SECTIONS}
        merged["all"] |= raw.get("all", {})
        for section in SECTIONS[1:]:
            for name, keys in raw.get(section, {}).items():
                merged[section][name] = {**merged[section].get(name, {}), **keys}
        return Configuration(self.version, merged)


@cache
def default_configuration() -> Configuration:
    """The limits that come with the package."""
    raw = tomllib.loads(files("analytics.qc").joinpath(FILE).read_text(encoding="utf-8"))
    version = raw.pop("version")
    bare = Configuration(version, {"all": raw["all"], "determinand": {}, "station": {}, "channel": {}})
    return bare.overridden(raw, FILE)


def _problems(raw: Mapping[str, Any], known: Mapping[str, Any], file: str) -> Iterable[Problem]:
    for section, content in raw.items():
        if section not in SECTIONS or not isinstance(content, Mapping):
            yield Problem(file, section, repr(section), "tables named " + ", ".join(SECTIONS))
        elif section == "all":
            yield from _key_problems(content, known, file, "all")
        else:
            for name, keys in content.items():
                where = f"{section}.{name}"
                determinand = name if section == "determinand" else name.partition("/")[2]
                if section != "station" and determinand not in DETERMINANDS:
                    yield Problem(file, where, repr(determinand), "a determinand: " + ", ".join(DETERMINANDS))
                if not isinstance(keys, Mapping):
                    yield Problem(file, where, repr(keys), "a table of limits")
                else:
                    yield from _key_problems(keys, known, file, where)


def _key_problems(keys: Mapping[str, Any], known: Mapping[str, Any], file: str, where: str) -> Iterable[Problem]:
    for key, value in keys.items():
        if key not in known:
            yield Problem(file, f"{where}.{key}", repr(key), "one of " + ", ".join(known))
        elif key == "climatology":
            if not _seasons(value):
                yield Problem(file, f"{where}.{key}", repr(value), SEASON)
        elif isinstance(known[key], list):
            pair = key != "sentinels"
            if not isinstance(value, list) or not all(map(_number, value)) or (pair and len(value) != 2):
                yield Problem(file, f"{where}.{key}", repr(value), "two numbers" if pair else "a list of numbers")
            elif key in ("gross", "span") and value[0] > value[1]:
                yield Problem(file, f"{where}.{key}", repr(value), "the lower end first")
        elif not _number(value):
            yield Problem(file, f"{where}.{key}", repr(value), "a number")


def _seasons(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    for rule in value:
        if not isinstance(rule, Mapping) or set(rule) != {"months", "hours", "low", "high"}:
            return False
        if not (_number(rule["low"]) and _number(rule["high"]) and rule["low"] <= rule["high"]):
            return False
        for ends, first, last in ((rule["months"], 1, 12), (rule["hours"], 0, 23)):
            if not isinstance(ends, list) or len(ends) != 2:
                return False
            if not all(isinstance(end, int) and first <= end <= last for end in ends):
                return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
