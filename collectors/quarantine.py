"""Where refused payloads go: a bounded file for people to look into, and a count of each reason."""

from __future__ import annotations

import json
import logging
from collections import Counter
from hashlib import sha256
from pathlib import Path

from collectors.clock import Now, machine_ms

log = logging.getLogger(__name__)

#: The file is begun anew at half of this; the half before it is kept beside it [bytes]. Room for a day of what a
#: gateway of thirty stations sends while its clock is wrong, with a full station in each row.
MAX_BYTES = 64 * 1024 * 1024

#: Longest part that is kept of a payload that its sender still has [bytes].
MAX_TEXT = 16_384

#: A payload that comes again within so many others is counted and not written again.
REMEMBERED = 10_000


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
    """

    def __init__(self, path: Path | None, *, max_bytes: int = MAX_BYTES, now_ms: Now = machine_ms) -> None:
        self._path, self._max_bytes, self._now_ms = path, max_bytes, now_ms
        self.counts: Counter[str] = Counter()
        #: In the order in which they came.
        self._seen: dict[bytes, None] = {}
        self._told: set[tuple[str, str]] = set()

    def put(self, source: str, reason: str, detail: str, payload: bytes = b"", *, whole: bool = False) -> None:
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
            Keep all of it: nobody will send it again.
        """
        self.counts[reason] += 1
        digest = sha256(f"{source}\0{reason}\0{detail}\0".encode(errors="replace") + payload).digest()
        if digest in self._seen or self._path is None:
            return
        self._seen[digest] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
        line = json.dumps(
            {
                "time_ms": self._now_ms(), "source": source[:200], "reason": reason, "detail": detail[:MAX_TEXT],
                "bytes": len(payload),
                "payload": payload[: None if whole else MAX_TEXT].decode(errors="backslashreplace"),
            },
            ensure_ascii=False,
        )  # fmt: skip
        # A wrong clock refuses every row: the first is told, the file and the count have the others.
        first = (source, reason) not in self._told and len(self._told) < REMEMBERED
        self._told.add((source, reason))
        log.log(logging.WARNING if first else logging.DEBUG, "refused from %s: %s: %.200s", source, reason, detail)
        try:
            self._write(self._path, line.encode(errors="backslashreplace") + b"\n")
        except OSError as error:
            log.error("quarantine %s: %s", self._path, error)

    def _write(self, path: Path, line: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size + len(line) > self._max_bytes // 2:
            path.replace(path.with_name(path.name + ".before"))
        with path.open("ab") as file:
            file.write(line)
