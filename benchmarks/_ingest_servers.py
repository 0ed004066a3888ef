"""The servers and programs of `ingest.py`, each a process that ends with its block; no wait is without a limit."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from _common import ROOT
from influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from deploy.notify import Listener
from sensors.site import load_site
from tests.chaos.rig import make_site
from tests.collectors.brokers import find_mosquitto, free_port
from tests.collectors.influxes import Influx, find_influxd

GATEWAYS = ("gw-01", "gw-02", "gw-03", "gw-04")

_HUB = """import sys
from pathlib import Path
from deploy.hub.hub import serve
serve(Path(sys.argv[1]), sys.argv[2], sys.argv[3], shards=[int(s) for s in sys.argv[4].split(",") if s], judge=False)
"""

_TELEGRAF = """[agent]
  interval = "1s"
  flush_interval = "1s"
  metric_batch_size = 5000
  metric_buffer_limit = 200000
  omit_hostname = true
  quiet = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = ["telegraf/#"]
  qos = 1
  persistent_session = true
  client_id = "{bucket}"
  topic_tag = ""
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
"""

#: Longest wait for a program to start, or for the first reading to arrive [s].
START_S = 30.0


class NotMeasured(Exception):
    """There is no figure; why."""


class Bench:
    """The folder, the lengths of the windows, and what is started."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        self.site = make_site(folder / "site")
        self.program = find_influxd()
        self.rate_s, self.warm_s, self.drain_s = (2.0, 0.5, 12.0) if quick else (30.0, 2.0, 90.0)
        self.latency_s, self.period_s = (4.0, 1) if quick else (180.0, 60)
        self.restart_s, self.down_s = (2.0, 1.0) if quick else (30.0, 8.0)

    @contextmanager
    def running(self, *argv: object, log: str = "log", wait: bool = False) -> Iterator[subprocess.Popen[bytes]]:
        """A process that ends with the block; with `wait`, a service that has said that it is ready."""
        listener = Listener() if wait else None
        environ = os.environ | listener.environ("bench") if listener else None
        with (self.folder / log).open("ab") as file:
            process = subprocess.Popen([str(word) for word in argv], cwd=ROOT, env=environ, stdout=file, stderr=file)
        try:
            if listener and listener.receive(START_S) is None:
                raise NotMeasured(f"{argv[1]} is not ready within {START_S:.0f} s")
            yield process
        finally:
            process.kill()
            process.wait(10)
            if listener:
                listener.close()

    @contextmanager
    def broker(self) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
        """Mosquitto with queues that no contender overruns: what is lost is not lost there."""
        program, port = find_mosquitto(), free_port()
        if program is None:
            raise NotMeasured("mosquitto is not installed")
        config = self.folder / f"mosquitto-{port}.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(
            f"{user}listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 20\n"
            "set_tcp_nodelay true\nlog_dest none\n"
        )
        with self.running(program, "-c", config) as process:
            until(lambda: _answers(port), START_S, "mosquitto does not answer")
            yield port, process

    def gateways(self, kind: str, port: int, per_second: float = 0.0) -> Any:
        """Simulated gateways; see `_ingest_gateways.py`."""
        site = load_site(self.site)
        status = self.folder / f"{kind}-{time.monotonic_ns()}.json"
        plan = {
            "kind": kind, "port": port, "site": site.id, "per_second": per_second, "status": str(status),
            "gateways": {name: [station.id for station in site.slice(name)] for name in GATEWAYS},
            "shards": {name: site.gateways[name].shard for name in GATEWAYS},
            "begin_ms": round(time.time() * 1000) - 700 * 86_400_000,
            # A contender for whom everything is sent again begins a new spool.
            "epoch": f"{time.monotonic_ns():016x}"[-16:],
        }  # fmt: skip
        script = ROOT / "benchmarks" / "_ingest_gateways.py"
        return status, self.running(sys.executable, script, json.dumps(plan))

    def hub(self, port: int, store_url: str, shards: str = "") -> Any:
        """`riverchief hub SITE [--shard N] --no-judge`."""
        return self.running(sys.executable, "-c", _HUB, self.site, f"mqtt://127.0.0.1:{port}", store_url, shards)


