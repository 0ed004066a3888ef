"""The hub's side of delivery: batches to the store, once in effect, then the watermark that lets the gateway forget.

Order matters: commit, then the retained watermark, then the acknowledgement to the broker. Whatever dies in between
makes something come again, and what comes again is known by its sequence number.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from collectors import wire
from collectors.broker import Message, Session
from collectors.clock import Now
from collectors.quarantine import Quarantine
from collectors.stores.base import Flag, ReadingStore
from collectors.wire import Watermark, WireError
from collectors.wire_columns import Columns, Run, parse_columns, put_runs
from sensors.errors import LinkError, StoreError
from sensors.reading import Block, Quality

log = logging.getLogger(__name__)

#: Pauses while the store takes nothing [s].
FIRST_RETRY_S, LAST_RETRY_S = 0.25, 15.0

#: Readings in one commit after which it is made, however many more wait: what bounds the memory and the transaction.
MOST_READINGS = 20_000

#: Name of the test that a reading fails whose time is from a clock that was not synchronised.
CLOCK = "clock"

#: Pause before watermarks that the broker refused are published again [s].
AGAIN_S = 1.0


@dataclass(slots=True)
class IngestState:
    """How an ingester is doing.

    Attributes
    ----------
    batches, rows, readings, commits : int
        Stored, and in how many commits.
    known : int
        Rows that came again.
    early : int
        Batches that came before one that is still missing; they are sent again.
    lost : Counter of str
        Rows by gateway that will never come: the gateway had to drop them.
    moved : Counter of (str, str)
        Rows by gateway and station of stations that hang on another gateway of the site, as far as the site's files
        know. They are stored: a cable that was moved must not cost readings.
    newest_ms : dict of str to int
        Newest reading that was stored of each gateway since the start [ms since the epoch, UTC].
    delay_ms : int
        From the newest reading of the last commit to its being stored [ms].
    error : str
        Why the store takes nothing; empty where all is well.
    """

    batches: int = 0
    rows: int = 0
    readings: int = 0
    commits: int = 0
    known: int = 0
    early: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    newest_ms: dict[str, int] = field(default_factory=dict)
    delay_ms: int = 0
    error: str = ""


class _Stopped(Exception):
    """The ingester was told to stop while the store took nothing."""


@dataclass(slots=True)
class _Work:
    """What one gateway's batches add up to."""

    mark: Watermark
    block: Block = field(default_factory=Block)
    flags: list[Flag] = field(default_factory=list)
    rows: int = 0

    def take(self, runs: Sequence[Run], mark: Watermark) -> None:
        """Add rows, and how far they reach."""
        put_runs(runs, self.block)
        for run in runs:
            self.flags += clock_flags(run)
        self.rows += sum(map(len, runs))
        self.mark = mark


def clock_flags(run: Run) -> list[Flag]:
    """Flags of readings whose time is from a clock that was not synchronised, where nothing worse is said of them."""
    return [
        Flag(run.station, key, run.time_ms[index], CLOCK, Quality.SUSPECT, {})
        for index in run.adrift
        for key, qualities in run.quality.items()
        if qualities[index] == Quality.NOT_EVALUATED
    ]


