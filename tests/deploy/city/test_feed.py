"""A bridge's feed: nothing is lost, whatever fails between the store and Kafka."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics.qc.visits import Visit
from collectors.stores.sqlite import SqliteStore
from deploy.city.feed import MARK, Feed
from deploy.city.message import MOST_READINGS, Message
from deploy.watch.grid import SLOT_MS
from sensors.errors import LinkError
from sensors.reading import Block, Reading
from tests.deploy.city.streams import DAY, HOUR, START, site_of


class Line:
    """What a bridge sends over, and whether it arrives."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.broken = False

    def send(self, payload: bytes) -> None:
        if not self.broken:
            self.sent.append(Message.decode(payload))

    def flush(self) -> None:
        if self.broken:
            raise LinkError("not there")

    def arrived(self) -> set[tuple[str, str, int, float | None]]:
        rows = [row for message in self.sent for row in message.block]
        return {(row.station, row.determinand, row.time_ms, row.value) for row in rows}


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return site_of("small", tmp_path_factory.mktemp("feed") / "a")


@pytest.fixture
def store(tmp_path: Path):
    store = SqliteStore(str(tmp_path / "s.sqlite"))
    yield store
    store.close()


def slots(first: int, last: int) -> Block:
    return Block.of(
        Reading(station, "ph", START + i * SLOT_MS, 7.0 + i / 1000)
        for i in range(first, last)
        for station in ("S01", "S02")
    )


def of(block: Block) -> set[tuple[str, str, int, float | None]]:
    return {(row.station, row.determinand, row.time_ms, row.value) for row in block}


def test_a_site_begins_once_with_all_that_is_looked_back_at(site, store, line) -> None:
    store.write(slots(-288 * 30, 10))
    feed = Feed(site, store, line.send, line.flush)
    assert feed.tick(START + HOUR) > 2 * 288 * 14
    assert line.sent[0].begin is not None
    assert [message.now_ms for message in line.sent].count(START + HOUR) == 1
    assert line.sent[-1].now_ms == START + HOUR
    assert min(row[2] for row in line.arrived()) >= START - 14 * DAY - 4 * HOUR
    assert all(len(message.block) < 2 * MOST_READINGS for message in line.sent)
    count = len(line.sent)
    assert feed.tick(START + HOUR + 5) == 0
    assert [message.begin for message in line.sent[count:]] == [None]


def test_readings_go_in_order_of_time_with_all_stations(site, store, line) -> None:
    store.write(slots(0, 288))
    Feed(site, store, line.send, line.flush).tick(START + DAY)
    pieces = [row.time_ms // (4 * HOUR) for message in line.sent for row in message.block]
    assert pieces == sorted(pieces)


def test_what_did_not_arrive_is_sent_again(site, store, line) -> None:
    feed = Feed(site, store, line.send, line.flush)
    feed.tick(START)
    store.write(slots(0, 10))
    line.broken = True
    with pytest.raises(LinkError):
        feed.tick(START + HOUR)
    store.write(slots(10, 12))
    line.broken = False
    feed.tick(START + HOUR)
    assert line.arrived() == of(slots(0, 12))


def test_a_bridge_that_dies_before_it_knows_begins_where_it_was(site, store, line) -> None:
    store.write(slots(0, 10))
    line.broken = True
    with pytest.raises(LinkError):
        Feed(site, store, line.send, line.flush).tick(START + HOUR)
    token = json.loads(store.mark(MARK))["token"]
    line.broken = False
    Feed(site, store, line.send, line.flush).tick(START + HOUR + 9)
    assert [message.begin.token for message in line.sent if message.begin] == [token]
    assert line.arrived() == of(slots(0, 10))


def test_another_network_begins_anew_and_another_name_does_not(site, store, line, tmp_path) -> None:
    feed = Feed(site, store, line.send, line.flush)
    store.write(slots(0, 10))
    feed.tick(START + HOUR)
    count = len(line.sent)
    feed.follow(site)
    feed.tick(START + HOUR + 5)
    assert all(message.begin is None for message in line.sent[count:])
    store.put_mark(MARK, "{")
    feed.tick(START + HOUR + 9)
    assert line.sent[-1].now_ms == START + HOUR + 9
    assert sum(message.begin is not None for message in line.sent) == 2
    assert feed.begin(START).cursor == ""


def test_visits_are_sent_when_they_change(site, store, line) -> None:
    visits: list[Visit] = []
    feed = Feed(site, store, line.send, line.flush, lambda start_ms, end_ms: visits)
    feed.tick(START)
    feed.tick(START + 1)
    visits.append(Visit("S01", START, START + HOUR))
    feed.tick(START + 2)
    assert [message.visits for message in line.sent[-3:]] == [(), None, (Visit("S01", START, START + HOUR),)]
