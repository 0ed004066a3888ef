"""What goes over Kafka between a bridge and a worker, as bytes: JSON, one object a message.

A site's messages have its id as their key and are in order. A worker knows nothing but them: not even the clock.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from analytics.qc.visits import Visit
from collectors.stores.base import Event, Flag
from sensors.errors import RiverChiefError
from sensors.reading import Block, Quality, StationState

#: Version of both kinds of message.
SCHEMA = 1

#: Most readings, and most events and flags, in one message: Kafka takes a megabyte.
MOST_READINGS, MOST_ROWS = 5_000, 1_000


class MessageError(RiverChiefError):
    """A message that is none of ours."""


@dataclass(frozen=True, slots=True)
class Begin:
    """The site as it is from now on.

    Attributes
    ----------
    token : str
        Name of this beginning: the same one may come twice.
    files : bytes
        From `deploy.city.site_pack.pack`.
    mark : str or None
        Mark of the watch that the site had before.
    """

    token: str
    files: bytes
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A piece of what a site's store has taken in.

    Attributes
    ----------
    block : Block
        Readings; any of them may have come before.
    now_ms : int or None
        The present as the bridge has it [ms since the epoch, UTC]: everything up to now was sent, and it is time to
        judge. None where more of it follows.
    begin : Begin or None
    visits : tuple of Visit or None
        All of the last days, where they have changed.
    """

    block: Block = field(default_factory=Block)
    now_ms: int | None = None
    begin: Begin | None = None
    visits: tuple[Visit, ...] | None = None

    def encode(self) -> bytes:
        """As it is sent."""
        told: dict[str, Any] = {"v": SCHEMA}
        if len(self.block):
            told["block"] = pack_block(self.block)
        if self.now_ms is not None:
            told["now_ms"] = self.now_ms
        if self.begin is not None:
            files = base64.b64encode(self.begin.files).decode()
            told["begin"] = {"token": self.begin.token, "files": files, "mark": self.begin.mark}
        if self.visits is not None:
            told["visits"] = [[one.station, one.start_ms, one.end_ms] for one in self.visits]
        return _dumps(told)

    @classmethod
    def decode(cls, payload: bytes) -> Message:
        """Back from what was sent.

        Raises
        ------
        MessageError
            If it is something else.
        """
        told = _opened(payload)
        try:
            now_ms, begin, visits = told.get("now_ms"), told.get("begin"), told.get("visits")
            return cls(
                unpack_block(told["block"]) if "block" in told else Block(),
                None if now_ms is None else int(now_ms),
                None if begin is None else Begin(
                    str(begin["token"]), base64.b64decode(begin["files"], validate=True), begin["mark"]
                ),
                None if visits is None else tuple(Visit(str(name), int(a), int(b)) for name, a, b in visits),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, IndexError, binascii.Error) as error:
            raise MessageError(f"a message of a bridge cannot be read: {error!r:.200}") from None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a worker found at a tick, for the site's store.

    Attributes
    ----------
    now_ms : int
        The tick [ms since the epoch, UTC].
    events : tuple of Event
    flags : tuple of Flag
    marks : dict of str to str
        Texts to be kept under names.
    report : dict
        What `deploy.watch.watch.Watch.report` tells.
    """

    now_ms: int
    events: tuple[Event, ...] = ()
    flags: tuple[Flag, ...] = ()
    marks: dict[str, str] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> Iterator[bytes]:
        """As it is sent, in as many messages as it takes."""
        events = [
            [e.id, e.kind, e.start_ms, e.end_ms, e.detected_ms, e.updated_ms, list(e.stations), e.detail]
            for e in self.events
        ]
        flags = [[f.station, f.determinand, f.time_ms, f.test, int(f.flag), f.evidence] for f in self.flags]
        for first in range(0, max(len(events), len(flags), 1), MOST_ROWS):
            told: dict[str, Any] = {"v": SCHEMA, "now_ms": self.now_ms, "report": self.report}
            told["events"], told["flags"] = events[first : first + MOST_ROWS], flags[first : first + MOST_ROWS]
            # Marks say how far it is told, so they go with the last part.
            told["marks"] = self.marks if first + MOST_ROWS >= max(len(events), len(flags)) else {}
            yield _dumps(told)

    @classmethod
    def decode(cls, payload: bytes) -> Findings:
        """Back from one message.

        Raises
        ------
        MessageError
            If it is something else.
        """
        told = _opened(payload)
        try:
            events = tuple(
                Event(str(name), str(kind), int(start), None if end is None else int(end), int(seen), int(changed),
                      tuple(map(str, stations)), dict(detail))
                for name, kind, start, end, seen, changed, stations, detail in told["events"]
            )  # fmt: skip
            flags = tuple(
                Flag(str(station), str(key), int(time_ms), str(test), Quality(flag), dict(evidence))
                for station, key, time_ms, test, flag, evidence in told["flags"]
            )
            marks = {str(name): str(text) for name, text in told["marks"].items()}
            return cls(int(told["now_ms"]), events, flags, marks, dict(told["report"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise MessageError(f"a message of a worker cannot be read: {error!r:.200}") from None


def pack_block(block: Block) -> dict[str, Any]:
    """Columns of a block, with each series named once."""
    series: dict[tuple[str, str], int] = {}
    pairs = zip(block.station, block.determinand, strict=True)
    index = [series.setdefault(pair, len(series)) for pair in pairs]
    return {
        "series": list(series), "index": index, "time_ms": block.time_ms, "value": block.value,
        "quality": _short(block.quality), "state": _short(block.state),
    }  # fmt: skip


def unpack_block(told: dict[str, Any]) -> Block:
    """Back from `pack_block`.

    Raises
    ------
    KeyError, TypeError, ValueError, IndexError
        If it is something else.
    """
    series, index = told["series"], told["index"]
    n = len(index)
    quality = [int(Quality(one)) for one in _long(told["quality"], n)]
    state = [str(StationState(one)) for one in _long(told["state"], n)]
    block = Block(
        [str(series[i][0]) for i in index], [str(series[i][1]) for i in index], [int(t) for t in told["time_ms"]],
        [None if v is None else float(v) for v in told["value"]], quality, state,
    )  # fmt: skip
    if not n == len(block.time_ms) == len(block.value) == len(quality) == len(state):
        raise ValueError("columns of different length")
    return block


def _short(column: Sequence[Any]) -> Any:
    return column[0] if len(set(column)) == 1 else list(column)


def _long(column: Any, n: int) -> list[Any]:
    return column if isinstance(column, list) else [column] * n


def _opened(payload: bytes) -> dict[str, Any]:
    try:
        told = json.loads(payload)
    except (ValueError, TypeError, RecursionError):
        told = None
    if not isinstance(told, dict) or told.get("v") != SCHEMA:
        raise MessageError(f"a message that is none: accepted: a JSON object with v = {SCHEMA}; found {payload!r:.80}")
    return told


def _dumps(told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
