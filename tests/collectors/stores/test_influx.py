from __future__ import annotations

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.influx import InfluxStore
from sensors.durations import HOUR_MS
from sensors.errors import StoreError
from sensors.reading import Block, Quality, Reading, StationState
from tests.collectors.influxes import Influx, find_influxd

T0 = 1_730_000_000_000 - 1_730_000_000_000 % HOUR_MS


def readings(n: int, station: str = "S1") -> Block:
    return Block.of(Reading(station, "ph", T0 + k * 60_000, 7.0 + k / 100) for k in range(n))


class Fake:
    """A database that answers writes as it is told, and queries with nothing."""

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.answers: list[int | None] = []
        self.bad = re.compile("$^")
        self.bad_status = 422
        self.requests = 0
        self.delay_s = 0.0
        self._silent = threading.Event()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                fake.answer(self, body.decode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"influx://127.0.0.1:{self._server.server_port}/org/bucket"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, handler: BaseHTTPRequestHandler, body: str) -> None:
        if "/write" not in handler.path:
            self.reply(handler, 200)
            return
        self.requests += 1
        self._silent.wait(self.delay_s)
        status = self.answers.pop(0) if self.answers else 204
        if status is None:
            self._silent.wait(20)
            return
        lines = body.split("\n")
        refused = [line for line in lines if self.bad.search(line)]
        if status == 204 and refused:
            status = self.bad_status
        if status == 204 or (status == 422 and refused):
            self.stored += [line for line in lines if line not in refused]
        self.reply(handler, status)

    @property
    def readings(self) -> list[str]:
        """Lines of readings that are stored."""
        return [line for line in self.stored if line.startswith("reading,")]

    def reply(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        body = json.dumps({"code": "x", "message": f"scripted {status}"}).encode() if status > 204 else b""
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self._silent.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def fake() -> Iterator[Fake]:
    server = Fake()
    yield server
    server.close()


@pytest.fixture
def refused() -> list[str]:
    return []


@pytest.fixture
def store(fake: Fake, refused: list[str]) -> Iterator[InfluxStore]:
    store = InfluxStore(fake.url, token="t", now_ms=lambda: T0, on_refused=lambda line, reason: refused.append(line))
    fake.requests = 0
    yield store
    store.close()


@pytest.mark.parametrize("status", [400, 422])
def test_bad_lines_are_found_and_left_out(fake: Fake, store: InfluxStore, refused: list[str], status: int) -> None:
    fake.bad, fake.bad_status = re.compile(r"value=7\.(03|17) "), status
    store.write(readings(40))
    assert len(refused) == 2
    assert len(set(fake.readings)) == 38
    assert not any(fake.bad.search(line) for line in fake.readings)
    assert fake.requests < 30  # by halving, not one by one


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_database_is_retryable_and_nothing_is_taken_for_stored(
    fake: Fake, store: InfluxStore, status: int
) -> None:
    fake.answers = [status]
    with pytest.raises(StoreError, match=f"scripted {status}") as caught:
        store.commit(readings(3), "gw1", "abcdef01", 3)
    assert caught.value.retryable
    assert fake.readings == []
    store.commit(readings(3), "gw1", "abcdef01", 3)
    assert len(fake.readings) == 3
    assert fake.stored[-1].startswith("watermark,gateway=gw1 ")


def test_the_watermark_is_not_moved_before_the_readings(fake: Fake, store: InfluxStore) -> None:
    fake.answers = [204, 503]
    with pytest.raises(StoreError):
        store.commit(readings(3), "gw1", "abcdef01", 3)
    assert len(fake.readings) == 3
    assert not any(line.startswith(("watermark", "change")) for line in fake.stored)


def test_a_watermark_that_is_refused_stops_the_writer(fake: Fake, store: InfluxStore) -> None:
    fake.bad = re.compile("^watermark")
    with pytest.raises(StoreError, match="scripted 422") as caught:
        store.commit(readings(3), "gw1", "abcdef01", 3)
    assert not caught.value.retryable


def test_what_was_stored_in_part_comes_again_as_a_whole(
    fake: Fake, store: InfluxStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.stores.influx_client.BATCH", 10)
    fake.answers = [204, 204, 503]
    with pytest.raises(StoreError):
        store.commit(readings(40), "gw1", "abcdef01", 40)
    assert len(fake.readings) == 20
    store.commit(readings(40), "gw1", "abcdef01", 40)
    assert len(set(fake.readings)) == 40
    assert fake.stored[-1].startswith("watermark,gateway=gw1 ")


def test_a_slow_database_is_waited_for(fake: Fake, store: InfluxStore) -> None:
    fake.delay_s = 0.2
    store.commit(readings(3), "gw1", "abcdef01", 3)
    assert len(fake.readings) == 3


def test_a_database_that_hangs_is_given_up(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.stores.influx_client.TIMEOUT_S", 0.1)
    store = InfluxStore(fake.url, token="t", now_ms=lambda: T0)
    fake.answers = [None]
    with pytest.raises(StoreError) as caught:
        store.write(readings(3))
    assert caught.value.retryable
    store.write(readings(3))
    assert len(fake.readings) == 3
    store.close()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_somebody_has_to_mend_is_not_retryable(fake: Fake, store: InfluxStore, status: int) -> None:
    fake.answers = [status]
    with pytest.raises(StoreError) as caught:
        store.write(readings(3))
    assert not caught.value.retryable


def test_lines_that_cannot_be_written_are_told(fake: Fake, store: InfluxStore, refused: list[str]) -> None:
    store.write(Block.of([*readings(1), Reading("ends with \\", "ph", T0, 1.0), Reading("", "ph", T0, 1.0)]))
    assert len(fake.readings) == 1
    assert len(refused) == 2


def test_every_number_is_a_float(fake: Fake, store: InfluxStore) -> None:
    stopped = Reading("S1", "orp", T0, None, Quality.MISSING, StationState.STOPPED)
    store.write(Block.of([Reading("S1", "ph", T0, 7), stopped]))
    assert fake.readings == [
        f"reading,station=S1,determinand=ph quality=2.0,value=7.0 {T0}",
        f"reading,station=S1,determinand=orp quality=9.0,state=70.0 {T0}",
    ]


def test_nobody_there_is_retryable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        with pytest.raises(StoreError) as caught:
            open_store(f"influx://127.0.0.1:{taken.getsockname()[1]}/org/bucket")
    assert caught.value.retryable


@pytest.mark.parametrize("url", ["influx://", "influx://host", "influx://host/org", "influx://host/org/bucket/more"])
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(StoreError, match="accepted: influx://") as caught:
        open_store(url)
    assert not caught.value.retryable


@pytest.mark.influxdb
def test_a_wrong_token_is_told_and_never_shown(influx_url: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    url = influx_url()
    monkeypatch.setenv("RIVERCHIEF_INFLUX_TOKEN", "wrong-and-secret")
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert not caught.value.retryable
    assert "wrong-and-secret" not in str(caught.value)


@pytest.mark.influxdb
def test_a_foreign_field_type_costs_only_the_lines_that_meet_it(influx_url: Callable[[], str]) -> None:
    refused: list[str] = []
    store = InfluxStore(influx_url(), on_refused=lambda line, reason: refused.append(line))
    foreign = f'reading,station=X,determinand=ph value="seven" {T0}'
    store.bucket.send([foreign])
    missing = Reading("S1", "orp", T0 + 5, None, Quality.MISSING)
    store.write(Block.of([*readings(5), missing]))
    assert len(refused) == 5
    assert list(store.latest()) == [missing]
    assert len(store.range("X", ["ph"], T0, T0 + HOUR_MS)) == 0
    assert len(store.summary(["X", "S1"], ["ph", "orp"], T0, T0 + HOUR_MS, HOUR_MS)) == 0
    store.close()


@pytest.mark.influxdb
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    program = find_influxd()
    if program is None:
        pytest.skip("no influxd in $RIVERCHIEF_SERVERS")
    found = []
    for _ in range(2):
        with Influx.started(program, tmp_path) as server:
            url = f"{server.url.replace('http', 'influx', 1)}/{server.org}/first"
            store = InfluxStore(url, token=server.token)
            found.append(len(store.range("S1", ["ph"], T0, T0 + 24 * HOUR_MS)))
            store.commit(readings(100), "gw1", "abcdef01", 7)
            marks = store.watermarks()
            store.close()
    assert found == [0, 100]
    assert marks == {"gw1": ("abcdef01", 7)}
