"""The channels file: how each channel is reached, with its secrets, and contacts of offices. Never in a site folder."""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.alerts.channels import read_channel
from dashboard.alerts.channels.base import Channel
from sensors.errors import ConfigError, Problem, UsageError
from sensors.lists import Checker
from sensors.site import Site
from sensors.toml_table import Table


@dataclass(frozen=True, slots=True)
class Outside:
    """What reaches people.

    Attributes
    ----------
    channels : mapping of str to Channel
        By the name that contacts use.
    contacts : mapping of str to mapping of str to str
        Contact key of ``people.csv`` -> channel -> address.
    """

    channels: Mapping[str, Channel] = field(default_factory=dict)
    contacts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_outside(path: Path, site: Site) -> Outside:
    """Read the channels file.

    Raises
    ------
    UsageError
        If it cannot be read, others than its owner may read it, or it lies in the site folder.
    ConfigError
        With every mistake in it; secrets are not told.
    """
    if path.resolve().is_relative_to(site.folder.resolve()):
        raise UsageError(f"{path} lies in the site folder, which is copied and shown around; keep secrets elsewhere")
    try:
        mode, raw = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"others may read {path}, which has secrets in it: chmod 600 {path}")
    return read_outside(raw, path.name)


def read_outside(raw: bytes, name: str) -> Outside:
    """Read the text of a channels file.

    Raises
    ------
    ConfigError
        With every mistake in it; secrets are not told.
    """
    check = Checker(name)
    try:
        top = Table(tomllib.loads(raw.decode("utf-8-sig")), "", check)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(name, "file", type(error).__name__ + _place(error), "TOML in UTF-8")]) from None
    top.known({"channel", "contact"})
    channels: dict[str, Channel] = {}
    for key, table in _tables(top, "channel").items():
        if (channel := read_channel(table)) is not None:
            channels[key] = channel
    contacts: dict[str, dict[str, str]] = {}
    for key, table in _tables(top, "contact").items():
        table.known(channels)
        contacts[key] = {channel: table.text(channel) for channel in table.raw if channel in channels}
    if check.problems:
        raise ConfigError(check.problems)
    return Outside(channels, contacts)


def _tables(top: Table, name: str) -> dict[str, Table]:
    held = top.table(name)
    found = {key: held.table(key) for key in held.raw} if held is not None else {}
    return {key: table for key, table in found.items() if table is not None}


def _place(error: Exception) -> str:
    """Where a file breaks off, without what stands there."""
    at = str(error).rpartition("(at ")[2]
    return f" at {at.rstrip(')')}" if at.startswith("line") else ""
