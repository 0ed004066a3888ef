"""A worker: the watches of many sites, each as a function of its messages, in a Quix Streams application.

What is kept of a site, what was found and how far the messages were taken are committed in one transaction of Kafka
(exactly once). A worker that dies at any moment leaves nothing half done: whoever takes its sites over finds what was
committed last, and plays the messages since then again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from quixstreams import Application
from quixstreams.context import message_context
from quixstreams.kafka import ConnectionConfig
from quixstreams.models.topics.exceptions import TopicNotFoundError

from collectors.clock import clock_from
from deploy.city.basin import Basin, Keep
from deploy.city.face import CityFace
from deploy.city.kafka import ANSWER_S, City, make_topics
from deploy.city.message import Message
from deploy.health import parse_place, shown
from deploy.notify import ready
from deploy.structured_log import configure
from sensors.errors import LinkError, RiverChiefError

log = logging.getLogger(__name__)

#: Pause between two commits [s].
COMMIT_S = 5.0

#: Kafka gives the sites of a worker that is silent for so long to others [ms]; one that comes back under its name
#: sooner has them again at once.
SESSION_MS = 45_000

#: Pause before Kafka is asked again for a topic that it has just made [s].
AGAIN_S = 0.5


class Sites:
    """The sites of a worker, as they come.

    Parameters
    ----------
    face : CityFace
    """

    def __init__(self, face: CityFace) -> None:
        self._face = face
        self._basins: dict[str, Basin] = {}
        self._now_ms = clock_from(os.environ.get("RIVERCHIEF_CLOCK"))

    def take(self, payload: bytes, key: bytes, _: int, __: Any, state: Keep) -> Iterator[bytes]:
        """Take a message of a site, as Quix Streams gives it; what was found, as messages."""
        at = message_context()
        return iter(self.messages(key.decode(errors="replace"), payload, f"{at.partition}/{at.offset}".encode(), state))

    def messages(self, site: str, payload: bytes, at: bytes, keep: Keep) -> list[bytes]:
        """Take a message of a site and keep what is known after it."""
        try:
            message = Message.decode(payload)
            found = self._basin(site, keep).take(keep, at, message)
        except RiverChiefError as error:
            # Unreadable, or of a site with a mistake that this program sees: trying again mends neither, and others
            # must not wait for it.
            log.error("site %s, message %s: %s", site, at.decode(), error)
            self._face.failed(f"site {site}", str(error))
            self._basins.pop(site, None)  # what is kept counts
            return []
        self._face.worked(f"site {site}")
        rows = sum(len(one.events) + len(one.flags) for one in found)
        self._face.moved(self._now_ms(), len(message.block), rows, self._basins[site].report, site)
        return [part for one in found for part in one.encode()]

    def _basin(self, site: str, keep: Keep) -> Basin:
        """What is in memory where it is what is kept; else what is kept: somebody else may have had the site."""
        basin = self._basins.get(site)
        if basin is None or basin.at != keep.get_bytes("at"):
            basin = self._basins[site] = Basin.load(keep)
        return basin


def application(city: City, name: str, state: Path, *, commit_s: float = COMMIT_S) -> Application:
    """The application without its work."""
    connection = ConnectionConfig.from_librdkafka_dict({"bootstrap.servers": city.servers, **city.options}, True)
    group = f"{city.topics}.watch"
    return Application(
        connection,
        consumer_group=group,
        auto_offset_reset="earliest",
        commit_interval=commit_s,
        processing_guarantee="exactly-once",
        state_dir=state,
        # A name of its own that it comes back under: Kafka ends what the one before it left open at once.
        producer_extra_config={"transactional.id": f"{group}.{name}", "compression.type": "lz4"},
        consumer_extra_config={
            "group.instance.id": name, "session.timeout.ms": SESSION_MS, "isolation.level": "read_committed",
        },
        loglevel=None,
        auto_create_topics=True,
    )  # fmt: skip


def prepare(app: Application, city: City, partitions: int, sites: Sites) -> None:
    """Give an application its work."""
    from quixstreams.models import TopicConfig

    shape = TopicConfig(num_partitions=partitions, replication_factor=city.replication)
    readings = app.topic(city.readings, value_deserializer="bytes", key_deserializer="bytes", config=shape)
    findings = app.topic(city.findings, value_serializer="bytes", key_serializer="bytes", config=shape)
    frame = app.dataframe(readings)
    frame = frame.apply(sites.take, stateful=True, expand=True, metadata=True)
    frame.to_topic(findings)


def _prepared(make: Callable[[], Application], city: City, partitions: int, sites: Sites) -> Application:
    """An application with its work.

    A Kafka that has just made a topic may not know of it for a moment, which Quix Streams takes for its absence.
    """
    end_s = time.monotonic() + ANSWER_S
    while True:
        app = make()
        try:
            prepare(app, city, partitions, sites)
            return app
        except TopicNotFoundError as error:
            if time.monotonic() > end_s:
                raise LinkError(f"Kafka at {city.servers}: {error}") from None
            log.info("%s; it is asked again", error)
            time.sleep(AGAIN_S)


def serve(city: City, name: str, state: Path, *, metrics: str | None, commit_s: float = COMMIT_S) -> None:
    """Run a worker until SIGTERM or SIGINT.

    Parameters
    ----------
    city : City
    name : str
        The same after each start, and no other worker's.
    state : Path
        Folder of its own; what is missing in it comes from Kafka.
    metrics : str or None
        HOST:PORT on which metrics and health are served.
    commit_s : float, optional
        Pause between two commits [s].

    Raises
    ------
    UsageError
        If it cannot listen there.
    LinkError
        If Kafka cannot be reached at the start.
    """
    configure()
    place = parse_place(metrics) if metrics is not None else None
    partitions = make_topics(city)
    face = CityFace("city_watch", clock_from(os.environ.get("RIVERCHIEF_CLOCK")))
    app = _prepared(lambda: application(city, name, state, commit_s=commit_s), city, partitions, Sites(face))
    with _Shown(place, face):
        ready()
        app.run()


class _Shown:
    """Metrics and health on an event loop of their own: the application has none."""

    def __init__(self, place: tuple[str, int] | None, face: CityFace) -> None:
        self._place, self._face = place, face
        self._loop = asyncio.new_event_loop()
        self._stop, self._open = asyncio.Event(), threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="metrics", daemon=True)

    def _serve(self) -> None:
        try:
            self._loop.run_until_complete(self._until_stopped())
        except BaseException as error:
            self._error = error
        finally:
            self._open.set()
            self._loop.close()

    async def _until_stopped(self) -> None:
        async with shown(self._place, self._face.face):
            self._open.set()
            await self._stop.wait()

    def __enter__(self) -> None:
        self._thread.start()
        self._open.wait()
        if self._error is not None:
            raise self._error

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
