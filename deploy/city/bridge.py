"""The bridge between one site's store and Kafka: readings go there, and what workers found comes back."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from collectors.clock import Now, clock_from
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from deploy.city.face import CityFace
from deploy.city.feed import Feed
from deploy.city.kafka import ANSWER_S, City, make_topics
from deploy.city.message import Findings, MessageError
from deploy.health import parse_place, shown
from deploy.hub.marks import STATE
from deploy.hub.site import SiteFolder
from deploy.notify import ready, status
from deploy.service import pause, run_service
from deploy.watch.watch import Visits, no_visits
from sensors.errors import LinkError, RiverChiefError, StoreError
from sensors.site import load_site

log = logging.getLogger(__name__)

#: Pause between two rounds [s].
TICK_S = 5.0

#: Most findings that are taken from Kafka at a time.
MOST_FINDINGS = 500

#: How long a round takes findings before readings have their turn again [s].
DRAIN_S = 20.0

#: Under this label the store says how the workers are doing, as hub processes do.
LABEL = "city"


class Outlet:
    """Sends the messages of one site.

    Parameters
    ----------
    city : City
    site : str
        Id, and key of the messages.
    """

    def __init__(self, city: City, site: str) -> None:
        self._topic, self._key, self._lost = city.readings, site.encode(), 0
        self._producer = Producer(
            city.client(enable_idempotence=True, acks="all", compression_type="lz4", linger_ms=5, partitioner="murmur2")
        )

    def send(self, payload: bytes) -> None:
        """Hand a message over."""
        while True:
            try:
                self._producer.produce(self._topic, payload, self._key, on_delivery=self._on_delivery)
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(1)
            except KafkaException as error:
                raise LinkError(f"Kafka refused a message: {error.args[0].str()}") from None

    def flush(self) -> None:
        """Wait until everything has arrived.

        Raises
        ------
        LinkError
            If something has not.
        """
        left = self._producer.flush(ANSWER_S)
        lost, self._lost = self._lost, 0
        if left:
            # What is still waiting will be sent again; two of it in the wrong order must not be.
            self._producer.purge()
            self._producer.flush(ANSWER_S)
            self._lost = 0
        if left or lost:
            raise LinkError(f"Kafka did not take {left + lost} messages; they are sent again")

    def _on_delivery(self, error: KafkaError | None, _: Message) -> None:
        self._lost += error is not None


class Inlet:
    """Puts what workers found about one site into its store.

    Parameters
    ----------
    city : City
    site : str
    store : ReadingStore
    now_ms : callable
        [ms since the epoch, UTC]
    """

    def __init__(self, city: City, site: str, store: ReadingStore, now_ms: Now) -> None:
        self._site, self._store, self._now_ms, self._since_ms = site, store, now_ms, now_ms()
        self._consumer = Consumer(
            city.client(
                group_id=f"{city.topics}.bridge.{site}", group_instance_id=f"bridge-{site}", enable_auto_commit=False,
                auto_offset_reset="earliest", isolation_level="read_committed",
            )
        )  # fmt: skip
        self._consumer.subscribe([city.findings])
        self.report: dict[str, Any] = {}

    def drain(self) -> int:
        """Take what is there, for `DRAIN_S` at most; how many events and flags it was.

        Raises
        ------
        StoreError
            If the store does not take it; it comes again.
        LinkError
            If Kafka cannot be asked.
        """
        told, end_s = 0, time.monotonic() + DRAIN_S
        try:
            while True:
                messages = self._consumer.consume(MOST_FINDINGS, timeout=0.5)
                told += self._take(messages)
                if len(messages) < MOST_FINDINGS or time.monotonic() > end_s:
                    return told
        except KafkaException as error:
            raise LinkError(f"findings: {error.args[0].str()}") from None

    def _take(self, messages: list[Message]) -> int:
        try:
            told = sum(self._put(message) for message in messages if message.error() is None)
        except StoreError:
            self._again(messages)
            raise
        if messages:
            # Only now: what was put twice is the same, what was never put is lost.
            self._consumer.commit(asynchronous=False)
        return told

    def _again(self, messages: list[Message]) -> None:
        from confluent_kafka import TopicPartition

        first: dict[tuple[str, int], int] = {}
        for message in messages:
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if message.error() is None and topic is not None and partition is not None and offset is not None:
                first[topic, partition] = min(offset, first.get((topic, partition), offset))
        for (topic, partition), offset in first.items():
            self._consumer.seek(TopicPartition(topic, partition, offset))

    def _put(self, message: Message) -> int:
        if message.key() != self._site.encode():
            return 0
        try:
            found = Findings.decode(message.value() or b"")
        except MessageError as error:
            log.error("%s", error)
            return 0
        if found.flags:
            self._store.put_flags(found.flags)
        if found.events:
            self._store.put_events(found.events)
        for name, text in found.marks.items():
            self._store.put_mark(name, text)
        self.report = found.report
        state = {"time_ms": self._now_ms(), "since_ms": self._since_ms, "label": LABEL, "watch": found.report}
        self._store.put_mark(STATE + LABEL, json.dumps(state))
        return len(found.flags) + len(found.events)

    def close(self) -> None:
        """Leave."""
        self._consumer.close()


class Bridge:
    """Both ways of one site, round by round."""

    def __init__(self, feed: Feed, inlet: Inlet, folder: SiteFolder, now_ms: Now, face: CityFace) -> None:
        self._feed, self._inlet, self._folder, self._now_ms, self._face = feed, inlet, folder, now_ms, face
        self._site = load_site(folder.folder)

    async def run(self, stop: asyncio.Event, metrics: tuple[str, int] | None) -> None:
        """Work until `stop` is set."""
        with self._folder.on_signal():
            async with shown(metrics, self._face.face):
                ready()
                while not stop.is_set():
                    await asyncio.to_thread(self._round)
                    await pause(stop, TICK_S)

    def _round(self) -> None:
        self._survives("site", self._follow)
        sent = self._survives("feed", lambda: self._feed.tick(self._now_ms()))
        told = self._survives("findings", self._inlet.drain)
        self._face.moved(self._now_ms(), sent, told, self._inlet.report)
        status(f"{self._face.readings} readings sent, {self._face.found} findings taken")

    def _follow(self) -> int:
        if self._folder.due and (site := self._folder.read(self._site, None)) is not None:
            self._feed.follow(site)  # a mistake that only it sees leaves the site as it was
            self._site = site
        return 0

    def _survives(self, what: str, work: Callable[[], int]) -> int:
        try:
            count = work()
        except RiverChiefError as error:
            log.error("%s: %s", what, error)
            self._face.failed(what, str(error))
            return 0
        self._face.worked(what)
        return count


def serve(
    folder: Path, store_url: str, city: City, *, books_url: str | None, files: Path | None, metrics: str | None,
    again: bool = False,
) -> None:  # fmt: skip
    """Run the bridge of a site until SIGTERM or SIGINT.

    Parameters
    ----------
    folder : Path
        Of the site.
    store_url : str
        See `collectors.stores.open_store`.
    city : City
    books_url : str or None
        Of the books: the maintenance log.
    files : Path or None
        Folder of photos and documents, where the books need one.
    metrics : str or None
        HOST:PORT on which metrics and health are served.
    again : bool
        Have workers begin anew with this site, from the last two weeks.

    Raises
    ------
    SiteError, UsageError, StoreError, LinkError
        If something that it needs cannot be had at the start.
    """
    now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))
    followed = SiteFolder(folder, now_ms)
    site = load_site(folder)
    place = parse_place(metrics) if metrics is not None else None
    with ExitStack() as stack:
        store = open_store(store_url)
        stack.callback(store.close)
        make_topics(city)
        outlet = Outlet(city, site.id)
        feed = Feed(site, store, outlet.send, outlet.flush, _visits(stack, store, books_url, files))
        if again:
            feed.begin(now_ms())
        inlet = Inlet(city, site.id, store, now_ms)
        stack.callback(inlet.close)
        bridge = Bridge(feed, inlet, followed, now_ms, CityFace("city_bridge", now_ms))
        run_service(lambda stop: bridge.run(stop, place))


def _visits(stack: ExitStack, store: ReadingStore, url: str | None, files: Path | None) -> Visits:
    if url is None:
        return no_visits
    # Only a bridge that has books needs the libraries for them.
    from dashboard.casework.database import open_books
    from deploy.hub.books import HubBooks

    books = open_books(url, files)
    stack.callback(books.close)
    return HubBooks(books, store).visits
