"""What a commissioning found, for programs (JSON), for paper (text) and for the screen (a table)."""

from __future__ import annotations

import getpass
import platform
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from deploy.commissioning.fit import Fit
from deploy.commissioning.probing import Timing
from sensors.decode import Decoder
from sensors.determinand import DETERMINANDS
from sensors.errors import UsageError
from sensors.profile import Profile, Register
from sensors.raw import Raw
from sensors.reading import Quality

#: Form of the JSON record.
SCHEMA = "riverchief.commissioning/1"

#: Begins the reason of a value whose registers the unit does not give.
REFUSED = "refused:"

#: Profiles that a person is shown; the record has all that are possible.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One value beside the registers that it came from.

    Attributes
    ----------
    determinand : str
    value : float or None
        In `unit`.
    unit : str
    quality : int
        Of `Quality`.
    reason : str
        Why it is not a good value; empty where it is.
    registers : str
        E.g. ``3:2-3``: function, first and last address; empty for a slot of a self-describing instrument.
    raw : str
        Their words, hexadecimal.
    verified : bool
        Whether somebody has checked the register against a manual or an instrument.
    """

    determinand: str
    value: float | None
    unit: str
    quality: int
    reason: str
    registers: str
    raw: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A commissioning record.

    Attributes
    ----------
    time : str
        RFC 3339, UTC.
    by, host : str
        Who asked, from which machine.
    endpoint : str
    unit : int
    presence : str
        ``answers``, ``silent``, ``not reachable``, ``wrong answers``, or ``gateway says absent``.
    advice : tuple of str
        What to do about it.
    profile : str or None
        The profile by which the values were decoded.
    chosen : str
        ``given``, or the match by which it was chosen: ``certain``, ``likely``; ``possible`` where it is a guess.
    started : bool
        Whether the probe was told to measure.
    fits : tuple of Fit
        Profiles that were tried, the best first; empty where one was given.
    identity : mapping of str to str
    state : str
        Station state, a letter of HJ 212.
    values : tuple of Row
    others : tuple of Row
        Registers that are no determinand.
    timing : Timing
        Of the polls; of the search where there was none.
    search : Timing
        Of finding the unit and its profile: what is refused then, or not answered, is no fault.
    notes : tuple of str
        What the profile says that one should know.
    versions : mapping of str to str
    """

    time: str
    by: str
    host: str
    endpoint: str
    unit: int
    presence: str
    timing: Timing
    search: Timing
    advice: tuple[str, ...] = ()
    profile: str | None = None
    chosen: str = ""
    started: bool = False
    fits: tuple[Fit, ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    state: str = ""
    values: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The record for programs."""
        plain = asdict(self)
        for timing in (plain["timing"], plain["search"]):
            timing |= {key: round(ms, 3) for key, ms in timing.items() if isinstance(ms, float)}
        # What was ruled out has no points, and JSON no infinity.
        plain["fits"] = [fit for fit in plain["fits"] if fit["match"] != "no"]
        return {"schema": SCHEMA} | plain

    def as_text(self) -> str:
        """The record for paper, with room for a signature."""
        lines = [
            "COMMISSIONING RECORD", "",
            f"time       {self.time}", f"by         {self.by}", f"from       {self.host}",
            f"endpoint   {self.endpoint}", f"unit       {self.unit}", f"presence   {self.presence}",
            f"profile    {self.profile or '-'} ({self.chosen or 'none'}){', started' if self.started else ''}",
        ]  # fmt: skip
        lines += [f"{name:10} {text}" for name, text in self.identity.items()]
        lines += ["", *table(self.values, self.state), ""] if self.values else [""]
        lines += [f"timing     {self.timing}"]
        lines += [f"advice     {text}" for text in self.advice]
        lines += [f"note       {text}" for text in self.notes]
        lines += [f"{name:10} {text}" for name, text in self.versions.items()]
        lines += ["", "station    ____________________   signature  ____________________"]
        return "\n".join(lines) + "\n"


def whoami() -> str:
    """Name of the person at this machine, as it knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user list
        return "unknown"


def make_record(
    endpoint: str, unit: int, presence: str, timing: Timing, search: Timing, by: str, **more: Any
) -> Record:
    """A record of this moment on this machine; `more` as in `Record`."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    versions = {
        "riverchief": version("riverchief"), "pymodbus": version("pymodbus"), "python": platform.python_version(),
    }  # fmt: skip
    return Record(now, by, socket.gethostname(), endpoint, unit, presence, timing, search, versions=versions, **more)


def rows(
    decoder: Decoder, answers: Sequence[Sequence[int] | None], refusals: Sequence[str] = ()
) -> tuple[tuple[Row, ...], tuple[Row, ...], str]:
    """Values, other registers and station state that a poll brought.

    Parameters
    ----------
    decoder : Decoder
    answers : sequence of (sequence of int or None)
        To its blocks.
    refusals : sequence of str
        What the unit said where it refused a block, empty elsewhere; told as the reason in place of "not read".
    """
    profile = decoder.profile
    raws, verdicts = decoder.verdicts(answers)
    _, state = decoder.decode(answers)
    words = {
        (block.function, block.address + i): word
        for block, answer in zip(decoder.blocks, answers, strict=True)
        for i, word in enumerate(answer or ())
    }
    places = {
        register.name: (
            f"{register.function}:{register.address}" + (f"-{register.end - 1}" if register.width > 1 else ""),
            " ".join(
                f"{words[register.function, at]:04X}"
                for at in range(register.address, register.end)
                if (register.function, at) in words
            ),
            register.verified,
        )
        for register in profile.registers
    }
    refused = dict.fromkeys(verdicts, "") | {
        register.name: f"{REFUSED} {said}"
        for register in profile.registers
        for block, said in zip(decoder.blocks, refusals, strict=False)
        if said and block.function == register.function and block.address <= register.address < block.end
    }
    if any(refused.values()) and profile.slots is not None:
        said = refused.get(profile.slots.codes, "") or refused.get(profile.slots.values, "")
        refused = {kind.name: said for kind in profile.slots.kinds} | {k: v for k, v in refused.items() if v}
    verified = {kind.name: kind.verified for kind in profile.slots.kinds} if profile.slots is not None else {}
    values = [
        Row(key, value, DETERMINANDS[key].unit, int(quality), refused.get(key) or reason,
            *places.get(key, ("", "", verified.get(key, True))))
        for key, (value, quality, reason) in verdicts.items()
    ]  # fmt: skip
    others = [
        Row(register.name, raw if isinstance(raw := raws[register.name], int | float) else None, register.unit,
            int(Quality.NOT_EVALUATED), _meaning(register, raws[register.name]),
            *places[register.name])
        for register in profile.registers
        if register.name not in DETERMINANDS
    ]  # fmt: skip
    return tuple(values), tuple(others), str(state)


def _meaning(register: Register, raw: Raw | None) -> str:
    if not isinstance(raw, int | float):
        return ""
    number = int(raw)
    return STATES[register.states[number]] if number in register.states else register.meanings.get(number, "")


def table(values: Sequence[Row], state: str) -> list[str]:
    """Lines of a table of decoded values beside raw registers."""
    lines = [f"{'determinand':28} {'value':>12} {'unit':8} {'quality':8} {'registers':11} raw"]
    for row in values:
        value = "-" if row.value is None else f"{row.value:g}"
        quality = {2: "ok", 4: "fail", 9: "missing"}.get(row.quality, str(row.quality))
        line = f"{row.determinand:28} {value:>12} {row.unit:8} {quality:8} {row.registers:11} {row.raw}"
        mark = "" if row.verified else "  (register not verified)"
        lines.append((f"{line}{mark}" + (f"  <- {row.reason}" if row.reason else "")).rstrip())
    if state == "B" and any(row.reason.startswith(REFUSED) for row in values):
        lines.append(f"station state B: {STATES['B']} for the gateway; the unit is there and refuses to be read")
    elif state != "N":
        lines.append(f"station state {state}: {STATES.get(state, 'unknown')}")
    return lines


#: What the letters of HJ 212 mean.
STATES = {
    "N": "normal", "F": "stopped", "M": "maintenance", "S": "set by hand", "D": "fault", "C": "calibration",
    "T": "over range", "B": "no communication",
}  # fmt: skip


def ranking(fits: Sequence[Fit]) -> list[str]:
    """Lines about the profiles that may be it, the best first, each with its weightiest reasons."""
    possible = [fit for fit in fits if fit.match != "no"]
    lines = []
    for fit in possible[:_SHOWN]:
        rival = fit is possible[0] or possible[0].match == "possible"
        lines.append(f"{fit.profile:26} {fit.match:9} {fit.points:6.1f}")
        lines += [f"    {reason}" for reason in fit.reasons[:4]] if rival else []
    lines += [f"and {len(possible) - _SHOWN} more"] if len(possible) > _SHOWN else []
    return lines


def summary(profile: Profile) -> str:
    """One line about a profile."""
    return f"{profile.id}: {profile.vendor} {profile.model}, {profile.measures}"


def check_writable(path: Path) -> None:
    """Find out before the work whether a record can be written there.

    Raises
    ------
    UsageError
    """
    for file in _files(path):
        new = not file.exists()
        try:
            with file.open("a", encoding="utf-8"):
                pass
            if new:
                file.unlink()
        except OSError as error:
            raise UsageError(f"cannot write {file}: {error.strerror}") from None


def _files(path: Path) -> tuple[Path, Path]:
    try:
        return path.with_suffix(".json"), path.with_suffix(".txt")
    except ValueError:
        raise UsageError(f"--record {path}; accepted: a file") from None


def save(record: Record, path: Path) -> tuple[Path, Path]:
    """Write a record as JSON, and as text beside it.

    Raises
    ------
    UsageError
        Where it cannot be written.
    """
    import json

    data, text = _files(path)
    try:
        data.write_text(json.dumps(record.as_json(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        text.write_text(record.as_text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}") from None
    return data, text