class Server:
    """InfluxDB, that can be killed and started again in its place."""

    def __init__(self, bench: Bench) -> None:
        self.bench, port = bench, free_port()
        self.folder = bench.folder / "influxd"
        self.folder.mkdir()
        self.influx = Influx(f"http://127.0.0.1:{port}", "a-token-of-the-benchmark", "riverchief")
        self.argv = [
            str(bench.program), "--bolt-path", str(self.folder / "b.bolt"), "--engine-path",
            str(self.folder / "engine"), "--sqlite-path", str(self.folder / "s.sqlite"), "--http-bind-address",
            f"127.0.0.1:{port}", "--reporting-disabled", "--log-level", "error",
        ]  # fmt: skip
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        """Start it and wait for it."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log)
        until(self._healthy, START_S, "InfluxDB does not answer")

    def _healthy(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.influx.url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait(10)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Set up, with a bucket for each contender."""
        os.environ["RIVERCHIEF_INFLUX_TOKEN"] = self.influx.token
        try:
            self.start()
            self.influx._set_up()
            with self.client() as client:
                for bucket in ("ours", "telegraf", "telegraf2", "naive", "naive2"):
                    client.buckets_api().create_bucket(bucket_name=bucket)
            yield
        finally:
            self.kill()

    def client(self) -> InfluxDBClient:
        """For questions; one that is not answered is not asked again by the client."""
        return InfluxDBClient(self.influx.url, self.influx.token, org=self.influx.org, timeout=10_000, retries=False)

    def count(self, bucket: str) -> int:
        """Readings in a bucket."""
        field = "quality" if bucket == "ours" else "value"
        flux = f"""from(bucket: "{bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
            |> filter(fn: (r) => r._measurement == "reading" and r._field == "{field}")
            |> count() |> group() |> sum()"""
        try:
            with self.client() as client:
                tables = client.query_api().query(flux)
        except (ApiException, HTTPError, OSError) as error:
            raise NotMeasured(f"InfluxDB does not say how much it has: {type(error).__name__}") from error
        return sum(int(record.get_value()) for found in tables for record in found.records)

    def url(self, bucket: str) -> str:
        """Of a bucket, as the hub takes it."""
        return f"{self.influx.url.replace('http', 'influx', 1)}/{self.influx.org}/{bucket}"


class Consumers:
    """Whatever takes from the broker into InfluxDB: the processes of each contender by name."""

    def __init__(self, bench: Bench, server: Server, port: int) -> None:
        self._bench, self._server, self._port = bench, server, port
        self._stacks: dict[str, ExitStack] = {}
        self.processes: dict[str, dict[str, subprocess.Popen[bytes]]] = {}

    def start(self, kind: str, bucket: str) -> None:
        """Start a contender's programs."""
        bench, influx = self._bench, self._server.influx
        stack = self._stacks[kind] = ExitStack()
        if kind == "ours":
            url = self._server.url(bucket)
            words = {f"hub {shard}": bench.hub(self._port, url, str(shard)) for shard in (0, 1)}
        elif kind == "naive":
            script, ready = ROOT / "benchmarks" / "_ingest_naive.py", bench.folder / f"{bucket}.ready"
            words = {
                "script": bench.running(
                    sys.executable, script, self._port, influx.url, influx.token, influx.org, bucket, ready
                )
            }
        else:
            _session(self._port, bucket, "telegraf/#")
            config = bench.folder / f"{bucket}.conf"
            config.write_text(
                _TELEGRAF.format(port=self._port, url=influx.url, token=influx.token, org=influx.org, bucket=bucket)
            )
            words = {"telegraf": bench.running(telegraf_program(), "--config", config, log=f"{bucket}.log")}
        self.processes[kind] = {name: stack.enter_context(one) for name, one in words.items()}
        if kind == "naive":
            # What comes before it has subscribed would be nobody's.
            until(ready.exists, START_S, "the script does not subscribe")

    def kill(self, kind: str) -> None:
        """End a contender's programs without a word."""
        self._stacks.pop(kind).close()

    def close(self) -> None:
        """End all."""
        for kind in list(self._stacks):
            self.kill(kind)


def telegraf_program() -> Path | None:
    """Where Telegraf is, if it is there."""
    servers = Path(os.environ.get("RIVERCHIEF_SERVERS") or Path.home() / ".cache" / "riverchief" / "servers")
    program = servers / "telegraf" / "telegraf"
    return program if os.access(program, os.X_OK) else None


def until(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait for something, so long at most."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise NotMeasured(f"{otherwise} within {seconds:.0f} s")
        time.sleep(0.05)


def _session(port: int, client: str, topic: str) -> None:
    """Make a session at the broker, that keeps what comes before its client has started."""
    done: list[object] = []
    here = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=client, clean_session=False)
    here.on_connect = lambda *_: here.subscribe(topic, qos=1)
    here.on_subscribe = lambda *_: done.append(True)
    here.connect("127.0.0.1", port)
    here.loop_start()
    until(lambda: bool(done), START_S, "mosquitto takes no subscription")
    here.disconnect()
    here.loop_stop()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
