"""Encryption of a backup with a passphrase: a stream that cannot be read, altered, cut or reordered unnoticed.

::

    riverchief-sealed-1 {"kdf": "scrypt", "n": 65536, "r": 8, "p": 1, "salt": "<hex>"} LF
    16 bytes                      seal of nothing: tells a wrong passphrase from a damaged file
    64 KiB and 16 bytes, ...      AES-256-GCM of each piece; the last one is shorter, or marked as the last

The key is scrypt's (RFC 7914) of the passphrase and a salt that is never used again, so that a counter may be the
nonce; the first line is authenticated with every piece. The last piece has another nonce than any other: a file that
was cut at the edge of a piece does not pass. It is the construction STREAM of Hoang, Reyhanitabar, Rogaway and Vizár
(2015), which age uses as well.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sensors.errors import UsageError

MAGIC = b"riverchief-sealed-1 "

#: Plain bytes of a piece, and what sealing adds.
PIECE, TAG = 65_536, 16

#: Cost of a guess: 64 MB of memory and a quarter of a second, which a small hub can spend once a backup.
_N, _R, _P = 1 << 16, 8, 1

#: A header may not ask for more than this: whoever made it could otherwise fill the memory of who looks at it.
_MOST_N = 1 << 20

#: Shorter passphrases are guessed.
LEAST_CHARS = 12


def read_passphrase(path: Path) -> bytes:
    """Passphrase of a file: its first line.

    Raises
    ------
    UsageError
        If it cannot be read, others may read it, or it is too short.
    """
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the passphrase in {path}: {getattr(error, 'strerror', None) or error}") from None
    if stat.S_IMODE(mode) & 0o077:
        raise UsageError(f"others may read {path}, which has the passphrase in it: chmod 600 {path}")
    phrase = text.split("\n", 1)[0].strip()
    if len(phrase) < LEAST_CHARS:
        raise UsageError(f"{path}: found a passphrase of {len(phrase)} characters; accepted: at least {LEAST_CHARS}")
    return phrase.encode()


class Sealer(io.RawIOBase):
    """Writes a sealed stream into a file; close it, or the stream has no end.

    Parameters
    ----------
    file : binary file
        Stays open.
    passphrase : bytes
    """

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        super().__init__()
        told: dict[str, int | str] = {"kdf": "scrypt", "n": _N, "r": _R, "p": _P, "salt": secrets.token_hex(16)}
        self._file, self._header = file, MAGIC + json.dumps(told).encode() + b"\n"
        self._key = _key(passphrase, told)
        self._waiting, self._count = bytearray(), 1
        file.write(self._header + self._key.encrypt(_nonce(0, last=False), b"", self._header))

    def writable(self) -> bool:
        """Whether it can be written; it can."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Take some bytes."""
        self._waiting += data
        # A whole piece waits: it may be the last.
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._file.write(self._key.encrypt(_nonce(self._count, last=last), piece, self._header))
        self._count += 1

    def close(self) -> None:
        """Write the last piece."""
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
            super().close()


class Opener(io.RawIOBase):
    """Reads a sealed stream.

    Parameters
    ----------
    file : binary file
        At its beginning.
    passphrase : bytes
    name : str
        For what is said.

    Raises
    ------
    UsageError
        If it is not sealed, or with another passphrase; on reading, if it was altered, cut off or damaged.
    """

    def __init__(self, file: BinaryIO, passphrase: bytes, name: str) -> None:
        super().__init__()
        self._file, self._name = file, name
        self._header = file.readline(1_024)
        told = _header_of(self._header, name)
        self._key = _key(passphrase, told)
        try:
            self._key.decrypt(_nonce(0, last=False), file.read(TAG), self._header)
        except (InvalidTag, ValueError):
            raise UsageError(f"{name}: wrong passphrase, or its first bytes are damaged") from None
        self._count, self._held, self._ahead = 1, b"", file.read(PIECE + TAG)
        self._over = False

    def readable(self) -> bool:
        """Whether it can be read; it can."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill a buffer."""
        while not self._held and not self._over:
            self._next()
        taken = self._held[: len(buffer)]
        buffer[: len(taken)] = taken
        self._held = self._held[len(taken) :]
        return len(taken)

    def _next(self) -> None:
        piece, self._ahead = self._ahead, self._file.read(PIECE + TAG)
        self._over = not self._ahead
        try:
            self._held = self._key.decrypt(_nonce(self._count, last=self._over), piece, self._header)
        except (InvalidTag, ValueError):
            at = (self._count - 1) * PIECE >> 20
            raise UsageError(f"{self._name} is damaged or cut off, about {at} MB into it; use another backup") from None
        self._count += 1


def _header_of(line: bytes, name: str) -> dict[str, int | str]:
    try:
        told = json.loads(line.removeprefix(MAGIC))
        known = told["kdf"] == "scrypt" and 1 < told["n"] <= _MOST_N and told["r"] == _R and told["p"] == _P
        bytes.fromhex(told["salt"])
    except (ValueError, KeyError, TypeError):
        known = False
    if not line.startswith(MAGIC) or not known:
        raise UsageError(
            f"{name} is not encrypted as this version knows it; accepted: {MAGIC.decode().strip()}, scrypt"
        )
    return dict(told)


def _key(passphrase: bytes, told: dict[str, int | str]) -> AESGCM:
    n = int(told["n"])
    salt = bytes.fromhex(str(told["salt"]))
    return AESGCM(hashlib.scrypt(passphrase, salt=salt, n=n, r=_R, p=_P, maxmem=256 * n * _R, dklen=32))


def _nonce(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])
