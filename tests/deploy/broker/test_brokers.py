"""Which broker is chosen, and that it can be used."""

import shutil
import time
from pathlib import Path

import pytest
from paho.mqtt import publish, subscribe

from deploy.broker.brokers import answers, choose, free_port
from deploy.local.supervisor import Supervisor


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.mark.parametrize("embedded", [True, pytest.param(False, marks=pytest.mark.mosquitto)])
def test_the_chosen_broker_carries_a_retained_message(tmp_path: Path, embedded: bool) -> None:
    broker = choose(tmp_path, embedded=embedded)
    if not embedded and not broker.title.startswith("mosquitto"):
        pytest.skip("mosquitto is not installed")
    assert ("embedded" in broker.title) == embedded
    supervisor = Supervisor(tmp_path, print)
    try:
        supervisor.start(broker.service)
        supervisor.wait_ready("broker")
        port = port_of(broker.url)
        publish.single("a/b", b"water", qos=1, retain=True, hostname="127.0.0.1", port=port)
        message = subscribe.simple("a/b", hostname="127.0.0.1", port=port)
        assert message.payload == b"water"
    finally:
        supervisor.stop()
    deadline = time.monotonic() + 5
    while answers(port):
        assert time.monotonic() < deadline


def test_without_mosquitto_the_embedded_broker_says_what_it_costs(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *args, **kwargs: None)
    broker = choose(tmp_path)
    assert "forgets what is in flight" in broker.title
    assert "Install mosquitto" in broker.title


def test_a_free_port_is_free() -> None:
    assert not answers(free_port())
