"""A batch as columns: what the hub stores, without an object for every reading.

The rules are those of `collectors.wire_group`. A group in which everything is as it should be is checked column by
column and taken as it came; one in which anything is not goes through `read_group`, row by row, which knows what to
refuse and how to hand it back. So there is one book of rules, and a hub of one core takes 100,000 readings a second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import Any

from collectors.wire import MAX_ROWS, Refusal, WireError, open_batch
from collectors.wire_group import Rules, kept, read_group, refuse
from sensors.determinand import DETERMINANDS
from sensors.reading import Block, Observation, Quality, StationState

__all__ = ["Columns", "Run", "parse_columns", "put_runs"]

_QUALITIES = frozenset(map(int, Quality))
_STATES = frozenset(map(str, StationState))
_NUMBERS = frozenset({int, float, type(None)})

#: What a group may carry to be taken without a closer look; anything else is for `read_group`.
_PLAIN = frozenset({"station", "seq", "time_ms", "state", "quality", "values"})


@dataclass(slots=True)
class Run:
    """Rows of one station with the same determinands, as columns of length n in the order of their numbers.

    Attributes
    ----------
    station : str
    seq : list of int, (n,)
        Strictly increasing.
    time_ms : list of int, (n,)
        Milliseconds since the epoch, UTC.
    state : list of str, (n,)
    values : dict of str to list of (float or None), (n,)
        By determinand, in its unit.
    quality : dict of str to list of int, (n,)
        By determinand.
    adrift : tuple of int
        Indices of rows whose time is from a clock that was not synchronised.
    """

    station: str
    seq: list[int]
    time_ms: list[int]
    state: list[str]
    values: dict[str, list[float | None]]
    quality: dict[str, list[int]]
    adrift: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.seq)

    def cut(self, start: int, end: int) -> Run:
        """Rows from one index to another."""
        return Run(
            self.station, self.seq[start:end], self.time_ms[start:end], self.state[start:end],
            {key: column[start:end] for key, column in self.values.items()},
            {key: column[start:end] for key, column in self.quality.items()},
            tuple(index - start for index in self.adrift if start <= index < end),
        )  # fmt: skip

    def put(self, block: Block) -> None:
        """Add every reading to a block, determinand by determinand."""
        n = len(self)
        for key, column in self.values.items():
            block.station += [self.station] * n
            block.determinand += [key] * n
            block.time_ms += self.time_ms
            block.value += column
            block.quality += self.quality[key]
            block.state += self.state


@dataclass(frozen=True, slots=True)
class Columns:
    """A batch as `collectors.wire.Batch` has it, its rows as runs.

    Attributes
    ----------
    gateway, epoch : str
    base, after, last : int
    runs : tuple of Run
    refused : tuple of Refusal
    """

    gateway: str
    epoch: str
    base: int
    after: int
    last: int
    runs: tuple[Run, ...]
    refused: tuple[Refusal, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(map(len, self.runs))

    def beyond(self, seq: int) -> list[Run]:
        """Rows with a higher number."""
        if seq <= self.after:
            return list(self.runs)
        cut = (run.cut(bisect_right(run.seq, seq), len(run)) for run in self.runs)
        return [run for run in cut if len(run)]


def put_runs(runs: Sequence[Run], block: Block) -> None:
    """Add readings of runs; of two of one series and instant the one with the higher number comes later."""
    for run in _in_order(runs) if _mixed(runs) else runs:
        run.put(block)


def _mixed(runs: Sequence[Run]) -> bool:
    """Whether two runs of a station share an instant; then the order of their rows matters."""
    seen: defaultdict[str, set[int]] = defaultdict(set)
    for run in runs:
        times = seen[run.station]
        if times and not times.isdisjoint(run.time_ms):
            return True
        times.update(run.time_ms)
    return False


def _in_order(runs: Sequence[Run]) -> Iterator[Run]:
    rows = sorted((seq, number, index) for number, run in enumerate(runs) for index, seq in enumerate(run.seq))
    return (runs[number].cut(index, index + 1) for _, number, index in rows)


def parse_columns(payload: bytes, gateway: str, now_ms: int, *, stations: Collection[str] | None = None) -> Columns:
    """Read a batch as `collectors.wire.parse_batch` does.

    Parameters
    ----------
    payload : bytes
    gateway : str
        Gateway of the topic; the payload must be its own.
    now_ms : int
        Milliseconds since the epoch, UTC; rows too far ahead are refused.
    stations : collection of str, optional
        Stations of the site; rows of others are refused. Without it every station is taken.

    Raises
    ------
    WireError
        If the payload as a whole cannot be trusted.
    """
    head = open_batch(payload, gateway)
    rules = Rules(now_ms, stations)
    most = head.last - head.after
    runs: list[Run] = []
    refused: list[Refusal] = []
    seen: set[int] = set()
    for group in head.groups:
        try:
            run = _plain(group, most, rules, head.after)
            if run is None:
                found = read_group(group, most, rules, refused)
                run = _run(sorted((head.after + offset, row) for offset, row in found.items()))
            if not seen.isdisjoint(run.seq):
                refuse("shape", "each seq once", [seq - head.after for seq in run.seq])
            seen.update(run.seq)
            if len(run):
                runs.append(run)
        except WireError as error:
            seqs = group.get("seq") if isinstance(group, dict) else None
            rows_lost = len(seqs) if isinstance(seqs, list) else 0
            refused.append(Refusal(error.reason, str(error), rows_lost, kept(group)))
    if len(seen) > MAX_ROWS:
        raise WireError("size", f"{len(seen)} rows; accepted: up to {MAX_ROWS}")
    return Columns(gateway, head.epoch, head.base, head.after, head.last, tuple(runs), tuple(refused))


def _run(rows: Sequence[tuple[int, Observation]]) -> Run:
    """Rows of one group, whose determinands are the same, as columns."""
    if not rows:
        return Run("", [], [], [], {}, {})
    observations = [observation for _, observation in rows]
    keys = list(observations[0].values)
    return Run(
        observations[0].station,
        [seq for seq, _ in rows],
        [observation.time_ms for observation in observations],
        [str(observation.state) for observation in observations],
        {key: [observation.values[key][0] for observation in observations] for key in keys},
        {key: [int(observation.values[key][1]) for observation in observations] for key in keys},
        tuple(index for index, observation in enumerate(observations) if not observation.synchronised),
    )


def _plain(group: Any, most: int, rules: Rules, after: int) -> Run | None:
    """A group without a fault as it came; None where anything in it wants a closer look."""
    if not isinstance(group, dict) or not group.keys() <= _PLAIN:
        return None
    station: Any = group.get("station")
    offsets: Any = group.get("seq")
    times: Any = group.get("time_ms")
    values: Any = group.get("values")
    if not isinstance(station, str) or not 0 < len(station) <= 64 or not station.isprintable():
        return None
    if rules.stations is not None and station not in rules.stations:
        return None
    if not _whole(offsets) or not _whole(times) or len(times) != len(offsets) or not isinstance(values, dict):
        return None
    if offsets[0] <= 0 or offsets[-1] > most or not all(a < b for a, b in pairwise(offsets)):
        return None
    try:
        rules.check_time(min(times))
        rules.check_time(max(times))
    except WireError:
        return None
    n = len(offsets)
    states = _uniform(group.get("state"), str, _STATES, n)
    quality = group.get("quality")
    by_key = quality if isinstance(quality, dict) else dict.fromkeys(values, quality)
    qualities = {key: _uniform(by_key.get(key), int, _QUALITIES, n) for key in values}
    columns = {key: _numbers(column, n) for key, column in values.items() if key in DETERMINANDS}
    sound = {key: column for key, column in columns.items() if column is not None}
    flags = {key: column for key, column in qualities.items() if column is not None}
    if states is None or len(sound) != len(values) or len(flags) != len(values):
        return None
    return Run(station, [after + offset for offset in offsets] if after else offsets, times, states, sound, flags)


def _whole(column: Any) -> bool:
    """Whether it is a list of whole numbers, and not empty."""
    return isinstance(column, list) and set(map(type, column)) == {int}


def _uniform(column: Any, kind: type, accepted: Collection[Any], n: int) -> list[Any] | None:
    """A column of accepted entries of length n; one scalar stands for n of them."""
    if type(column) is kind:
        return [column] * n if column in accepted else None
    if not isinstance(column, list) or len(column) != n or set(map(type, column)) != {kind}:
        return None
    return column if set(column) <= set(accepted) else None


def _numbers(column: Any, n: int) -> list[float | None] | None:
    """A column of finite floats and None of length n; None where anything else is in it."""
    if not isinstance(column, list) or len(column) != n:
        return None
    kinds = set(map(type, column))
    if not kinds <= _NUMBERS:
        return None
    try:
        if int in kinds:
            column = [value if value is None else float(value) for value in column]
        # The sum is finite only if each is; where it overflows without one, the closer look finds nothing.
        finite = isfinite(sum(column) if type(None) not in kinds else sum(v for v in column if v is not None))
    except OverflowError:
        return None
    return column if finite else None
