"""Who has signed in: a signed cookie names the account, and what is remembered here ends it.

A cookie is ``v1.PAYLOAD.SIGNATURE`` (HMAC-SHA256 under a key that only the board has). It carries no right of its own:
the account is looked up whenever it is shown. A session ends with the browser's cookie, after a time without use, after
a time in any case, when the person signs out, and when the account is switched off or gets another password. Sessions
that were signed out stay ended when the board starts again: they are listed in a file beside the key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboard.accounts.settings import AccessSettings
from sensors.errors import UsageError

log = logging.getLogger(__name__)

#: Name of the cookie.
COOKIE = "riverchief_session"

#: Fewest bytes of a key.
KEY_BYTES = 32

#: Most sessions whose last use is remembered; the one that was not used for longest is forgotten first, which ends it.
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a cookie says.

    Attributes
    ----------
    account : str
    epoch : int
        `Account.session_epoch` when it was given.
    id : str
    issued_ms : int
        Milliseconds since the epoch, UTC.
    """

    account: str
    epoch: int
    id: str
    issued_ms: int


class Sessions:
    """Sessions of one board; may be used from any thread.

    Parameters
    ----------
    key : bytes
    settings : AccessSettings
    ended : Path or None
        File of sessions that were signed out; None keeps them in memory only.
    """

    def __init__(self, key: bytes, settings: AccessSettings, ended: Path | None = None) -> None:
        self._key, self.settings, self._file = key, settings, ended
        self._used: OrderedDict[str, int] = OrderedDict()
        self._lost: set[str] = set()
        self._ended: dict[str, int] = {}
        self._epochs: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        if ended is not None:
            self._ended = _read(ended)

    def issue(self, account: str, epoch: int, now_ms: int) -> str:
        """A cookie's value for an account that has just signed in."""
        ticket = Ticket(account, epoch, secrets.token_urlsafe(16), now_ms)
        with self._lock:
            self._touch(ticket.id, now_ms)
        return self._sealed(ticket)

    def read(self, cookie: str, now_ms: int, *, use: bool = True) -> Ticket | None:
        """The session of a cookie; None where it was not given by this board, or has ended.

        Parameters
        ----------
        cookie : str
        now_ms : int
            Milliseconds since the epoch, UTC.
        use : bool
            Whether a person does something now, or only a page looks whether the session is still there.
        """
        ticket = self._opened(cookie)
        if ticket is None or not 0 <= now_ms - ticket.issued_ms + 60_000 <= self.settings.absolute_s * 1000 + 60_000:
            return None
        with self._lock:
            if ticket.id in self._ended or ticket.id in self._lost:
                return None
            # What a board that started again does not know was used when it started, as far as anybody knows.
            if now_ms - self._used.setdefault(ticket.id, now_ms) > self.settings.idle_s * 1000:
                return None
            if use:
                self._touch(ticket.id, now_ms)
        return ticket

    def end(self, cookie: str, now_ms: int) -> Ticket | None:
        """End the session of a cookie; it, where there was one."""
        ticket = self._opened(cookie)
        if ticket is None:
            return None
        with self._lock:
            known = ticket.id in self._ended
            until_ms = ticket.issued_ms + round(self.settings.absolute_s * 1000)
            self._ended = {id_: until for id_, until in self._ended.items() if until > now_ms} | {ticket.id: until_ms}
            self._used.pop(ticket.id, None)
            if self._file is not None:
                _write(self._file, self._ended)
        return None if known else ticket

    def is_new(self, foreign: str) -> bool:
        """Whether a session of an identity provider has not been seen here yet."""
        with self._lock:
            return foreign not in self._epochs

    def follows(self, foreign: str, epoch: int) -> bool:
        """Whether an account's epoch is the one at which a session of an identity provider was first seen here.

        Such sessions carry no epoch of ours. What is remembered is lost when the board starts again.
        """
        with self._lock:
            held = self._epochs.setdefault(foreign, epoch)
            while len(self._epochs) > MOST:
                self._epochs.popitem(last=False)
        return held == epoch

    def _touch(self, id_: str, now_ms: int) -> None:
        self._used[id_] = now_ms
        self._used.move_to_end(id_)
        while len(self._used) > MOST:
            self._lost.add(self._used.popitem(last=False)[0])

    def _sealed(self, ticket: Ticket) -> str:
        told = [ticket.account, ticket.epoch, ticket.id, ticket.issued_ms]
        payload = _text(json.dumps(told, separators=(",", ":")).encode())
        return f"v1.{payload}.{self._signature(payload)}"

    def _opened(self, cookie: str) -> Ticket | None:
        version, _, rest = cookie.partition(".")
        payload, _, signature = rest.partition(".")
        if version != "v1" or not hmac.compare_digest(signature.encode(), self._signature(payload).encode()):
            return None
        # It bears our signature, so that it is one of ours.
        account, epoch, id_, issued_ms = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Ticket(account, epoch, id_, issued_ms)

    def _signature(self, payload: str) -> str:
        return _text(hmac.new(self._key, f"riverchief session v1 {payload}".encode(), hashlib.sha256).digest())


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _read(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {id_: int(until) for id_, _, until in (line.partition(" ") for line in lines)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.error("sessions that were signed out cannot be read from %s: %s", path, error)
        return {}


def _write(path: Path, ended: dict[str, int]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{id_} {until}\n" for id_, until in ended.items())
        part.replace(path)
    except OSError as error:
        # It has ended as long as this board runs; nobody is kept signed in for a disk that is full.
        log.error("a session that was signed out cannot be written to %s: %s", path, error)


@cache
def sessions_of(key_file: str) -> Sessions:
    """Sessions under the key of a file, the same for the pages that sign people in and those that they see.

    Raises
    ------
    UsageError
        If the key cannot be read, or is too short.
    """
    path = Path(key_file)
    try:
        key = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the board's key {path} cannot be read: {error.strerror}") from error
    if len(key) < KEY_BYTES:
        raise UsageError(f"the board's key {path} is too short: {len(key)} bytes; at least {KEY_BYTES}")
    return Sessions(key, AccessSettings(), path.with_name(f"{path.name}.ended"))
