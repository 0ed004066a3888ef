"""Moves a store's history into another one, and proves that it is there.

Nothing is remembered between runs: what the target has already is compared and passed over, so a copy that was cut off
goes on where it stopped, and one that is done says so. Everything that is loaded is read again and compared.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote, urlsplit

from collectors.stores import Chunk, Event, ReadingStore, check_url
from collectors.stores.base import Assessment, Basis, Scope
from sensors.durations import DAY_MS
from sensors.reading import Block

#: Readings that are copied at a time are those of one station in so long [ms].
CHUNK_MS = 2 * DAY_MS

#: Beyond every time that a store may hold [ms since the epoch, UTC].
END_MS = 7_000_000_000_000

#: Gets what is being copied, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Copied:
    """What was copied.

    Attributes
    ----------
    counts : Counter of str
        What the source has, by kind.
    written : Counter of str
        How much of that was not in the target, or was another there.
    missing : Counter of str
        How much of that was still not in the target after it was written.
    digest, target_digest : str
        Hash over all of it as the source has it, and as the target has it.
    kept_marks : dict of str to (str, int)
        Watermarks of its own that the target has kept.
    """

    counts: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    target_digest: str = ""
    kept_marks: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether the target has everything."""
        return not self.missing.total() and self.digest == self.target_digest


def same_store(one: str, other: str) -> bool:
    """Whether two URLs name one store, as far as spelling and links tell; settings behind ``?`` do not count."""
    (scheme, url, _), (other_scheme, other_url, _) = check_url(one), check_url(other)
    if scheme != "sqlite" or other_scheme != "sqlite":
        return "sqlite" not in (scheme, other_scheme) and _bucket(url) == _bucket(other_url)
    path, other_path = (Path(where.removeprefix("sqlite:///")) for where in (url, other_url))
    if path.exists() and other_path.exists():
        return path.samefile(other_path)
    return path.resolve() == other_path.resolve()


def _bucket(url: str) -> tuple[str | None, int, str]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or 8086, unquote(parts.path).strip("/")


