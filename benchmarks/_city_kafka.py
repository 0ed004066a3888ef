"""A Kafka for the benchmark of the city, and a worker on it that is timed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from _common import ROOT
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from deploy.city.kafka import City, make_topics

WAIT_S = 600


@contextmanager
def kafka(folder: Path, address: str | None) -> Iterator[str]:
    """HOST:PORT of a Kafka: the one that is given, or one of our own."""
    if address:
        yield address
        return
    servers = Path(os.environ.get("RIVERCHIEF_SERVERS") or Path.home() / ".cache/riverchief/servers")
    script = servers / "kafka" / "start.sh"
    if not script.is_file():
        sys.exit(f"no Kafka: set RIVERCHIEF_TEST_KAFKA=HOST:PORT, or run ../shared/servers/kafka/install.sh {servers}")
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            ["bash", script, str(port), folder / "data"], stdout=log, stderr=log, start_new_session=True
        )
        try:
            _answering(f"127.0.0.1:{port}")
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _answering(address: str) -> None:
    admin, end_s = AdminClient({"bootstrap.servers": address, "log_level": 0}), time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            continue
    sys.exit(f"Kafka at {address} does not answer")


def worker_s(servers: str, site: str, phases: list[list[bytes]], folder: Path) -> tuple[float, float]:
    """How long a worker takes for the second phase of messages [s], and its memory then [MB]."""
    city = City(servers, topics=f"bench{time.time_ns()}", partitions=1)
    make_topics(city)
    producer = Producer(city.client(acks="all", compression_type="lz4"))
    reader = Consumer(city.client(group_id=f"{city.topics}.watch", enable_auto_commit=False))
    command = [sys.executable, "-W", "ignore", "-c", "from deploy.city.command import command; command()", "watch",
               "--kafka", servers, "--topics", city.topics, "--state", str(folder / "state"), "--commit",
               "1"]  # fmt: skip
    with (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            taken = 0
            for phase in phases:
                begin = time.perf_counter()
                for payload in phase:
                    producer.produce(city.readings, payload, site.encode())
                producer.flush()
                taken += len(phase)
                _wait_for(reader, city.readings, taken, worker, folder / "worker.log")
                took_s = time.perf_counter() - begin
            return took_s, psutil.Process(worker.pid).memory_info().rss / 1e6
        finally:
            worker.terminate()
            worker.wait()
            reader.close()


def _wait_for(reader: Consumer, topic: str, taken: int, worker: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + WAIT_S
    while time.monotonic() < end_s:
        try:
            if reader.committed([TopicPartition(topic, 0)], timeout=30)[0].offset >= taken:
                return
        except KafkaException:
            pass  # a Kafka that has just started loads its coordinators first
        if worker.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"the worker did not take its messages:\n{log.read_text(errors='replace')[-3000:]}")
