"""Topics and payloads between gateway and hub: pure functions, strict when they read.

The page for people is ``docs/wire.md``. A batch carries a run of rows of a gateway's spool as columns, one group for
each (station, set of determinands). A payload that cannot be trusted as a whole raises `WireError`; within a sound one,
what cannot be kept is refused group by group or row by row, so that one bad clock never blocks the rows behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, NoReturn

from sensors.determinand import DETERMINANDS
from sensors.errors import RiverChiefError
from sensors.reading import Observation, Quality, StationState

#: Version of topics and payloads; both carry it.
VERSION = 1

#: Largest payload that is looked into [bytes].
MAX_BYTES = 1024 * 1024

#: Most spool rows in one batch.
MAX_ROWS = 5_000

#: How far ahead of the hub's clock a reading may be [ms].
FUTURE_MS = 600_000

#: No probe of ours is older: 2000-01-01T00:00Z [ms]. A gateway without a battery clock starts at 1970.
OLDEST_MS = 946_684_800_000

#: Largest sequence number: what SQLite can count to.
MAX_SEQ = 2**63 - 1

#: What an id may look like where it stands in a topic: no level separators, no wildcards, no ``$``.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_EPOCH = re.compile(r"[0-9a-f]{8,64}")

Channel = Literal["obs", "birth", "state", "ack", "cmd", "cfg"]
CHANNELS: tuple[Channel, ...] = ("obs", "birth", "state", "ack", "cmd", "cfg")

_QUALITIES = {int(quality): quality for quality in Quality}
_STATES = {str(state): state for state in StationState}


class WireError(RiverChiefError):
    """A payload or topic that is refused.

    Attributes
    ----------
    reason : str
        One word for counting, e.g. ``json``, ``size``, ``version``, ``gateway``, ``shape``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A place in the topic tree, ``rc1/<site>/<shard>/<gateway>/<channel>``."""

    site: str
    shard: int
    gateway: str
    channel: Channel

    def __str__(self) -> str:
        return f"rc{VERSION}/{self.site}/{self.shard}/{self.gateway}/{self.channel}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Part of a sound batch that cannot be kept: why, what it was, and how many rows."""

    reason: str
    detail: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of a gateway's spool.

    Attributes
    ----------
    gateway, epoch : str
        Whose spool, and which life of it.
    base : int
        Everything up to this sequence number is gone from the spool: delivered, or dropped because it was full.
    after, last : int
        The run is every row with ``after < seq <= last``; numbers without a row were dropped.
    rows : tuple of (int, Observation)
        Sequence number and what was observed, in order.
    refused : tuple of Refusal
        What the reader would not take; empty on the sending side.
    """

    gateway: str
    epoch: str
    base: int
    after: int
    last: int
    rows: tuple[tuple[int, Observation], ...]
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a gateway's spool is safely stored at the hub."""

    epoch: str
    seq: int


def topic(site: str, shard: int, gateway: str, channel: Channel) -> str:
    """Topic of one channel of one gateway.

    Raises
    ------
    WireError
        If an id could reach outside its own place in the tree.
    """
    for name in (site, gateway):
        if not ID.fullmatch(name):
            raise WireError("topic", f"found id {name!r}; accepted: {ID.pattern}")
    if shard < 0:
        raise WireError("topic", f"found shard {shard}; accepted: 0 and more")
    return str(Topic(site, shard, gateway, channel))


def shard_filter(site: str, shard: int, channel: Channel) -> str:
    """Subscription to one channel of every gateway of a shard."""
    head, _, tail = topic(site, shard, "x", channel).rpartition("/x/")
    return f"{head}/+/{tail}"


def parse_topic(text: str) -> Topic:
    """Take a topic apart.

    Raises
    ------
    WireError
        If it is none of ours.

    Examples
    --------
    >>> parse_topic("rc1/xietang/0/gw1/obs")
    Topic(site='xietang', shard=0, gateway='gw1', channel='obs')
    """
    levels = text.split("/")
    if len(levels) != 5 or levels[0] != f"rc{VERSION}":
        raise WireError("topic", f"found {text!r:.120}; accepted: rc{VERSION}/<site>/<shard>/<gateway>/<channel>")
    _, site, shard, gateway, name = levels
    channel = next((known for known in CHANNELS if known == name), None)
    digits = shard.isascii() and shard.isdigit() and len(shard) < 6
    if channel is None or not digits or not ID.fullmatch(site) or not ID.fullmatch(gateway):
        raise WireError("topic", f"found {text!r:.120}")
    return Topic(site, int(shard), gateway, channel)


