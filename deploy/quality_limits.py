"""Limits of quality control: the default ones, with those of a file on top."""

from __future__ import annotations

import tomllib
from pathlib import Path

from analytics.qc import Configuration, default_configuration
from analytics.qc.config import QualityConfigError
from sensors.errors import Problem, UsageError

#: Name of the file in a site folder; it need not be there.
FILE = "quality.toml"


def site_limits(folder: Path) -> Configuration:
    """Limits of a site: the default ones with its ``quality.toml`` on top, where it has one.

    Raises
    ------
    QualityConfigError
        With every mistake in it.
    UsageError
        If it cannot be read.
    """
    path = folder / FILE
    return read_limits(path if path.exists() else None)


def read_limits(path: Path | None) -> Configuration:
    """The default limits with those of a file on top.

    Raises
    ------
    QualityConfigError
        With every mistake in it.
    UsageError
        If it cannot be read.
    """
    default = default_configuration()
    if path is None:
        return default
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QualityConfigError([Problem(path.name, "file", str(error), "TOML in UTF-8")]) from error
    return default.overridden(raw, path.name)
