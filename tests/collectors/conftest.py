from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient

from tests.collectors.brokers import Amqtt, Mosquitto, find_mosquitto
from tests.collectors.influxes import Influx, find_influxd

BROKERS = [pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"]


@pytest.fixture(params=BROKERS)
def make_broker(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Mosquitto | Amqtt]:
    """Make a broker, of each kind."""
    if request.param == "amqtt":
        return Amqtt
    make: Callable[..., Mosquitto] = request.getfixturevalue("make_mosquitto")
    return make


@pytest.fixture
def quick_ingest(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingester tries again at once."""
    monkeypatch.setattr("collectors.ingest.FIRST_RETRY_S", 0.005)
    monkeypatch.setattr("collectors.ingest.LAST_RETRY_S", 0.01)


@pytest.fixture
def make_mosquitto(tmp_path: Path) -> Callable[..., Mosquitto]:
    """Make a mosquitto with a configuration; skips where it is not installed."""
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    return lambda *config, **more: Mosquitto(tmp_path, *config, **more)


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    """A real InfluxDB 2: the one that the environment names, or one of our own; skips where there is none.

    One for each module that asks (it starts in a third of a second): other tests count this process's children.
    """
    if url := os.environ.get("RIVERCHIEF_TEST_INFLUX_URL"):
        token = os.environ.get("RIVERCHIEF_TEST_INFLUX_TOKEN", "")
        yield Influx(url, token, os.environ.get("RIVERCHIEF_TEST_INFLUX_ORG", "riverchief"))
        return
    program = find_influxd()
    if program is None:
        pytest.skip("no InfluxDB 2: set RIVERCHIEF_TEST_INFLUX_URL, or build one into $RIVERCHIEF_SERVERS/influxd")
    with Influx.started(program, tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture
def influx_url(influx: Influx, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Make an empty bucket; gives its store URL, the token in the environment."""
    monkeypatch.setenv("RIVERCHIEF_INFLUX_TOKEN", influx.token)
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        made = []

        def make() -> str:
            made.append(client.buckets_api().create_bucket(bucket_name=f"test-{secrets.token_hex(6)}"))
            return f"{influx.url.replace('http', 'influx', 1)}/{influx.org}/{made[-1].name}"

        yield make
        for bucket in made:
            client.buckets_api().delete_bucket(bucket)
