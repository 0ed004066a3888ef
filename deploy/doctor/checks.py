"""Is this installation whole? Checks that look and change nothing; each says what it found and what to do."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from sensors.errors import ConfigError, RiverChiefError

State = Literal["ok", "warning", "fault", "skipped"]

#: Exit code of the worst finding.
EXIT = {"skipped": 0, "ok": 0, "warning": 1, "fault": 2}

#: Oldest Python and SQLite that the program is tried with.
_PYTHON, _SQLITE = (3, 11), (3, 35, 0)

#: Below these a disk is a fault, a warning [bytes], and a warning by its share.
_DISK_FAULT, _DISK_WARNING, _DISK_SHARE = 512 * 2**20, 2 * 2**30, 0.10

#: Mistakes of a file that are listed one by one.
_MOST = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Attributes
    ----------
    check : str
    state : str
        ``ok``, ``warning``, ``fault`` or ``skipped``.
    found : str
    advice : str
        What to do; empty where nothing is to be done.
    """

    check: str
    state: State
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def good(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


#: Does some checks and gives what they found.
Examine = Callable[[], Iterable[Finding]]


def examined(name: str, examine: Examine) -> list[Finding]:
    """What some checks find; one that breaks down is a fault, and the others go on."""
    found: list[Finding] = []
    try:
        found.extend(examine())
    except ConfigError as error:
        found += [
            Finding(name, "fault", str(problem), "mend it; riverchief check lists all")
            for problem in error.problems[:_MOST]
        ]
        if (more := len(error.problems) - _MOST) > 0:
            found.append(Finding(name, "fault", f"{more} more mistakes", "riverchief check lists all"))
    except ModuleNotFoundError as error:
        advice = "install the part that this machine is to run: pip install 'riverchief[hub]', '[board]', '[gateway]'"
        found.append(Finding(name, "fault", f"{error.name} is not installed", advice))
    except RiverChiefError as error:
        found.append(Finding(name, "fault", str(error), "see what it says" if error.retryable else ""))
    except Exception as error:
        found.append(
            Finding(name, "fault", f"{type(error).__name__}: {error}", "report this with the output of --json")
        )
    return found


def worst(findings: Sequence[Finding]) -> int:
    """Exit code."""
    return max((EXIT[one.state] for one in findings), default=0)


def versions() -> Iterator[Finding]:
    """The program, and what it stands on."""
    told = f"riverchief {version('riverchief')}, {platform.python_implementation()} {platform.python_version()}"
    told += f", SQLite {sqlite3.sqlite_version}, {ssl.OPENSSL_VERSION}, {platform.system()} {platform.release()}"
    if sys.version_info < _PYTHON or sqlite3.sqlite_version_info < _SQLITE:
        accepted = f"Python {'.'.join(map(str, _PYTHON))}, SQLite {'.'.join(map(str, _SQLITE))} or newer"
        yield Finding("versions", "fault", told, f"use {accepted}")
    else:
        yield good("versions", told)


def disks(paths: Sequence[Path]) -> Iterator[Finding]:
    """Room on every disk that something is kept on."""
    seen: set[int] = set()
    for path in paths:
        there = next((each for each in (path, *path.absolute().parents) if each.exists()), None)
        if there is None or there.stat().st_dev in seen:
            continue
        seen.add(there.stat().st_dev)
        usage, nodes = shutil.disk_usage(there), os.statvfs(there)
        told = f"{there}: {usage.free / 1e9:,.1f} of {usage.total / 1e9:,.1f} GB free"
        few_nodes = nodes.f_files and nodes.f_favail < nodes.f_files * 0.02
        if usage.free < _DISK_FAULT or few_nodes:
            more = f", {nodes.f_favail:,} of {nodes.f_files:,} inodes" if few_nodes else ""
            yield Finding("disk", "fault", told + more, "make room now: a full disk stops what is written to it")
        elif usage.free < _DISK_WARNING or usage.free < usage.total * _DISK_SHARE:
            yield Finding("disk", "warning", told, "make room, or set a retention (docs/stores.md)")
        else:
            yield good("disk", told)


def permissions(secret: Sequence[Path], written: Sequence[Path]) -> Iterator[Finding]:
    """Who may read what is secret, and whether this user may write what he has to.

    Parameters
    ----------
    secret : sequence of Path
        Files for their owner only; those that are not there are left out.
    written : sequence of Path
        Folders that a service writes to.
    """
    wide = [path for path in secret if path.exists() and path.stat().st_mode & 0o077]
    for path in wide:
        yield Finding("permissions", "fault", f"others may read {path}", f"chmod 600 {path}")
    closed = [path for path in written if path.is_dir() and not os.access(path, os.W_OK | os.X_OK)]
    for path in closed:
        yield Finding("permissions", "fault", f"this user may not write to {path}",
                      "run it as the service's user, or chown the folder")  # fmt: skip
    if not wide and not closed:
        count = sum(path.exists() for path in secret)
        yield good("permissions", f"{count} secret files are their owner's, {len(written)} folders can be written")


def table(findings: Sequence[Finding]) -> str:
    """Findings for people, faults marked so that they are seen without colours."""
    marks = {"ok": "ok     ", "warning": "WARNING", "fault": "FAULT  ", "skipped": "-      "}
    width = max((len(one.check) for one in findings), default=0)
    lines = []
    for one in findings:
        lines.append(f"{marks[one.state]}  {one.check:{width}}  {one.found}")
        if one.advice:
            lines.append(f"{'':9}{'':{width}}  → {one.advice}")
    counts = {state: sum(one.state == state for one in findings) for state in ("fault", "warning", "ok", "skipped")}
    return "\n".join([*lines, "", ", ".join(f"{count} {state}" for state, count in counts.items())])