def encode_batch(batch: Batch) -> bytes:
    """Batch as a columnar payload."""
    groups: dict[tuple[str, tuple[str, ...]], list[tuple[int, Observation]]] = {}
    for seq, observation in batch.rows:
        groups.setdefault((observation.station, tuple(observation.values)), []).append((seq, observation))
    return _dumps(
        {
            "v": VERSION, "gateway": batch.gateway, "epoch": batch.epoch,
            "base": batch.base, "after": batch.after, "last": batch.last,
            "groups": [_group(station, keys, rows, batch.after) for (station, keys), rows in groups.items()],
        }
    )  # fmt: skip


def _group(station: str, keys: tuple[str, ...], rows: Sequence[tuple[int, Observation]], after: int) -> dict[str, Any]:
    cells = {key: [observation.values[key] for _, observation in rows] for key in keys}
    quality = {key: _uniform([int(quality) for _, quality in column]) for key, column in cells.items()}
    return {
        "station": station,
        # Counted from `after`: two digits instead of nine.
        "seq": [seq - after for seq, _ in rows],
        "time_ms": [observation.time_ms for _, observation in rows],
        "state": _uniform([str(observation.state) for _, observation in rows]),
        "quality": _uniform_all(quality),
        "values": {key: [value for value, _ in column] for key, column in cells.items()},
    }


def _uniform(column: list[Any]) -> Any:
    return column[0] if column.count(column[0]) == len(column) else column


def _uniform_all(columns: dict[str, Any]) -> Any:
    """One scalar where every column is that scalar."""
    first = next(iter(columns.values()), int(Quality.NOT_EVALUATED))
    return first if all(column == first for column in columns.values()) and isinstance(first, int) else columns


def parse_batch(payload: bytes, gateway: str, now_ms: int, *, stations: Collection[str] | None = None) -> Batch:
    """Read a batch that came on a gateway's topic.

    Parameters
    ----------
    payload : bytes
    gateway : str
        Gateway of the topic; the payload must be its own.
    now_ms : int
        Milliseconds since the epoch, UTC; rows more than `FUTURE_MS` ahead are refused.
    stations : collection of str, optional
        Stations of this gateway; rows of others are refused. Without it every station is taken.

    Returns
    -------
    Batch
        Rows in order of their sequence number.

    Raises
    ------
    WireError
        If the payload as a whole cannot be trusted.
    """
    body = _object(payload)
    _envelope(body, gateway)
    epoch = _epoch(body.get("epoch"))
    base, after, last = (_seq(body.get(name), name) for name in ("base", "after", "last"))
    if not base <= after < last:
        _refuse("shape", "base <= after < last", [base, after, last])
    groups = body.get("groups")
    if not isinstance(groups, list):
        _refuse("shape", "groups", groups)
    rows: dict[int, Observation] = {}
    refused: list[Refusal] = []
    for group in groups:
        try:
            found = _read_group(group, last - after, _Rules(now_ms, stations), refused)
            if not found.keys().isdisjoint(seq - after for seq in rows):
                _refuse("shape", "each seq once", sorted(found))
            rows.update((after + offset, observation) for offset, observation in found.items())
        except WireError as error:
            seqs = group.get("seq") if isinstance(group, dict) else None
            rows_lost = len(seqs) if isinstance(seqs, list) else 0
            refused.append(Refusal(error.reason, f"{error}; {group!r:.2000}", rows_lost))
    if len(rows) > MAX_ROWS:
        raise WireError("size", f"{len(rows)} rows; accepted: up to {MAX_ROWS}")
    return Batch(gateway, epoch, base, after, last, tuple(sorted(rows.items())), tuple(refused))


@dataclass(frozen=True, slots=True)
class _Rules:
    now_ms: int
    stations: Collection[str] | None

    def out_of_time(self, time_ms: int) -> str:
        if time_ms > self.now_ms + FUTURE_MS:
            return "future"
        return "past" if time_ms < OLDEST_MS else ""


