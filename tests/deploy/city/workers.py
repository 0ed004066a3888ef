"""Workers as processes that are killed, and what is on Kafka afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from deploy.city.kafka import City
from deploy.city.message import Findings
from tests.deploy.city.streams import Told

ROOT = Path(__file__).resolve().parents[3]

#: The command, as an installed `riverchief city` runs it.
CITY = [sys.executable, "-W", "ignore", "-c", "from deploy.city.command import command; command()"]

#: A Kafka that has just started, or is busy, says so.
WAITING = (KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError._TIMED_OUT)

#: A worker is killed when it has taken at most so many messages more, and a little later.
STEP = 30


class Progress:
    """How far a group of workers is."""

    def __init__(self, city: City, group: str) -> None:
        self._city = city
        # Else what a dead worker has left open must be ended before anything is told.
        self._consumer = Consumer(
            city.client(group_id=group, enable_auto_commit=False, isolation_level="read_uncommitted")
        )
        partitions = self._consumer.list_topics(city.readings, timeout=30).topics[city.readings].partitions
        self._places = [TopicPartition(city.readings, number) for number in partitions]

    def taken(self) -> int:
        """Messages up to which offsets are committed."""
        while True:
            try:
                return sum(max(place.offset, 0) for place in self._consumer.committed(self._places, timeout=30))
            except KafkaException as error:
                if error.args[0].code() not in WAITING:
                    raise
                time.sleep(0.1)

    def sent(self) -> int:
        """Messages that are there."""
        return sum(self._consumer.get_watermark_offsets(place, timeout=30)[1] for place in self._places)

    def close(self) -> None:
        self._consumer.close()


def killed_again_and_again(
    command: list[str], progress: Progress, done: Callable[[], bool], log: Path, seed: int, *, kills: int
) -> int:
    """Run a worker until everything was taken; kill -9 it a random while after it has moved, some times.

    Returns
    -------
    int
        How often it was killed before it had taken everything.
    """
    rng, count, end_s = random.Random(seed), 0, time.monotonic() + 600
    while not (done() and progress.taken() >= progress.sent()):
        begun = progress.taken()
        with log.open("ab") as output:
            worker = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
        try:
            while progress.taken() == begun and worker.poll() is None:
                assert time.monotonic() < end_s, log.read_text(errors="replace")[-3000:]
                time.sleep(0.05)
            # So many messages further, then at any moment between two commits: on a busy machine as on a quiet one.
            goal = begun + rng.randint(1, STEP) if count < kills else None
            while worker.poll() is None and not (done() and progress.taken() >= progress.sent()):
                assert time.monotonic() < end_s, log.read_text(errors="replace")[-3000:]
                if goal is not None and progress.taken() >= goal:
                    time.sleep(rng.uniform(0, 0.3))
                    break
                time.sleep(0.02)
            assert worker.poll() is None, log.read_text(errors="replace")[-3000:]
        finally:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        count += 1
    return count - 1


def findings(city: City) -> dict[str, Told]:
    """Everything that is committed on the topic of findings, by site."""
    consumer = Consumer(city.client(group_id="reader", enable_auto_commit=False, isolation_level="read_committed"))
    told: dict[str, Told] = {}
    try:
        for number in consumer.list_topics(city.findings, timeout=30).topics[city.findings].partitions:
            place = TopicPartition(city.findings, number, 0)
            consumer.assign([place])
            end = consumer.get_watermark_offsets(place, timeout=30)[1]
            give_up_s = time.monotonic() + 60
            while max(consumer.position([place])[0].offset, 0) < end:
                message = consumer.poll(0.5)
                if message is None:
                    assert time.monotonic() < give_up_s, "findings that nobody committed"
                    continue
                assert message.error() is None, message.error()
                found = Findings.decode(message.value())
                site = told.setdefault(message.key().decode(), Told())
                site.events += found.events
                site.flags += found.flags
    finally:
        consumer.close()
    return told
