"""Who has signed in: a signed cookie names the account, and what is remembered here ends it.

A cookie is ``v1.PAYLOAD.SIGNATURE`` (HMAC-SHA256 under a key that only the board has). It carries no right of its own:
the account is looked up whenever it is shown. A session ends with the browser's cookie, after a time without use, after
a time in any case, when the person signs out, and when the account is switched off or gets another password. Sessions
that were signed out stay ended when the board starts again: they are listed in a file beside the key.

Nobody signs in at a screen on a wall every morning: on the page for it (`display`), which nobody touches, being shown
counts as use, and the time in any case is a longer one. Everywhere else the session has ended all the same.
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
LEAST_KEY_BYTES = 32

#: How far clocks may be apart [ms].
_AHEAD_MS = 60_000

#: In the list of ended sessions: all that were given before.
_ALL = "*"

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
        self._shown: OrderedDict[str, int] = OrderedDict()  # on a wall: good for nothing but to go on being shown
        self._lost: OrderedDict[str, int] = OrderedDict()
        self._ended: dict[str, int] = {}
        self._epochs: dict[str, int] = {}
        self._told: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        #: Whether it is not known who has signed out: then everybody has.
        self._unsure = False
        if ended is not None:
            found = _read(ended)
            self._ended, self._unsure = found or {}, found is None

    def issue(self, account: str, epoch: int, now_ms: int) -> str:
        """A cookie's value for an account that has just signed in."""
        ticket = Ticket(account, epoch, secrets.token_urlsafe(16), now_ms)
        with self._lock:
            self._settle(now_ms)
            self._touch(ticket.id, now_ms)
        return self._sealed(ticket)

    def read(self, cookie: str, now_ms: int, *, use: bool = True, display: bool = False) -> Ticket | None:
        """The session of a cookie; None where it was not given by this board, or has ended.

        Parameters
        ----------
        cookie : str
        now_ms : int
            Milliseconds since the epoch, UTC.
        use : bool
            Whether a person does something now, or only a page looks whether the session is still there.
        display : bool
            Whether it is asked for the page for a screen on a wall.
        """
        ticket = self._opened(cookie)
        if ticket is None:
            return None
        with self._lock:
            return ticket if self._goes_on(ticket.id, ticket.issued_ms, now_ms, use=use, display=display) else None

    def end(self, cookie: str, now_ms: int) -> Ticket | None:
        """End the session of a cookie; it, where there was one."""
        ticket = self._opened(cookie)
        if ticket is None:
            return None
        with self._lock:
            return ticket if self._end(ticket.id, ticket.issued_ms + self._longest_ms, now_ms) else None

    def is_new(self, foreign: str) -> bool:
        """Whether a session of an identity provider has not been seen here yet."""
        with self._lock:
            return foreign not in self._epochs

    def is_first(self, foreign: str) -> bool:
        """Whether it is the first time that this is asked of a session of an identity provider that is let in nowhere.

        It is told once, however often its page is drawn.
        """
        with self._lock:
            first = foreign not in self._told
            self._told[foreign] = None
            self._told.move_to_end(foreign)
            while len(self._told) > MOST:
                self._told.popitem(last=False)
        return first

    def problem(
        self, foreign: str, epoch: int, begun_ms: int, now_ms: int, *, use: bool = True, display: bool = False
    ) -> str:
        """Why a session of an identity provider is worth nothing; empty where it goes on.

        Such sessions carry no epoch of ours: the account's has to stay the one at which it was first seen here. What is
        remembered of it is lost when the board starts again, but for signing out.

        Parameters
        ----------
        foreign : str
            Name of the session.
        epoch : int
            `Account.session_epoch` now.
        begun_ms, now_ms : int
            When it was given, and now, milliseconds since the epoch, UTC.
        use, display : bool
            As `read` has them.

        Returns
        -------
        str
            ``expired``, ``disabled`` or empty.
        """
        with self._lock:
            if not self._goes_on(foreign, begun_ms, now_ms, use=use, display=display):
                return "expired"
            return "" if self._epochs.setdefault(foreign, epoch) == epoch else "disabled"

    def end_foreign(self, foreign: str, now_ms: int) -> bool:
        """End a session of an identity provider; whether it had not ended before."""
        with self._lock:
            return self._end(foreign, now_ms + self._longest_ms, now_ms)

    @property
    def _absolute_ms(self) -> int:
        return round(self.settings.absolute_s * 1000)

    @property
    def _longest_ms(self) -> int:
        """How long any session may go on: so long it is known which ones have ended."""
        return max(self._absolute_ms, round(self.settings.display_s * 1000))

    def _goes_on(self, id_: str, begun_ms: int, now_ms: int, *, use: bool, display: bool) -> bool:
        self._settle(now_ms)
        if not -_AHEAD_MS <= now_ms - begun_ms <= (self._longest_ms if display else self._absolute_ms):
            return False
        if id_ in self._ended or id_ in self._lost or begun_ms < self._ended.get(_ALL, 0) - self._longest_ms:
            return False
        # What a board that started again does not know was used when it started, as far as anybody knows.
        if id_ not in self._used:
            self._touch(id_, now_ms)
        newest_ms = max(self._used[id_], self._shown.get(id_, 0)) if display else self._used[id_]
        if now_ms - newest_ms > self.settings.idle_s * 1000:
            return False
        if display:
            self._show(id_, now_ms)
        elif use:
            self._touch(id_, now_ms)
        return True

    def _end(self, id_: str, until_ms: int, now_ms: int) -> bool:
        self._settle(now_ms)
        new = id_ not in self._ended
        self._ended = {one: until for one, until in self._ended.items() if until > now_ms} | {id_: until_ms}
        self._used.pop(id_, None)
        self._shown.pop(id_, None)
        self._epochs.pop(id_, None)
        if self._file is not None:
            _write(self._file, self._ended)
        return new

    def _settle(self, now_ms: int) -> None:
        """End everything that was given until now, where it cannot be read which sessions were signed out."""
        if self._unsure:
            self._unsure = False
            self._ended[_ALL] = now_ms + self._longest_ms
            if self._file is not None:
                _write(self._file, self._ended)

    def _touch(self, id_: str, now_ms: int) -> None:
        self._used[id_] = now_ms
        self._used.move_to_end(id_)
        while len(self._used) > MOST:
            lost = self._used.popitem(last=False)[0]
            self._epochs.pop(lost, None)
            self._lost[lost] = now_ms + self._longest_ms
        # Nobody need be told of what would have ended by now in any case.
        while self._lost and next(iter(self._lost.values())) <= now_ms:
            self._lost.popitem(last=False)

    def _show(self, id_: str, now_ms: int) -> None:
        self._shown[id_] = now_ms
        self._shown.move_to_end(id_)
        while len(self._shown) > MOST:
            self._shown.popitem(last=False)

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


def _read(path: Path) -> dict[str, int] | None:
    """Sessions that were signed out, and until when each is to be remembered; None where they cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return {id_: int(until) for id_, _, until in (line.partition(" ") for line in lines)}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.error("sessions that were signed out cannot be read from %s, so that all have ended: %s", path, error)
        return None


def _write(path: Path, ended: dict[str, int]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{id_} {until}\n" for id_, until in ended.items())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
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
    if len(key) < LEAST_KEY_BYTES:
        raise UsageError(f"the board's key {path} is too short: {len(key)} bytes; at least {LEAST_KEY_BYTES}")
    return Sessions(key, AccessSettings(), path.with_name(f"{path.name}.ended"))
