"""A worker that commits its place before its state, as many do: `test_worker_killed` must find it out."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from confluent_kafka import Consumer, Producer

from collectors.clock import clock_from
from deploy.city.face import CityFace
from deploy.city.kafka import City
from deploy.city.worker import Sites


class Pieces(dict[str, bytes]):
    """Pieces in memory."""

    def get_bytes(self, key: str) -> bytes | None:
        return self.get(key)

    def set_bytes(self, key: str, value: bytes) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        del self[key]


def main(servers: str, topics: str, file: Path) -> None:
    """Work until killed."""
    city = City(servers, topics=topics)
    pieces: dict[str, Pieces] = pickle.loads(file.read_bytes()) if file.exists() else {}
    sites, taken = Sites(CityFace("city_watch", clock_from(None))), 0
    consumer = Consumer(
        city.client(group_id="careless", group_instance_id="one", auto_offset_reset="earliest",
                    enable_auto_commit=True, auto_commit_interval_ms=50)
    )  # fmt: skip
    producer = Producer(city.client())
    consumer.subscribe([city.readings])
    while True:
        message = consumer.poll(0.2)
        if message is None:
            continue
        site, at = message.key().decode(), b"%d" % message.offset()
        for found in sites.messages(site, message.value(), at, pieces.setdefault(site, Pieces())):
            producer.produce(city.findings, found, site.encode())
        producer.poll(0)
        taken += 1
        if taken % 20 == 0:
            producer.flush()
            draft = file.with_suffix(".new")
            draft.write_bytes(pickle.dumps(pieces))
            draft.replace(file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
