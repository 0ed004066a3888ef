"""The log of a service: lines for people, or one JSON object a line for machines (``RIVERCHIEF_LOG=json``).

Fields of a JSON line: ``time`` (UTC, milliseconds), ``level``, ``priority`` (syslog, 0 to 7), ``service``, ``logger``,
``message``, and where they are known ``gateway``, ``station``, ``sequence`` (a row of the gateway's spool) and
``trace`` (of an exception). Under systemd each line begins with ``<priority>``, which journald takes off and keeps.

What passes for a secret is hidden before it is written: a password in an address, a token, what `hide` was told.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import TextIO

from sensors.errors import UsageError

#: Environment variable, and what it may say.
VARIABLE = "RIVERCHIEF_LOG"
KINDS = ("text", "json")

#: Fields that say what a line is about.
FIELDS = ("gateway", "station", "sequence")

#: Priorities of syslog(3), by the lowest level that has them.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7

#: One line per request or packet helps nobody who reads the log of a month.
_CHATTY = ("amqtt", "transitions", "httpx", "httpcore", "alembic", "fontTools", "weasyprint")

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: journald has the time itself.
_JOURNAL = "%(levelname)s %(name)s: %(message)s"

HIDDEN = "(secret)"

#: Environment variables whose value is a secret.
_SECRET_VARIABLES = ("RIVERCHIEF_INFLUX_TOKEN", "RIVERCHIEF_SECRET", "PGPASSWORD")

#: Shorter texts are no secrets; hiding them would only garble the log [characters].
_SECRET_CHARS = 6

#: user:password@ of an address; token=..., password: ..., Authorization: Bearer ...
_PATTERNS = (
    (re.compile(r"(?P<kept>\w://[^\s/@:]*:)[^\s/@]+(?=@)"), rf"\g<kept>{HIDDEN}"),
    (
        re.compile(
            r"(?P<kept>\b(?:authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s|"
            r"(?:access_token|token|password|passwd|secret|api_?key|sign|signature)[\"']?\s?[=:]\s?[\"']?))[^\s&\"',;]+",
            re.IGNORECASE,
        ),
        rf"\g<kept>{HIDDEN}",
    ),
)

#: How messages of the delivery name a row: the conversion after one of these words.
_SEQUENCE = re.compile(r"\b(?:after|at|row|sequence) %d")
_CONVERSION = re.compile(r"%(?:[-+ #0]*\d*(?:\.\d+)?[a-zA-Z])")

_NOTHING: Mapping[str, str | int] = MappingProxyType({})
_about: ContextVar[Mapping[str, str | int]] = ContextVar("about", default=_NOTHING)
_secrets: set[str] = set()
_known: dict[str, frozenset[str]] = {"gateway": frozenset(), "station": frozenset()}


def configure(stream: TextIO | None = None) -> None:
    """Set up the log of this process, on standard output, as ``RIVERCHIEF_LOG`` says.

    Raises
    ------
    UsageError
        If it says something else than ``text`` or ``json``.
    """
    kind = os.environ.get(VARIABLE, "") or KINDS[0]
    if kind not in KINDS:
        raise UsageError(f"{VARIABLE}: found {kind!r:.40}; accepted: {', '.join(KINDS)}")
    hide(*(os.environ.get(name, "") for name in _SECRET_VARIABLES))
    stream = stream or sys.stdout
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(kind, journal=_is_journal(stream)))
    # Does nothing where the process has a log already: tests, a command that calls a service.
    logging.basicConfig(handlers=[handler], level=logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter(kind: str, *, journal: bool = False) -> logging.Formatter:
    """Formatter of a kind (`KINDS`), for journald or not."""
    return JsonFormatter(journal=journal) if kind == "json" else TextFormatter(journal=journal)


def know(gateways: Collection[str], stations: Collection[str]) -> None:
    """Names that are gateways and stations: a line that names one says so in a field."""
    _known["gateway"], _known["station"] = frozenset(gateways), frozenset(stations)


def hide(*secrets: str) -> None:
    """Never write these; short ones are not taken for secrets."""
    _secrets.update(secret for secret in secrets if len(secret) >= _SECRET_CHARS)


def hidden(text: str) -> str:
    """Text without what passes for a secret."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, kept in _PATTERNS:
        text = pattern.sub(kept, text)
    return text


@contextmanager
def about(**fields: str | int) -> Iterator[None]:
    """Say what the lines inside are about: ``gateway``, ``station``, ``sequence``."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def fields_of(record: logging.LogRecord) -> dict[str, str | int]:
    """What a line is about: as it was said with `about` or ``extra``, or as its arguments name it."""
    found: dict[str, str | int] = {**_named(record), **_about.get()}
    found |= {name: getattr(record, name) for name in FIELDS if isinstance(getattr(record, name, None), str | int)}
    return {name: found[name] for name in FIELDS if name in found}


def _named(record: logging.LogRecord) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    arguments = record.args if isinstance(record.args, tuple) else ()
    for argument in arguments:
        # A spool is called after its gateway.
        name = argument.stem if isinstance(argument, PurePath) else argument
        for field, names in _known.items():
            if isinstance(name, str) and name in names:
                found.setdefault(field, name)
    if record.name.startswith("collectors.") and (place := _SEQUENCE.search(str(record.msg))):
        index = len(_CONVERSION.findall(str(record.msg)[: place.end() - 2]))
        if index < len(arguments) and isinstance(arguments[index], int):
            found["sequence"] = int(str(arguments[index]))
    return found


def _priority(record: logging.LogRecord) -> int:
    return next((priority for level, priority in _PRIORITIES if record.levelno >= level), _DEBUG)


class TextFormatter(logging.Formatter):
    """Lines for people.

    Parameters
    ----------
    journal : bool
        Whether journald reads them: each physical line gets its priority, and no time.
    """

    def __init__(self, *, journal: bool) -> None:
        super().__init__(_JOURNAL if journal else _TEXT)
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """Text of a record."""
        text = hidden(super().format(record))
        if not self._journal:
            return text
        return "\n".join(f"<{_priority(record)}>{line}" for line in text.splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line.

    Parameters
    ----------
    journal : bool
        Whether journald reads them.
    """

    def __init__(self, *, journal: bool) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """Line of a record."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told: dict[str, str | int] = {
            "time": time, "level": record.levelname.lower(), "priority": _priority(record),
            "service": _service(), "logger": record.name,
            "message": hidden(record.getMessage()), **fields_of(record),
        }  # fmt: skip
        if record.exc_info:
            told["trace"] = hidden(self.formatException(record.exc_info))
        line = json.dumps(told, ensure_ascii=False)
        # A character that some reader takes for the end of a line would break the object in two.
        line = line.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")
        return f"<{told['priority']}>{line}" if self._journal else line


def _service() -> str:
    """Name of this service: as whoever started it says, else the command that it is."""
    return os.environ.get("RIVERCHIEF_SERVICE") or next((word for word in sys.argv[1:] if not word.startswith("-")), "")


def _is_journal(stream: TextIO) -> bool:
    """Whether what is written goes to journald: it says which stream it reads (systemd.exec(5), JOURNAL_STREAM)."""
    device, colon, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not colon:
        return False
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return (str(there.st_dev), str(there.st_ino)) == (device, inode)
