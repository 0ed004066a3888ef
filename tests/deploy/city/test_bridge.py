"""Both ways of a bridge on a real Kafka."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest

from collectors.stores.base import Event, Flag
from collectors.stores.sqlite import SqliteStore
from deploy.city.kafka import City, make_topics
from deploy.city.message import Findings
from sensors.errors import LinkError, StoreError
from sensors.reading import Block, Quality, Reading
from tests.deploy.city.streams import START

pytestmark = [pytest.mark.kafka, pytest.mark.system]

EVENT = Event("e1", "discharge", START, None, START, START, ("S01",), {"peak": 2.0})
FLAG = Flag("S01", "ph", START, "spike", Quality.SUSPECT, {"statistic": 1.0})


@pytest.fixture
def city(kafka: str) -> City:
    city = City(kafka, topics=f"b{uuid.uuid4().hex[:8]}", partitions=2)
    make_topics(city)
    return city


@pytest.fixture
def store(tmp_path: Path):
    store = SqliteStore(str(tmp_path / "s.sqlite"))
    yield store
    store.close()


def put(city: City, site: str, *findings: Findings | bytes) -> None:
    from confluent_kafka import Producer

    producer = Producer(city.client())
    for one in findings:
        for payload in [one] if isinstance(one, bytes) else one.encode():
            producer.produce(city.findings, payload, site.encode())
    assert producer.flush(30) == 0


def drained(inlet, count: int) -> None:
    """Take findings until there were so many."""
    end_s = time.monotonic() + 60
    while count > 0:
        assert time.monotonic() < end_s
        count -= inlet.drain()
    assert count == 0


def test_findings_of_the_site_come_into_its_store_once_it_takes_them(city, store) -> None:
    from deploy.city.bridge import Inlet

    put(city, "west", Findings(START, (Event("other", "discharge", START, None, START, START),)))
    put(city, "east", b"none of ours", Findings(START, (EVENT,), (FLAG,), {"watch": "x"}, {"judged_ms": 1}))
    store.write(Block.of([Reading("S01", "ph", START, 7.0)]))
    inlet = Inlet(city, "east", store, lambda: 5)
    refused = []

    class Refusing(SqliteStore):
        def put_flags(self, flags):
            refused.append(flags)
            raise StoreError("full", retryable=True)

    inlet._store = Refusing.__new__(Refusing)
    end_s = time.monotonic() + 60
    while not refused:
        assert time.monotonic() < end_s
        try:
            inlet.drain()
        except StoreError:
            assert refused
    inlet._store = store
    drained(inlet, 2)
    inlet.close()
    assert store.events(0, 2**60) == [EVENT]
    assert store.flags("S01", 0, 2**60) == [FLAG]
    assert store.mark("watch") == "x"
    assert json.loads(store.mark("hub.state/city") or "")["watch"] == {"judged_ms": 1}
    assert inlet.report == {"judged_ms": 1}
    # Whoever comes after it begins where it was.
    put(city, "east", Findings(START, (), (FLAG, FLAG), {}, {}))
    after = Inlet(city, "east", store, lambda: 6)
    drained(after, 2)
    after.close()


def test_what_was_sent_is_there_in_order(city) -> None:
    from confluent_kafka import Consumer, TopicPartition

    from deploy.city.bridge import Outlet

    outlet = Outlet(city, "east")
    for i in range(500):
        outlet.send(b"%d" % i)
    outlet.flush()
    consumer = Consumer(city.client(group_id="reader", auto_offset_reset="earliest"))
    consumer.assign([TopicPartition(city.readings, 0, 0), TopicPartition(city.readings, 1, 0)])
    found = []
    while len(found) < 500:
        found += [message.value() for message in consumer.consume(500, 10.0)]
    consumer.close()
    assert found == [b"%d" % i for i in range(500)]


def test_a_kafka_that_takes_nothing_is_told(monkeypatch) -> None:
    from deploy.city.bridge import Outlet

    monkeypatch.setattr("deploy.city.bridge.ANSWER_S", 0.3)
    outlet = Outlet(City("127.0.0.1:9", {"log_level": "0"}), "east")
    outlet.send(b"x")
    with pytest.raises(LinkError, match="did not take 1 messages"):
        outlet.flush()
