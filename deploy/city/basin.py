"""The watch of one site as a function of its messages: what it knows is kept piece by piece, and nothing else counts.

The same messages give the same findings, wherever and however often they are played: time comes with the messages, and
what is kept after each of them is all that the next one needs. So a worker that dies between two commits is replaced by
one that plays the messages since the last commit again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from analytics.qc.control import GRACE_MS, LATENESS_MS
from analytics.qc.visits import Visit
from deploy.city.message import Begin, Findings, Message, MessageError, pack_block, unpack_block
from deploy.city.recent import Recent
from deploy.city.site_pack import unpack
from deploy.watch.grid import SLOT_MS
from deploy.watch.watch import MARK, Watch
from sensors.errors import RiverChiefError

#: Largest piece that is kept under one name [bytes]: half of what Kafka takes.
PIECE_BYTES = 500_000

#: Readings are kept this long after they were judged [ms]: verdicts on them are final after an hour, and then written.
KEEP_MS = LATENESS_MS + GRACE_MS + 4 * SLOT_MS

#: Pause between two reports where nothing was found [ms].
REPORT_MS = 10_000


class Keep(Protocol):
    """Where pieces are kept; all that were put between two commits survive, or none."""

    def get_bytes(self, key: str) -> bytes | None:
        """A piece; None where there is none."""
        ...

    def set_bytes(self, key: str, value: bytes) -> None:
        """Keep a piece."""
        ...

    def delete(self, key: str) -> None:
        """Let a piece go."""
        ...


class Basin:
    """What a worker knows of one site.

    Attributes
    ----------
    at : bytes or None
        Place of the message that was taken last, as it was kept.
    report : dict
        What `deploy.watch.watch.Watch.report` tells; empty before the first beginning.
    """

    def __init__(self) -> None:
        self.at: bytes | None = None
        self.report: dict[str, Any] = {}
        self._token = ""
        self._recent = Recent()
        self._watch: Watch | None = None
        self._visits: tuple[Visit, ...] = ()
        self._now_ms = self._reported_ms = -1
        self._parts: dict[str, int] = {}
        self._marked: dict[str, str] = {}
        self._unusable = ""
        self._left: tuple[str, ...] = ()

    @classmethod
    def load(cls, keep: Keep) -> Basin:
        """What is kept of a site.

        A state that this program cannot go on with (another one wrote it, or the site uses what this one does not know)
        is as good as none: the site waits for its next beginning, and others do not wait for it.
        """
        basin = cls()
        basin.at = keep.get_bytes("at")
        if basin.at is None:
            return basin
        head = json.loads(keep.get_bytes("head") or b"{}")
        try:
            basin._load(keep, head)
        except (RiverChiefError, KeyError, TypeError, ValueError) as error:
            basin = cls()
            basin.at, basin._unusable = keep.get_bytes("at"), str(error)
            basin._parts = dict(head.get("parts", {}))
            basin._left = tuple(f"slot/{slot_ms}" for slot_ms in head.get("slots", ()))
        return basin

    def _load(self, keep: Keep, head: dict[str, Any]) -> None:
        if not head:
            return
        self._token, self._parts = head["token"], dict(head["parts"])
        self._now_ms, self._reported_ms = head["now_ms"], head["reported_ms"]
        self._visits = tuple(Visit(*visit) for visit in head["visits"])
        self._recent.marks, self._marked = dict(head["marks"]), dict(head["marks"])
        blocks = [_unzipped(keep.get_bytes(f"slot/{slot_ms}")) for slot_ms in head["slots"]]
        self._recent.restore([unpack_block(block) for block in blocks], head["from_ms"], head["changed"])
        self._watch = self._watch_of(self._pieces(keep, "site"))
        if head["watch"] is not None:
            self._watch.resume(head["watch"], self._pieces(keep, "state") or None)
            self.report = self._watch.report()

    def _watch_of(self, files: bytes) -> Watch:
        site, limits = unpack(files)
        return Watch(site, self._recent, visits=self._visits_of, configuration=limits)

    def _visits_of(self, start_ms: int, end_ms: int) -> Iterable[Visit]:
        return [one for one in self._visits if one.start_ms <= end_ms and one.end_ms >= start_ms]

    def take(self, keep: Keep, at: bytes, message: Message) -> list[Findings]:
        """Take a message and keep what is known after it.

        Parameters
        ----------
        keep : Keep
        at : bytes
            Place of the message.
        message : Message

        Returns
        -------
        list of Findings
            None or one.

        Raises
        ------
        MessageError
            If it is of a site that has not begun.
        """
        if message.begin is not None and message.begin.token != self._token:
            self._begin(keep, message.begin)
        if self._watch is None:
            why = f"what is kept cannot be used ({self._unusable})" if self._unusable else "its beginning is not known"
            raise MessageError(f"readings of a site that waits: {why}; start its bridge with --again")
        if message.visits is not None:
            self._visits = message.visits
        self._recent.put(message.block)
        found = [] if message.now_ms is None else list(self._tick(keep, self._watch, message.now_ms))
        self._keep(keep, at, self._watch)
        return found

    def _begin(self, keep: Keep, begin: Begin) -> None:
        unpack(begin.files)  # with a mistake in it nothing has happened
        for name in [*self._left, *(f"slot/{slot_ms}" for slot_ms in self._recent.slots)]:
            keep.delete(name)
        self._left, self._unusable = (), ""
        self._put_pieces(keep, "state", b"")
        self._put_pieces(keep, "site", begin.files)
        self._token, self._recent = begin.token, Recent()
        # The watch would draw the name of its states by lot, and another one when the message is played again.
        lineage = hashlib.sha256(begin.token.encode()).hexdigest()[:12]
        self._recent.marks[MARK] = begin.mark or json.dumps({"judged_ms": -1, "lineage": lineage})
        self._marked = dict(self._recent.marks)
        self._watch = self._watch_of(begin.files)
        self._now_ms, self._reported_ms, self.report = -1, -1, {}

    def _tick(self, keep: Keep, watch: Watch, now_ms: int) -> Iterator[Findings]:
        """One piece of what is due. Time never goes back, whatever the bridge's clock does."""
        self._now_ms = max(self._now_ms, now_ms)
        before = self.report.get("judged_ms")
        watch.tick(self._now_ms)
        self.report = watch.report()
        judged_ms = self.report["judged_ms"]
        if judged_ms is not None and judged_ms != before:
            self._put_pieces(keep, "state", watch.snapshot() or b"")
            for slot_ms in self._recent.forget(judged_ms - KEEP_MS):
                keep.delete(f"slot/{slot_ms}")
        recent = self._recent
        marks = {name: text for name, text in recent.marks.items() if self._marked.get(name) != text}
        if recent.events or recent.flags or marks or self._now_ms - self._reported_ms >= REPORT_MS:
            yield Findings(self._now_ms, tuple(recent.events), tuple(recent.flags), marks, self.report)
            recent.events, recent.flags = [], []
            self._reported_ms, self._marked = self._now_ms, dict(recent.marks)

    def _keep(self, keep: Keep, at: bytes, watch: Watch) -> None:
        recent = self._recent
        for slot_ms in recent.touched:
            keep.set_bytes(f"slot/{slot_ms}", _zipped(pack_block(recent.slot(slot_ms))))
        recent.touched.clear()
        head = {
            "token": self._token, "parts": self._parts, "now_ms": self._now_ms, "reported_ms": self._reported_ms,
            "visits": [[one.station, one.start_ms, one.end_ms] for one in self._visits], "marks": recent.marks,
            "slots": recent.slots, "from_ms": recent.from_ms, "changed": recent.changed,
            "watch": watch.light() if self._now_ms >= 0 else None,
        }  # fmt: skip
        keep.set_bytes("head", json.dumps(head, ensure_ascii=False).encode())
        keep.set_bytes("at", at)
        self.at = at

    def _put_pieces(self, keep: Keep, name: str, value: bytes) -> None:
        packed = zlib.compress(value, 1) if value else b""
        pieces = [packed[first : first + PIECE_BYTES] for first in range(0, len(packed), PIECE_BYTES)]
        for i, piece in enumerate(pieces):
            keep.set_bytes(f"{name}/{i}", piece)
        for i in range(len(pieces), self._parts.get(name, 0)):
            keep.delete(f"{name}/{i}")
        self._parts[name] = len(pieces)

    def _pieces(self, keep: Keep, name: str) -> bytes:
        packed = b"".join(keep.get_bytes(f"{name}/{i}") or b"" for i in range(self._parts.get(name, 0)))
        return zlib.decompress(packed) if packed else b""


def _zipped(told: Any) -> bytes:
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 1)


def _unzipped(packed: bytes | None) -> dict[str, Any]:
    if packed is None:
        raise ValueError("a piece of what is known of a site is missing")
    found: dict[str, Any] = json.loads(zlib.decompress(packed))
    return found
