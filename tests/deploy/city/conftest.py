"""A real Kafka, where there is one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Longest wait for a Kafka that starts on a busy machine [s].
START_S = 90


def _start_script() -> Path:
    """Script that starts Kafka, from $RIVERCHIEF_SERVERS; skips where it is not installed."""
    servers = Path(os.environ.get("RIVERCHIEF_SERVERS") or Path.home() / ".cache/riverchief/servers")
    script = servers / "kafka" / "start.sh"
    if not script.is_file():
        pytest.skip(
            f"no Kafka: set RIVERCHIEF_TEST_KAFKA=HOST:PORT, or run ../shared/servers/kafka/install.sh {servers}"
        )
    return script


def _two_free_ports() -> int:
    """A port that is free, and so is the next one: the controller's."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise AssertionError("no two free ports")


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of a Kafka."""
    pytest.importorskip("confluent_kafka", reason="no confluent-kafka: uv sync --group city")
    pytest.importorskip("quixstreams", reason="no quixstreams: uv sync --group city")
    if address := os.environ.get("RIVERCHIEF_TEST_KAFKA"):
        yield address
        return
    script, port, folder = _start_script(), _two_free_ports(), tmp_path_factory.mktemp("kafka")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            ["bash", script, str(port), folder / "data"], stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(f"127.0.0.1:{port}", server, folder / "log")
            yield f"127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    end_s = time.monotonic() + START_S
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    while time.monotonic() < end_s:
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            admin.list_topics(timeout=1)
            return
        except KafkaException:
            continue
    raise AssertionError(f"Kafka does not answer: {log.read_text(errors='replace')[-2000:]}")
