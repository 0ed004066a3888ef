"""Remote care on the wire: a gateway's slice of the site, commands to it, its answers. Pure; strict when it reads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal, get_args

from collectors.wire import ID, encode_status, parse_status
from collectors.wire_group import WireError, is_int, refuse

#: Longest time for which a command may be valid [ms].
MAX_VALID_MS = 3_600_000

#: Most files of a slice.
MAX_FILES = 64

#: What a file of a slice may be called: nothing leads out of its folder.
FILE = re.compile(r"(?:profiles/)?[a-z][a-z0-9_]{0,63}\.(?:toml|csv|geojson)")

#: Name of a command, of a confirmation and of the message itself.
NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TOKEN = re.compile(r"[0-9a-f]{8,32}")
COMMAND_ID = re.compile(r"[0-9a-f]{16,64}")
HASH = re.compile(r"[0-9a-f]{16}")

Status = Literal["done", "failed", "refused", "confirm", "interrupted"]
_STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Slice:
    """A gateway's part of the site, as the files of a site folder.

    Attributes
    ----------
    hash : str
        Of the files.
    files : mapping of str to str
        Text by name.
    """

    hash: str
    files: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Command:
    """What a gateway is told to do.

    Attributes
    ----------
    id : str
        Of this command; one that comes again under its id is not done again.
    name : str
        ``probe``, ``sample``, ``restart``, or what the profile of the station declares.
    sent_ms, expires_ms : int
        By the sender's clock [ms since the epoch, UTC].
    station : str
        Empty where the gateway itself is meant.
    value : float or None
        Of a setting or calibration.
    confirm : str
        Token of the answer that asked for a confirmation; empty the first time.
    by : str
        Who says to have sent it, for the record.
    """

    id: str
    name: str
    sent_ms: int
    expires_ms: int
    station: str = ""
    value: float | None = None
    confirm: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command.

    Attributes
    ----------
    id, name, station : str
        Of the command.
    status : {'done', 'failed', 'refused', 'confirm', 'interrupted'}
        ``confirm``: nothing was done yet, see `token`. ``interrupted``: the gateway died while it did it; look.
    time_ms : int
        By the gateway's clock [ms since the epoch, UTC].
    detail : str
        For people.
    token : str
        What has to be sent to have it done; only with ``confirm``.
    data : mapping
        What came of it.
    """

    id: str
    name: str
    status: Status
    time_ms: int
    station: str = ""
    detail: str = ""
    token: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def slice_hash(files: Mapping[str, str]) -> str:
    """Hash of a slice's files, 16 hexadecimal digits."""
    text = json.dumps(sorted(files.items()), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def encode_slice(gateway: str, part: Slice) -> bytes:
    """Slice as the payload of ``cfg``."""
    return encode_status(gateway, hash=part.hash, files=dict(part.files))


def parse_slice(payload: bytes, gateway: str) -> Slice:
    """Read a slice; raises `WireError` where it is none, or was damaged."""
    body = parse_status(payload, gateway)
    files, told = body.get("files"), body.get("hash")
    if not isinstance(files, dict) or not 0 < len(files) <= MAX_FILES:
        refuse("shape", f"files: an object of 1 to {MAX_FILES} texts", files)
    for name, text in files.items():
        if not FILE.fullmatch(name) or not isinstance(text, str):
            refuse("shape", f"files: texts by name, {FILE.pattern}", name)
    _matches(HASH, told, "hash")
    if told != slice_hash(files):
        refuse("hash", f"{slice_hash(files)}, that of the files", told)
    return Slice(told, files)


def encode_command(gateway: str, command: Command) -> bytes:
    """Command as the payload of ``cmd``."""
    more: dict[str, Any] = {"station": command.station, "confirm": command.confirm, "by": command.by}
    fields = {name: value for name, value in more.items() if value}
    if command.value is not None:
        fields["value"] = command.value
    return encode_status(
        gateway, id=command.id, name=command.name, sent_ms=command.sent_ms, expires_ms=command.expires_ms, **fields
    )


def parse_command(payload: bytes, gateway: str) -> Command:
    """Read a command; raises `WireError` where it is none."""
    body = parse_status(payload, gateway)
    value = body.get("value")
    if value is not None:
        value = _number(value)
    sent_ms, expires_ms = _time(body, "sent_ms"), _time(body, "expires_ms")
    if not sent_ms < expires_ms <= sent_ms + MAX_VALID_MS:
        refuse("shape", f"expires_ms: up to {MAX_VALID_MS} ms after sent_ms", expires_ms)
    return Command(
        _matches(COMMAND_ID, body.get("id"), "id"), _matches(NAME, body.get("name"), "name"), sent_ms, expires_ms,
        _optional(ID, body, "station"), value, _optional(TOKEN, body, "confirm"), _words(body, "by", 120),
    )  # fmt: skip


def encode_answer(gateway: str, answer: Answer) -> bytes:
    """Answer as the payload of ``ans``."""
    return encode_status(gateway, **fields_of(answer))


def fields_of(answer: Answer) -> dict[str, Any]:
    """Fields of an answer, from which `answer_of` makes it again."""
    more = {"station": answer.station, "detail": answer.detail, "token": answer.token, "data": dict(answer.data)}
    present = {name: value for name, value in more.items() if value}
    return {"id": answer.id, "name": answer.name, "status": answer.status, "time_ms": answer.time_ms, **present}


def parse_answer(payload: bytes, gateway: str) -> Answer:
    """Read an answer; raises `WireError` where it is none."""
    return answer_of(parse_status(payload, gateway))


def answer_of(body: Mapping[str, Any]) -> Answer:
    """Answer from its fields; raises `WireError` where they are none."""
    status = next((known for known in _STATUSES if known == body.get("status")), None)
    if status is None:
        refuse("shape", "status: one of " + ", ".join(_STATUSES), body.get("status"))
    data = body.get("data", {})
    if not isinstance(data, dict):
        refuse("shape", "data: an object", data)
    return Answer(
        _matches(COMMAND_ID, body.get("id"), "id"), _matches(NAME, body.get("name"), "name"), status,
        _time(body, "time_ms"), _optional(ID, body, "station"), _words(body, "detail", 4000),
        _optional(TOKEN, body, "token"), data,
    )  # fmt: skip


def _matches(pattern: re.Pattern[str], value: Any, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        refuse("shape", f"{name}: {pattern.pattern}", value)
    return value


def _optional(pattern: re.Pattern[str], body: Mapping[str, Any], name: str) -> str:
    return _matches(pattern, body[name], name) if name in body else ""


def _words(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        refuse("shape", f"{name}: a text of up to {most} characters", value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse("shape", "value: a number", value)
    try:
        number = float(value)
    except OverflowError:
        raise WireError("finite", "value is too large") from None
    if not isfinite(number):
        refuse("finite", "value: a finite number", value)
    return number


def _time(body: Mapping[str, Any], name: str) -> int:
    value: Any = body.get(name)
    if not is_int(value) or not 0 <= value < 2**53:
        refuse("shape", f"{name}: milliseconds since the epoch", value)
    return int(value)
