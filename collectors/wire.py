"""Topics and payloads between gateway and hub: pure functions, strict when they read.

The page for people is ``docs/wire.md``. A batch carries a run of rows of a gateway's spool as columns, one group for
each (station, set of determinands). A payload that cannot be trusted as a whole raises `WireError`; within a sound one,
what cannot be kept is refused by itself (a determinand, a row, a group) and handed back as it came, so that one bad
clock never blocks the rows behind it and a person can feed again what was refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from collectors.wire_group import (
    FUTURE_MS,
    OLDEST_MS,
    Refusal,
    Rules,
    WireError,
    encode_group,
    is_int,
    kept,
    read_group,
    refuse,
)
from sensors.reading import Observation

__all__ = [
    "CHANNELS", "FUTURE_MS", "ID", "MAX_BYTES", "MAX_ROWS", "MAX_SEQ", "OLDEST_MS", "VERSION",
    "Batch", "Channel", "Envelope", "Refusal", "Topic", "Watermark", "WireError",
    "encode_batch", "encode_status", "encode_watermark", "open_batch", "parse_batch", "parse_status", "parse_topic",
    "parse_watermark", "shard_filter", "topic",
]  # fmt: skip

#: Version of topics and payloads; both carry it.
VERSION = 1

#: Largest payload that is looked into [bytes].
MAX_BYTES = 1024 * 1024

#: Most spool rows in one batch.
MAX_ROWS = 5_000

#: Largest sequence number: what SQLite can count to.
MAX_SEQ = 2**63 - 1

#: What an id may look like where it stands in a topic: no level separators, no wildcards, no ``$``.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_EPOCH = re.compile(r"[0-9a-f]{8,64}")

Channel = Literal["obs", "birth", "state", "ans", "ack", "cmd", "cfg"]
CHANNELS: tuple[Channel, ...] = ("obs", "birth", "state", "ans", "ack", "cmd", "cfg")


_NOTHING = type(None)

#: What gateways say about themselves, as far as we know it, and the types of JSON that it has.
_STATUS: Mapping[str, tuple[type, ...]] = {
    "online": (bool,), "nobody_listens": (bool,),
    "time_ms": (int,), "backlog": (int,), "bytes": (int,), "waiting": (int,), "dropped": (int,), "connections": (int,),
    "mqtt": (int, _NOTHING),
    "software": (str,), "config": (str,), "spool_error": (str,), "damaged": (str,), "uplink_error": (str,),
    "gaps": (list,),
    "silent": (dict,), "clock": (dict,), "refused": (dict,), "refused_payloads": (dict,), "hj212": (dict,),
}  # fmt: skip


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
class Batch:
    """A run of a gateway's spool.

    Attributes
    ----------
    gateway, epoch : str
        Whose spool, and which opening of it.
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
            "groups": [encode_group(station, keys, rows, batch.after) for (station, keys), rows in groups.items()],
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Envelope:
    """A batch whose groups nobody has looked into yet; its fields are those of `Batch`."""

    gateway: str
    epoch: str
    base: int
    after: int
    last: int
    groups: list[Any]


def open_batch(payload: bytes, gateway: str) -> Envelope:
    """Check what surrounds the groups of a batch that came on a gateway's topic.

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
        refuse("shape", "base <= after < last", [base, after, last])
    groups = body.get("groups")
    if not isinstance(groups, list):
        refuse("shape", "groups", groups)
    return Envelope(gateway, epoch, base, after, last, groups)


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
        Stations of the site, whoever of its gateways they hang on: rows of others are refused. Without it every
        station is taken.

    Returns
    -------
    Batch
        Rows in order of their sequence number.

    Raises
    ------
    WireError
        If the payload as a whole cannot be trusted.
    """
    head = open_batch(payload, gateway)
    after, last = head.after, head.last
    rows: dict[int, Observation] = {}
    refused: list[Refusal] = []
    for group in head.groups:
        try:
            found = read_group(group, last - after, Rules(now_ms, stations), refused)
            if not found.keys().isdisjoint(seq - after for seq in rows):
                refuse("shape", "each seq once", sorted(found))
            rows.update((after + offset, observation) for offset, observation in found.items())
        except WireError as error:
            seqs = group.get("seq") if isinstance(group, dict) else None
            rows_lost = len(seqs) if isinstance(seqs, list) else 0
            refused.append(Refusal(error.reason, str(error), rows_lost, kept(group)))
    if len(rows) > MAX_ROWS:
        raise WireError("size", f"{len(rows)} rows; accepted: up to {MAX_ROWS}")
    return Batch(gateway, head.epoch, head.base, after, last, tuple(sorted(rows.items())), tuple(refused))


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
        If it is no object, of another version or another gateway's, or a field that we know is not what it has to be.
    """
    body = _object(payload)
    _envelope(body, gateway)
    if "epoch" in body:
        _epoch(body["epoch"])
    for name, kinds in _STATUS.items():
        if name in body and type(body[name]) not in kinds:
            refuse("shape", f"{name}: {' or '.join(kind.__name__ for kind in kinds)}", body[name])
    return body


def _envelope(body: Mapping[str, Any], gateway: str) -> None:
    if not is_int(body.get("v")) or body["v"] != VERSION:
        refuse("version", f"version {VERSION}", body.get("v"))
    if body.get("gateway") != gateway:
        refuse("gateway", f"gateway {gateway}", body.get("gateway"))


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise WireError("size", f"{len(payload)} bytes; accepted: up to {MAX_BYTES}")
    try:
        body = json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("json", str(error)[:200]) from error
    if not isinstance(body, dict):
        refuse("shape", "an object", body)
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _seq(value: Any, name: str) -> int:
    if not is_int(value) or not 0 <= value <= MAX_SEQ:
        refuse("shape", name, value)
    return int(value)


def _epoch(value: Any) -> str:
    if not isinstance(value, str) or not _EPOCH.fullmatch(value):
        refuse("shape", "epoch", value)
    return value


def _dumps(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