class Copy:
    """A copy from one store into another.

    Parameters
    ----------
    source, target : ReadingStore
        The source may be in use, and open for reading only; what is written there meanwhile may be missed.
    progress : callable
    """

    def __init__(self, source: ReadingStore, target: ReadingStore, progress: Progress) -> None:
        self._source, self._target, self._progress = source, target, progress
        self._copied = Copied()
        self._hashes = hashlib.sha256(), hashlib.sha256()

    def run(self) -> Copied:
        """Copy what is missing; watermarks last, because they promise that the readings are there.

        They are those that the source had at the beginning: a hub that goes on writing there raises them when it
        writes readings for which this copy has been too early.

        Raises
        ------
        StoreError
            If either store fails; the next run goes on.
        """
        marks = self._source.watermarks()
        self._readings()
        self._assessments()
        self._rows("events", self._source.events(0, END_MS), self._target.put_events, self._target_events)
        self._watermarks(marks)
        self._tidy()
        self._sign()
        return self._copied

    def _sign(self) -> None:
        self._copied.digest, self._copied.target_digest = (one.hexdigest()[:16] for one in self._hashes)

    def _readings(self) -> None:
        spans: dict[str, tuple[int, int]] = {}
        for (station, _), (oldest_ms, newest_ms) in self._source.series().items():
            low, high = spans.get(station, (oldest_ms, newest_ms))
            spans[station] = min(low, oldest_ms), max(high, newest_ms)
        parts = [
            (station, max(start_ms, 0), end_ms)
            for station, (oldest_ms, newest_ms) in sorted(spans.items())
            for start_ms, end_ms in _cut(oldest_ms, newest_ms)
        ]
        for n, (station, start_ms, end_ms) in enumerate(parts):
            self._progress("readings", n, len(parts))
            self._chunk(station, start_ms, end_ms)
        self._progress("readings", len(parts), len(parts))

    def _chunk(self, station: str, start_ms: int, end_ms: int) -> None:
        chunk = self._source.dump(station, start_ms, end_ms)
        kinds = _kinds(chunk)
        there = _kinds(self._target.dump(station, start_ms, end_ms))
        missing = {kind: Counter(rows) - Counter(there[kind]) for kind, rows in kinds.items()}
        if any(missing.values()):
            self._target.load(chunk)
            there = _kinds(self._target.dump(station, start_ms, end_ms))
        for kind, rows in kinds.items():
            self._note(kind, rows, missing[kind], there[kind])

    def _note(self, kind: str, rows: Sequence[str], missing: Counter[str], there: Sequence[str]) -> None:
        """Count and hash rows of the source, and those of them that are in the target."""
        self._copied.counts[kind] += len(rows)
        self._copied.written[kind] += missing.total()
        self._copied.missing[kind] += (Counter(rows) - Counter(there)).total()
        asked, found = Counter(rows), Counter(there)
        for hash_, some in zip(self._hashes, (asked, asked & found), strict=True):
            for row in sorted(some.elements()):
                hash_.update(row.encode(errors="surrogatepass"))

    def _assessments(self) -> None:
        subjects = [
            (scope, basis, row.subject)
            for scope in get_args(Scope)
            for basis in get_args(Basis)
            for row in self._source.assessments(scope, basis)
        ]
        for n, subject in enumerate(subjects):
            self._progress("assessments", n, len(subjects))
            self._history(*subject)
        self._progress("assessments", len(subjects), len(subjects))

    def _history(self, scope: Scope, basis: Basis, subject: str) -> None:
        def there(_: Sequence[Assessment]) -> list[Assessment]:
            return self._target.assessment_history(scope, subject, basis, 0, END_MS)

        rows = self._source.assessment_history(scope, subject, basis, 0, END_MS)
        self._rows("assessments", rows, self._target.put_assessments, there)

    def _target_events(self, _: Sequence[Event]) -> list[Event]:
        return self._target.events(0, END_MS)

    def _rows(
        self, kind: str, rows: Sequence[Any], put: Callable[[Sequence[Any]], None],
        there: Callable[[Sequence[Any]], Sequence[Any]],
    ) -> None:  # fmt: skip
        texts = [_text(row) for row in rows]
        missing = Counter(texts) - Counter(_text(row) for row in there(rows))
        if missing:
            put([row for row, text in zip(rows, texts, strict=True) if text in missing])
        self._note(kind, texts, missing, [_text(row) for row in there(rows)])

    def _watermarks(self, source: Mapping[str, tuple[str, int]]) -> None:
        target = self._target.watermarks()
        self._sign()
        missing = {
            gateway: mark
            for gateway, mark in source.items()
            if gateway not in target or (self._copied.whole and _behind(target[gateway], mark))
        }
        for gateway, (epoch, seq) in missing.items():
            self._target.commit(Block(), gateway, epoch, seq)
        # What differs besides has been written there by the gateway itself.
        self._copied.kept_marks = {
            gateway: target[gateway]
            for gateway, mark in source.items()
            if gateway not in missing and target[gateway] != mark
        }
        told = {gateway: mark for gateway, mark in source.items() if gateway not in self._copied.kept_marks}
        texts = [_text((gateway, *mark)) for gateway, mark in told.items()]
        there = [_text((gateway, *mark)) for gateway, mark in self._target.watermarks().items()]
        self._note("watermarks", texts, Counter(_text((gateway, *mark)) for gateway, mark in missing.items()), there)

    def _tidy(self) -> None:
        """Let the target make its roll-ups; how much there is, only it knows."""
        self._progress("roll-ups", 0, 1)
        while self._target.tidy():
            pass
        self._progress("roll-ups", 1, 1)


def _behind(mark: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether a mark is an earlier one of the same spool."""
    return mark[0] == other[0] and mark[1] < other[1]


def _cut(oldest_ms: int, newest_ms: int) -> Iterable[tuple[int, int]]:
    """Parts of the span of a station, and what lies before and after: flags may wait there for a reading."""
    yield 0, oldest_ms
    for start_ms in range(oldest_ms, newest_ms + 1, CHUNK_MS):
        yield start_ms, min(start_ms + CHUNK_MS, newest_ms + 1)
    yield newest_ms + 1, END_MS


def _kinds(chunk: Chunk) -> dict[str, list[str]]:
    block = chunk.block
    columns = zip(block.station, block.determinand, block.time_ms, block.value, block.quality, block.state, strict=True)
    return {
        "readings": [
            f"{station}\0{determinand}\0{time_ms}\0{value!r}\0{int(quality)}\0{state}\n"
            for station, determinand, time_ms, value, quality, state in columns
        ],
        "flags": [_text(one) for one in chunk.flags],
        "revisions": [_text(one) for one in chunk.revisions],
        # Sums may differ in their last bits, because backends keep them in other parts.
        "roll-ups": [
            _text(replace(one, total=float(f"{one.total:.12g}"), certain_total=float(f"{one.certain_total:.12g}")))
            for one in chunk.rolled
        ],
    }  # fmt: skip


def _text(row: Any) -> str:
    return json.dumps(row if isinstance(row, tuple) else astuple(row), sort_keys=True, ensure_ascii=False) + "\n"