def _read_group(group: Any, most: int, rules: _Rules, refused: list[Refusal]) -> dict[int, Observation]:
    """Rows of one group by their offset, 1 to `most`; what is out of time goes to `refused`."""
    if not isinstance(group, dict):
        _refuse("shape", "group", group)
    station = group.get("station")
    if not isinstance(station, str) or not 0 < len(station) <= 64 or not station.isprintable():
        _refuse("shape", "station", station)
    if rules.stations is not None and station not in rules.stations:
        _refuse("station", "station of this gateway", station)
    offsets = group.get("seq")
    if not isinstance(offsets, list) or not offsets:
        _refuse("shape", "seq", offsets)
    n = len(offsets)
    times = _column(group.get("time_ms"), n, "time_ms", scalar=False)
    states = _column(group.get("state"), n, "state")
    cells = _cells(group, n)
    rows: dict[int, Observation] = {}
    out_of_time: list[Refusal] = []
    for index, (offset, time_ms, state) in enumerate(zip(offsets, times, states, strict=True)):
        if not _is_int(offset) or not 0 < offset <= most or offset in rows:
            _refuse("shape", f"seq {index}", offset)
        if not _is_int(time_ms):
            _refuse("shape", f"time_ms {index}", time_ms)
        if not isinstance(state, str) or state not in _STATES:
            _refuse("state", f"state {index}", state)
        if reason := rules.out_of_time(time_ms):
            out_of_time.append(Refusal(reason, f"{station} at {time_ms} ms while the hub has {rules.now_ms} ms"))
        else:
            values = {key: column[index] for key, column in cells.items()}
            rows[offset] = Observation(station, time_ms, values, _STATES[state])
    refused.extend(out_of_time)
    return rows


def _cells(group: Mapping[str, Any], n: int) -> dict[str, list[tuple[float | None, Quality]]]:
    """Value and quality of each determinand, as columns of length n."""
    columns = group.get("values")
    if not isinstance(columns, dict):
        _refuse("shape", "values", columns)
    qualities = group.get("quality")
    cells: dict[str, list[tuple[float | None, Quality]]] = {}
    for key, column in columns.items():
        if key not in DETERMINANDS:
            _refuse("determinand", "determinand", key)
        quality = _column(qualities.get(key) if isinstance(qualities, dict) else qualities, n, f"quality of {key}")
        cells[key] = [
            (_value(value, key), _quality(flag, key))
            for value, flag in zip(_column(column, n, key, scalar=False), quality, strict=True)
        ]
    return cells


def _column(column: Any, n: int, name: str, *, scalar: bool = True) -> list[Any]:
    """A column of length n; one scalar stands for n of them."""
    if isinstance(column, list):
        if len(column) != n:
            _refuse("shape", f"{name}: {n} entries", len(column))
        return column
    if not scalar:
        _refuse("shape", f"{name}: a list", column)
    return [column] * n


def _value(value: Any, key: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse("shape", f"value of {key}", value)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        _refuse("finite", f"finite value of {key}", value)
    return number


def _quality(flag: Any, key: str) -> Quality:
    quality = _QUALITIES.get(flag) if _is_int(flag) else None
    if quality is None:
        _refuse("quality", f"quality of {key}", flag)
    return quality


def encode_watermark(gateway: str, watermark: Watermark) -> bytes:
    """Watermark as the payload of a gateway's ``ack`` channel."""
    return _dumps({"v": VERSION, "gateway": gateway, "epoch": watermark.epoch, "seq": watermark.seq})


def parse_watermark(payload: bytes, gateway: str) -> Watermark:
    """Read a watermark; raises `WireError` where it is none, or another gateway's."""
    body = _object(payload)
    _envelope(body, gateway)
    return Watermark(_epoch(body.get("epoch")), _seq(body.get("seq"), "seq"))


def encode_status(gateway: str, **fields: Any) -> bytes:
    """Payload of ``birth`` and ``state``: whatever the gateway says about itself."""
    return _dumps({"v": VERSION, "gateway": gateway, **fields})


def parse_status(payload: bytes, gateway: str) -> dict[str, Any]:
    """Read what a gateway says about itself.

    Raises
    ------
    WireError
        If it is no object, of another version or another gateway's, or its epoch is none.
    """
    body = _object(payload)
    _envelope(body, gateway)
    if "epoch" in body:
        _epoch(body["epoch"])
    return body


def _envelope(body: Mapping[str, Any], gateway: str) -> None:
    if not _is_int(body.get("v")) or body["v"] != VERSION:
        _refuse("version", f"version {VERSION}", body.get("v"))
    if body.get("gateway") != gateway:
        _refuse("gateway", f"gateway {gateway}", body.get("gateway"))


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise WireError("size", f"{len(payload)} bytes; accepted: up to {MAX_BYTES}")
    try:
        body = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("json", str(error)[:200]) from error
    if not isinstance(body, dict):
        _refuse("shape", "an object", body)
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _seq(value: Any, name: str) -> int:
    if not _is_int(value) or not 0 <= value <= MAX_SEQ:
        _refuse("shape", name, value)
    return int(value)


def _epoch(value: Any) -> str:
    if not isinstance(value, str) or not _EPOCH.fullmatch(value):
        _refuse("shape", "epoch", value)
    return value


def _refuse(reason: str, accepted: str, found: object) -> NoReturn:
    raise WireError(reason, f"found {found!r:.120}; accepted: {accepted}")


def _dumps(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
