"""Passwords: only an argon2id hash of them is kept, and easy ones are not taken."""

from __future__ import annotations

import secrets
import threading
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from dashboard.accounts.settings import AccessSettings

#: argon2id with the library's parameters: RFC 9106, section 4, the second recommended set (64 MiB, 3 passes, 4 lanes).
_HASHER = PasswordHasher()

#: Each check needs 64 MiB: more than so many at a time wait.
_TURNS = threading.BoundedSemaphore(2)

#: What people write where no letter may be mistaken for another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

#: Too well known, alone or with digits and signs around them.
_COMMON = (
    "password", "passw0rd", "p@ssword", "qwerty", "qwertyuiop", "1q2w3e4r", "1qaz2wsx", "asdfghjkl", "zxcvbnm",
    "abcd", "abc", "letmein", "welcome", "iloveyou", "woaini", "mima", "admin", "administrator", "root", "test",
    "guest", "changeme", "riverchief", "river", "hezhang", "hezhangzhi", "xietang",
)  # fmt: skip

#: Fewest different characters of a password.
_VARIED = 5


def hashed(password: str) -> bytes:
    """What is kept of a password."""
    with _TURNS:
        return _HASHER.hash(password).encode()


def fits(kept: bytes | None, password: str) -> bool:
    """Whether a password is the one of which this is kept; takes as long where there is nothing to compare with."""
    with _TURNS:
        try:
            return _HASHER.verify(kept or _nobodys(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def outdated(kept: bytes) -> bool:
    """Whether a hash was made with other parameters than are used now."""
    return _HASHER.check_needs_rehash(kept.decode())


def one_time() -> str:
    """A password that is used once: four groups of four letters and digits, 79 bits.

    Examples
    --------
    >>> len(one_time())
    19
    """
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def faults(password: str, account: str, name: str, settings: AccessSettings) -> list[str]:
    """Why a password is not taken: any of ``short``, ``long``, ``name``, ``common``.

    Examples
    --------
    >>> faults("Password2026!", "wang", "Wang", AccessSettings())
    ['common']
    >>> faults("willow-weir-heron", "wang", "Wang", AccessSettings())
    []
    """
    found = []
    if len(password) < settings.least_chars:
        found.append("short")
    if len(password) > settings.most_chars:
        found.append("long")
    plain = password.casefold()
    if any(len(one) > 2 and _heart(plain) == _heart(one.casefold()) for one in (account, name) if one):
        found.append("name")
    if _heart(plain) in (*_COMMON, "") or len(set(plain)) < _VARIED or _runs(plain):
        found.append("common")
    return found


def _heart(text: str) -> str:
    """A word without the digits and signs around it."""
    return text.strip("0123456789 !@#$%^&*()-_=+.,;:?/~")


def _runs(text: str) -> bool:
    """Whether it is one run of neighbours: 0123456789, abcdefghij, 9876543210."""
    steps = {(ord(b) - ord(a)) for a, b in pairwise(text)}
    return len(text) > 2 and (steps <= {1, -9} or steps <= {-1, 9})


@cache
def _nobodys() -> bytes:
    """A hash that no password has."""
    return _HASHER.hash(secrets.token_urlsafe(32)).encode()
