from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.collectors.brokers import Amqtt, Mosquitto, find_mosquitto

BROKERS = [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"]


@pytest.fixture(params=BROKERS)
def make_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Mosquitto | Amqtt]:
    """Make a broker, of each kind."""
    if request.param == "amqtt":
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        return Amqtt
    make: Callable[..., Mosquitto] = request.getfixturevalue("make_mosquitto")
    return make


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Callable[..., Mosquitto]:
    """Make a mosquitto with a configuration; skips where it is not installed."""
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    return lambda *config, **more: Mosquitto(tmp_path, *config, **more)
