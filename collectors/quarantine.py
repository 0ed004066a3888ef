"""Where refused payloads go: a bounded file for people to look into, and a count of each reason.

What its sender still has is written at once and may be lost with the machine. What is the last that there is of it
(``whole``) waits until `Quarantine.flush` has brought it to the disk, and the watermark waits for that.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from collectors.clock import Now, machine_ms
from sensors.errors import StoreError

log = logging.getLogger(__name__)

#: The file is begun anew at half of this; the half before it is kept beside it [bytes]. Room for a day of what a
#: gateway of thirty stations sends while its clock is wrong, with a full station in each row.
MAX_BYTES = 64 * 1024 * 1024

#: Longest part that is kept of a payload that its sender still has [bytes].
MAX_TEXT = 16_384

#: A payload that comes again within so many others is counted and not written again.
REMEMBERED = 10_000

#: Name of the file before the present one, beside it.
BEFORE = ".before"


class Quarantine:
    """Keeps what was refused.

    Parameters
    ----------
    path : Path or None
        File of JSON lines; None keeps counts only.
    max_bytes : int
        Of the file and the one before it together.
    now_ms : callable

    Attributes
    ----------
    counts : Counter of str
        Refusals by reason.
    by_gateway : Counter of (str, str)
        Refusals by gateway and reason; the gateway is empty where the site has no such one.
    """

    def __init__(self, path: Path | None, *, max_bytes: int = MAX_BYTES, now_ms: Now = machine_ms) -> None:
        self._path, self._max_bytes, self._now_ms = path, max_bytes, now_ms
        self.counts: Counter[str] = Counter()
        self.by_gateway: Counter[tuple[str, str]] = Counter()
        #: In the order in which they came.
        self._seen: dict[bytes, None] = {}
        self._told: set[tuple[str, str]] = set()
        self._last_copies: list[bytes] = []
        self._lock = threading.Lock()

    def put(
        self, source: str, reason: str, detail: str, payload: bytes = b"", *, whole: bool = False, gateway: str = ""
    ) -> None:
        """Count a refusal and keep what it was about.

        Parameters
        ----------
        source : str
            Topic or gateway.
        reason : str
            One word.
        detail : str
            Why, for people.
        payload : bytes
            As it came; kept as text where it is text, the first `MAX_TEXT` bytes of it.
        whole : bool
            Keep all of it, on disk once `flush` has returned: nobody will send it again.
        gateway : str
            Id of a gateway of the site, for the count.
        """
        self.counts[reason] += 1
        self.by_gateway[gateway, reason] += 1
        digest = sha256(f"{source}\0{reason}\0{detail}\0".encode(errors="replace") + payload).digest()
        if digest in self._seen or self._path is None:
            return
        self._seen[digest] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        text = json.dumps(
            {
                "time_ms": self._now_ms(), "source": source[:200], "reason": reason, "detail": detail[:MAX_TEXT],
                "bytes": len(payload), "whole": whole,
                "payload": payload[: None if whole else MAX_TEXT].decode(errors="backslashreplace"),
            },
            ensure_ascii=False,
        )  # fmt: skip
        line = text.encode(errors="backslashreplace") + b"\n"
        # A wrong clock refuses every row: the first is told, the file and the count have the others.
        first = (source, reason) not in self._told and len(self._told) < REMEMBERED
        self._told.add((source, reason))
        log.log(logging.WARNING if first else logging.DEBUG, "refused from %s: %s: %.200s", source, reason, detail)
        if whole:
            self._last_copies.append(line)
            return
        try:
            self._write(self._path, line, sync=False)
        except OSError as error:
            log.error("quarantine %s: %s", self._path, error)

    @property
    def waiting(self) -> bool:
        """Whether something has to reach the disk before its gateway may forget it."""
        return bool(self._last_copies)

    def flush(self) -> None:
        """Bring what nobody else has to the disk; may be called from another thread, by one at a time.

        Raises
        ------
        StoreError
            Retryable, where the disk does not take it; it is kept for the next call.
        """
        if self._path is None:
            self._last_copies.clear()
        while self._path is not None and self._last_copies:
            some, size = 0, 0
            while some < len(self._last_copies) and (not some or size + len(self._last_copies[some]) < 1 << 20):
                size += len(self._last_copies[some])
                some += 1
            try:
                self._write(self._path, b"".join(self._last_copies[:some]), sync=True)
            except OSError as error:
                raise StoreError(f"quarantine {self._path}: {error}", retryable=True) from error
            del self._last_copies[:some]

    def _write(self, path: Path, lines: bytes, *, sync: bool) -> None:
        with self._lock:
            self._append(path, lines, sync=sync)

    def _append(self, path: Path, lines: bytes, *, sync: bool) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size + len(lines) > self._max_bytes // 2:
            path.replace(path.with_name(path.name + BEFORE))
        made = not path.exists()
        with path.open("a+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                    file.write(b"\n")  # whoever wrote last was killed in the middle of a line
                _write_all(file.fileno(), lines)
                if sync:
                    os.fsync(file.fileno())
            except OSError:
                os.ftruncate(file.fileno(), size)  # a full disk takes a part of it
                raise
        if made and sync:
            _sync_folder(path.parent)


def _write_all(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def _sync_folder(folder: Path) -> None:
    """A file whose name is not on disk is lost with the machine, however well its content is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a quarantine.

    Attributes
    ----------
    id : str
        Hash of the line: the same wherever the line stands.
    time_ms : int
        When it was refused, milliseconds since the epoch, UTC.
    source, reason, detail, payload : str
    whole : bool
        Whether the payload is complete, and nobody else has it.
    """

    id: str
    time_ms: int
    source: str
    reason: str
    detail: str
    payload: str
    whole: bool


def entries(paths: Sequence[Path]) -> Iterator[Entry]:
    """Read quarantine files, and of each the one before it first; lines that are none are passed over.

    Raises
    ------
    StoreError
        If a file that is there cannot be read.
    """
    for path in paths:
        for part in (path.with_name(path.name + BEFORE), path):
            try:
                lines = part.read_bytes().splitlines()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"quarantine {part}: {error.strerror}", retryable=False) from error
            yield from filter(None, map(_entry, lines))


def _entry(line: bytes) -> Entry | None:
    try:
        body: dict[str, Any] = json.loads(line)
        return Entry(
            sha256(line).hexdigest()[:12], int(body["time_ms"]), str(body["source"]), str(body["reason"]),
            str(body["detail"]), str(body["payload"]), bool(body.get("whole")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        return None