class Ingest:
    """Stores what the gateways of one shard send; an async context manager inside that of its session.

    Parameters
    ----------
    session : Session
        Not entered yet, its identity persistent: this makes the subscriptions.
    store : ReadingStore
        Written to from a thread; nobody else may move these gateways' watermarks.
    site : str
    shard : int
    now_ms : callable
        Clock for "from the future" [ms since the epoch, UTC].
    quarantine : Quarantine, optional
        Where refused payloads go.
    stations : mapping of str to collection of str, optional
        Stations of each gateway of this shard. Another gateway is not listened to: its payloads are refused, and it
        keeps its rows until somebody has entered it. Without this mapping everything is taken.
    known : collection of str, optional
        Every station of the site, of other shards too: what gateways of this shard send about another station is
        refused. Without it those of `stations`.
    on_status : callable, optional
        Gets gateway, channel (``birth`` or ``state``) and what the gateway said about itself.

    Attributes
    ----------
    state : IngestState
    """

    def __init__(
        self,
        session: Session,
        store: ReadingStore,
        *,
        site: str,
        shard: int,
        now_ms: Now,
        quarantine: Quarantine | None = None,
        stations: Mapping[str, Collection[str]] | None = None,
        known: Collection[str] | None = None,
        on_status: Callable[[str, Literal["birth", "state"], dict[str, Any]], None] | None = None,
    ) -> None:
        self._session, self._store, self._now_ms = session, store, now_ms
        self._site, self._shard = site, shard
        self.quarantine = quarantine or Quarantine(None)
        self._stations = stations
        if known is None and stations is not None:
            known = frozenset().union(*stations.values())
        self._known = known
        self._on_status = on_status
        self.state = IngestState()
        self._marks: dict[str, Watermark] = {}
        self._epochs: dict[str, str] = {}
        self._heard: set[str] = set()
        self._waiting: list[Message] = []
        #: By gateway: stored, but the watermark is not out yet, so not acknowledged either.
        self._owed: defaultdict[str, list[Message]] = defaultdict(list)
        #: Gateways whose watermark the broker has to be told.
        self._untold: set[str] = set()
        self._publish_all = False
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        session.subscribe(wire.shard_filter(site, shard, "obs"), self._on_obs)
        for channel in ("birth", "state"):
            session.subscribe(wire.shard_filter(site, shard, channel), self._on_status_message)
        session.on_up.append(self._on_up)

    async def __aenter__(self) -> Self:
        marks = await asyncio.to_thread(self._store.watermarks)
        self._marks = {gateway: Watermark(epoch, seq) for gateway, (epoch, seq) in marks.items()}
        self._task = asyncio.create_task(self._run(), name=f"ingest {self._site}/{self._shard}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A commit that is under way in its thread is waited for: nobody may close the store under it.
        self._stop.set()
        self._wake.set()
        if self._task is not None:
            await self._task

    def follow(self, stations: Mapping[str, Collection[str]], known: Collection[str]) -> None:
        """Know other gateways and stations from now on, as the parameters of the same names say."""
        self._stations, self._known = stations, known

    def _on_up(self) -> None:
        # The broker may have lost what it retained.
        self._publish_all = True
        self._wake.set()

    def _on_obs(self, message: Message) -> None:
        self._waiting.append(message)
        self._wake.set()

    def _on_status_message(self, message: Message) -> None:
        message.ack()
        if not message.payload:
            return  # somebody took the retained message back
        try:
            topic = wire.parse_topic(message.topic)
            body = wire.parse_status(message.payload, topic.gateway)
        except WireError as error:
            self.quarantine.put(message.topic, error.reason, str(error), message.payload)
            return
        if "epoch" in body and body.get("online") is not False:
            # What the broker says of a gateway that is gone may come after the gateway has come back.
            self._epochs[topic.gateway] = body["epoch"]
        if self._on_status is not None and topic.channel in ("birth", "state"):
            self._on_status(topic.gateway, "birth" if topic.channel == "birth" else "state", body)

    async def _run(self) -> None:
        while not self._stop.is_set():
            await self._wake.wait()
            self._wake.clear()
            messages, self._waiting = self._waiting, []
            try:
                await self._take(messages)
            except _Stopped:
                break  # nothing is acknowledged: it comes again
            except Exception:
                # A fault of ours must not stop the other gateways. The watermark stands, so the gateway sends again.
                log.exception("ingest of %d messages", len(messages))
                for message in messages:
                    message.ack()

    async def _take(self, messages: list[Message]) -> None:
        """Everything about some messages: read, commit, publish the watermarks, acknowledge."""
        works: dict[str, _Work] = {}
        taken: list[tuple[str, Message]] = []
        for message in messages:
            batch = self._read(message)
            if batch is None:
                message.ack()
                continue
            taken.append((batch.gateway, message))
            await self._add(batch, works)
        for gateway, work in works.items():
            await self._commit(gateway, work)
        for gateway, message in taken:
            self._heard.add(gateway)
            self._untold.add(gateway)
            self._owed[gateway].append(message)
        await self._settle()

    async def _settle(self) -> None:
        """Publish watermarks, each with what it lets acknowledge; where that fails it is tried again.

        Messages may come before the session is up (a broker delivers what it kept right after CONNACK): they would
        block its window for ever if they were forgotten here.
        """
        if self._publish_all:
            mine = self._heard if self._stations is None else self._stations.keys()
            self._untold |= self._marks.keys() & mine
        self._publish_all = False  # before waiting: the next connection may ask for it meanwhile
        if not self._session.state.connected:
            return  # `_on_up` comes back to it
        gateways, self._untold = sorted(self._untold), set()
        await asyncio.gather(*map(self._tell, gateways))
        if self._untold and self._session.state.connected:
            asyncio.get_running_loop().call_later(AGAIN_S, self._wake.set)

    async def _tell(self, gateway: str) -> None:
        """Publish a gateway's watermark, retained, and acknowledge what it covers; one refused stops no other."""
        covered = self._owed.pop(gateway, [])
        mark = self._marks.get(gateway)
        try:
            if mark is not None:  # a first batch that came early has none
                await self._session.publish(
                    wire.topic(self._site, self._shard, gateway, "ack"),
                    wire.encode_watermark(gateway, mark),
                    retain=True,
                )
        except Exception as error:
            if not isinstance(error, LinkError):
                log.exception("watermark of %s", gateway)
            else:
                log.warning("watermark of %s: %s", gateway, error)
            self._owed[gateway][:0] = covered
            self._untold.add(gateway)
            return
        for message in covered:
            message.ack()

    def _read(self, message: Message) -> Columns | None:
        gateway = ""
        try:
            topic = wire.parse_topic(message.topic)
            if self._stations is not None and topic.gateway not in self._stations:
                raise WireError("gateway", f"found {topic.gateway!r}; accepted: gateways of shard {self._shard}")
            gateway = topic.gateway
            batch = parse_columns(message.payload, gateway, self._now_ms(), stations=self._known)
        except WireError as error:
            self.quarantine.put(message.topic, error.reason, str(error), message.payload, gateway=gateway)
            return None
        for refusal in batch.refused:
            # The watermark goes past it and the gateway deletes it: this is the last that there is of it.
            self.quarantine.put(
                message.topic, refusal.reason, refusal.detail, refusal.payload, whole=True, gateway=gateway
            )
        return batch

    def _note_moved(self, gateway: str, run: Run) -> None:
        """Count rows of a station that the site knows at another gateway; the first is told."""
        # A gateway that the site has just lost while its batch was under way has no stations to compare with.
        if self._stations is None or run.station in self._stations.get(gateway, (run.station,)):
            return
        if (gateway, run.station) not in self.state.moved:
            log.warning("%s sends station %s, which the site's files have at another gateway", gateway, run.station)
        self.state.moved[gateway, run.station] += len(run)

    async def _add(self, batch: Columns, works: dict[str, _Work]) -> None:
        """Put what is new in a batch to the gateway's work; leave it where something before it is still missing."""
        gateway = batch.gateway
        work = works.get(gateway)
        mark = work.mark if work else self._marks.get(gateway, Watermark(batch.epoch, 0))
        if mark.epoch != batch.epoch:
            if work:  # what was collected so far belongs to another epoch
                await self._commit(gateway, works.pop(gateway))
                work = None
            if self._epochs.get(gateway, batch.epoch) != batch.epoch:
                await self._of_a_former_life(batch, self._marks[gateway])
                return
            mark = Watermark(batch.epoch, 0)
        stored = max(mark.seq, batch.base)
        if batch.after > stored:
            self.state.early += 1
            log.info("%s: batch after %d came early, stored up to %d", gateway, batch.after, mark.seq)
            return
        runs = batch.beyond(mark.seq)
        fresh = sum(map(len, runs))
        self.state.known += batch.rows - fresh
        if batch.last <= mark.seq:
            return
        # Every number without a row is a row that the gateway had to drop; a new life has none before its base.
        refused = sum(refusal.rows for refusal in batch.refused)
        begin = batch.base if mark.seq == 0 else mark.seq
        if lost := max(0, batch.last - begin - fresh - refused):
            self.state.lost[gateway] += lost
            log.error("%s: %d rows were dropped at the gateway and will never come", gateway, lost)
        work = works.setdefault(gateway, _Work(mark))
        work.take(runs, Watermark(batch.epoch, batch.last))
        for run in runs:
            self._note_moved(gateway, run)
        self.state.batches += 1
        if len(work.block) >= MOST_READINGS:
            await self._commit(gateway, works.pop(gateway))

    async def _of_a_former_life(self, batch: Columns, mark: Watermark) -> None:
        """A late batch of an epoch that is over: its readings are good, its numbers mean nothing.

        Committed under the watermark that stands, because a plain write would undo verdicts of quality control.
        """
        work = _Work(mark)
        work.take(batch.runs, mark)
        await self._insist(lambda: self._write(batch.gateway, work))

    async def _commit(self, gateway: str, work: _Work) -> None:
        """Store a gateway's work."""
        await self._insist(lambda: self._write(gateway, work))
        self._marks[gateway] = work.mark
        state = self.state
        state.rows += work.rows
        state.readings += len(work.block)
        state.commits += 1
        if len(work.block):
            newest_ms = max(work.block.time_ms)
            state.newest_ms[gateway] = max(newest_ms, state.newest_ms.get(gateway, newest_ms))
            state.delay_ms = self._now_ms() - newest_ms

    def _write(self, gateway: str, work: _Work) -> None:
        """In a thread: what was refused to the disk, then readings and watermark to the store."""
        if self.quarantine.waiting:
            self.quarantine.flush()
        if work.flags:
            # Before the readings, so that no kill comes between; and after, because a value that replaces another one
            # takes the flags of that away.
            self._store.put_flags(work.flags)
        self._store.commit(work.block, gateway, work.mark.epoch, work.mark.seq)
        if work.flags:
            self._store.put_flags(work.flags)

    async def _insist(self, write: Callable[[], None]) -> None:
        """Write until the store takes it, or the ingester is stopped.

        A store that refuses for good is insisted on as well: nothing is acknowledged, so nothing is lost, and the state
        says what somebody has to mend.
        """
        pause_s = FIRST_RETRY_S
        while True:
            try:
                await asyncio.to_thread(write)
            except StoreError as error:
                if str(error) != self.state.error:
                    log.error("%s", error)
                self.state.error = str(error)
            else:
                self.state.error = ""
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stop.wait()
                    raise _Stopped
            pause_s = min(2 * pause_s, LAST_RETRY_S)
