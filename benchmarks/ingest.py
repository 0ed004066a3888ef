"""From gateways through mosquitto into the stores: how much, how soon, and what a restart of the store costs; beside
the script that everybody writes first and Telegraf.

    .venv/bin/python benchmarks/ingest.py [--quick]

Everything runs on this machine, simulated gateways included: readings of nine determinands, batches of 400 rows.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from _common import ROOT, finish, table
from influxdb_client import InfluxDBClient

from sensors.site import load_site
from tests.chaos.rig import make_site
from tests.collectors.brokers import find_mosquitto, free_port
from tests.collectors.influxes import Influx, find_influxd

GATEWAYS = ("gw-01", "gw-02", "gw-03", "gw-04")

_HUB = """import sys
from pathlib import Path
from deploy.hub import serve
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
  client_id = "telegraf"
  topic_tag = ""
  data_format = "influx"
[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "telegraf"
"""

#: Readings a second of each contender while the store is restarted: what all three can do with ease.
RESTART_RATE = 4_000.0

#: Longest that the store's restart is waited out for whoever tries again late [s].
PATIENCE_S = 60.0


class Bench:
    """The servers, and what is started around them."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        self.site = make_site(folder / "site")
        self.program = find_influxd()
        self.rate_s, self.latency_s = (2.0, 5.0) if quick else (30.0, 190.0)
        self.restart_s, self.down_s = (2.0, 1.0) if quick else (30.0, 8.0)

    @contextmanager
    def running(self, *argv: object, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
        """A process that ends with the block."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen([str(word) for word in argv], cwd=ROOT, stdout=log, stderr=log, **more)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def broker(self) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
        """Mosquitto with queues that no contender overruns: what is lost is not lost there."""
        program, port = find_mosquitto(), free_port()
        if program is None:
            sys.exit("mosquitto is not installed")
        config = self.folder / f"mosquitto-{port}.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        config.write_text(
            f"{user}listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 20\n"
            "set_tcp_nodelay true\nlog_dest none\n"
        )
        with self.running(program, "-c", config) as process:
            _until(lambda: _answers(port), 10)
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
        }  # fmt: skip
        script = ROOT / "benchmarks" / "_ingest_gateways.py"
        return status, self.running(sys.executable, script, json.dumps(plan))

    def hub(self, port: int, store_url: str, shards: str = "") -> Any:
        """`riverchief hub SITE [--shard N] --no-judge`."""
        return self.running(sys.executable, "-c", _HUB, self.site, f"mqtt://127.0.0.1:{port}", store_url, shards)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    quick = parser.parse_args().quick
    rows: list[tuple[str, str, str]] = []
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="riverchief-bench-") as folder:
        bench = Bench(Path(folder), quick)
        figures["sqlite_per_s"] = into_sqlite(bench, rows)
        figures["p99_s"] = latency(bench, rows)
        if bench.program is None:
            figures |= dict.fromkeys(("influx_per_s", "naive_per_s", "naive_lost", "telegraf_per_s", "telegraf_lost"))
            figures |= {"lost": None, "note": "no influxd in $RIVERCHIEF_SERVERS"}
        else:
            figures |= with_influx(bench, rows)
    table(rows)
    finish(figures)


def into_sqlite(bench: Bench, rows: list[tuple[str, str, str]]) -> float:
    """Readings a second into the embedded store."""
    path = bench.folder / "sqlite" / "store.sqlite"
    with ExitStack() as stack:
        port, broker = stack.enter_context(bench.broker())
        hub = stack.enter_context(bench.hub(port, f"sqlite:///{path}"))
        status, gateways = bench.gateways("ours", port)
        making = stack.enter_context(gateways)
        per_s, cpu = _rate(status, bench.rate_s, {"hub": hub, "mosquitto": broker, "gateways": making})
        known = _finish(status, making)
    stored = _count_sqlite(path)
    if stored != known:
        sys.exit(f"the embedded store has {stored} readings, the gateways know of {known}")
    rows.append(("sqlite_per_s", f"{per_s:,.0f}", cpu))
    return round(per_s)


def with_influx(bench: Bench, rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Everything that goes into InfluxDB."""
    figures: dict[str, Any] = {}
    server = Server(bench)
    with server.running():
        for name, method in {"influx": "ours", "naive": "naive", "telegraf": "telegraf"}.items():
            figures[f"{name}_per_s"] = None
            if method != "telegraf" or _telegraf_program():
                figures[f"{name}_per_s"] = _into_influx(bench, server, method, rows)
        figures |= _restarted(bench, server, rows)
    if not _telegraf_program():
        figures["note"] = "no telegraf in $RIVERCHIEF_SERVERS"
    return figures


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
        _until(self._healthy, 60)

    def _healthy(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.influx.url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Set up, with a bucket for each contender."""
        os.environ["RIVERCHIEF_INFLUX_TOKEN"] = self.influx.token
        self.start()
        try:
            self.influx._set_up()
            with self.client() as client:
                for bucket in ("ours", "naive", "telegraf", "ours2", "naive2"):
                    client.buckets_api().create_bucket(bucket_name=bucket)
            yield
        finally:
            self.kill()

    def client(self) -> InfluxDBClient:
        """For questions."""
        return InfluxDBClient(self.influx.url, self.influx.token, org=self.influx.org, timeout=60_000)

    def count(self, bucket: str) -> int:
        """Readings in a bucket."""
        field = "quality" if bucket.startswith("ours") else "value"
        flux = f"""from(bucket: "{bucket}") |> range(start: 0, stop: 2100-01-01T00:00:00Z)
            |> filter(fn: (r) => r._measurement == "reading" and r._field == "{field}")
            |> count() |> group() |> sum()"""
        with self.client() as client:
            tables = client.query_api().query(flux)
        return sum(int(record.get_value()) for found in tables for record in found.records)

    def url(self, bucket: str) -> str:
        """Of a bucket, as the hub takes it."""
        return f"{self.influx.url.replace('http', 'influx', 1)}/{self.influx.org}/{bucket}"


@contextmanager
def _consumer(bench: Bench, server: Server, kind: str, bucket: str, port: int) -> Iterator[dict[str, Any]]:
    """Whatever takes from the broker into InfluxDB: the processes by name."""
    with ExitStack() as stack:
        if kind == "ours":
            yield {
                f"hub {shard}": stack.enter_context(bench.hub(port, server.url(bucket), str(shard))) for shard in (0, 1)
            }
        elif kind == "naive":
            script = ROOT / "benchmarks" / "_ingest_naive.py"
            influx = server.influx
            words = (sys.executable, script, port, influx.url, influx.token, influx.org, bucket)
            yield {"script": stack.enter_context(bench.running(*words))}
        else:
            config = bench.folder / "telegraf.conf"
            influx = server.influx
            config.write_text(_TELEGRAF.format(port=port, url=influx.url, token=influx.token, org=influx.org))
            yield {"telegraf": stack.enter_context(bench.running(_telegraf_program(), "--config", config))}


def _into_influx(bench: Bench, server: Server, kind: str, rows: list[tuple[str, str, str]]) -> float:
    """Readings a second into InfluxDB."""
    with ExitStack() as stack:
        port, broker = stack.enter_context(bench.broker())
        consumers = stack.enter_context(_consumer(bench, server, kind, kind, port))
        time.sleep(1.0)  # until everybody has subscribed
        status, gateways = bench.gateways(kind, port)
        making = stack.enter_context(gateways)
        processes = {**consumers, "influxd": server.process, "mosquitto": broker, "gateways": making}
        if kind == "ours":
            per_s, cpu = _rate(status, bench.rate_s, processes)
            known = _finish(status, making)
            if (stored := server.count(kind)) != known:
                sys.exit(f"InfluxDB has {stored} readings, the gateways know of {known}")
        else:
            per_s, cpu = _rate_in_store(server, kind, status, bench.rate_s, processes)
    name = "influx" if kind == "ours" else kind
    rows.append((f"{name}_per_s", f"{per_s:,.0f}", cpu))
    return round(per_s)


def _restarted(bench: Bench, server: Server, rows: list[tuple[str, str, str]]) -> dict[str, Any]:
    """All contenders at the same modest rate while InfluxDB is killed and comes back: what is missing in the end."""
    kinds = {"ours": "ours2", "naive": "naive2"} | ({"telegraf": "telegraf"} if _telegraf_program() else {})
    before = {kind: server.count(bucket) for kind, bucket in kinds.items()}
    with ExitStack() as stack:
        port, _ = stack.enter_context(bench.broker())
        for kind, bucket in kinds.items():
            stack.enter_context(_consumer(bench, server, kind, bucket, port))
        time.sleep(1.5)
        made = {}
        for kind in kinds:
            status, gateways = bench.gateways(kind, port, RESTART_RATE)
            made[kind] = status, stack.enter_context(gateways)
        _until(lambda: all(server.count(bucket) > before[kind] for kind, bucket in kinds.items()), 30)
        time.sleep(bench.restart_s / 2)
        server.kill()
        time.sleep(bench.down_s)
        server.start()
        time.sleep(bench.restart_s / 2)
        sent = {}
        for kind, (status, process) in made.items():
            process.send_signal(signal.SIGTERM)
            process.wait(120)
            sent[kind] = json.loads(status.read_text())["known"]
        lost = _settled(server, kinds, {kind: before[kind] + count for kind, count in sent.items()})
    for kind in kinds:
        name = "lost" if kind == "ours" else f"{kind}_lost"
        rows.append(
            (name, f"{lost[kind]:,}", f"of {sent[kind]:,} while InfluxDB was killed and {bench.down_s:.0f} s away")
        )
    return {"lost": lost["ours"], "naive_lost": lost["naive"], "telegraf_lost": lost.get("telegraf")}


def _settled(server: Server, kinds: dict[str, str], wanted: dict[str, int]) -> dict[str, int]:
    """What is missing when all of it is there, or nothing has come for a while."""
    quiet_s = 5.5 if server.bench.quick else 20.0
    missing: dict[str, int] = {}
    changed_s = begun_s = time.monotonic()
    while time.monotonic() - changed_s < quiet_s and time.monotonic() - begun_s < PATIENCE_S:
        now = {kind: wanted[kind] - server.count(bucket) for kind, bucket in kinds.items()}
        if now != missing:
            missing, changed_s = now, time.monotonic()
        if not any(missing.values()):
            break
        time.sleep(0.5)
    return missing


def latency(bench: Bench, rows: list[tuple[str, str, str]]) -> float | None:
    """99th percentile from register to stored: the example site's probes, gateways and hub as they are."""
    period_s = 3 if bench.quick else 60
    site, copy, out = bench.folder / "polled", bench.folder / "served", bench.folder / "delays"
    make_site(site)
    stations = site / "stations.csv"
    lines = [line for line in stations.read_text("utf-8").splitlines() if not line.startswith("#")]
    table_ = list(csv.DictReader(lines))
    with stations.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table_[0]))
        writer.writeheader()
        writer.writerows({**row, "period_s": str(period_s)} for row in table_)
    cli = (sys.executable, "-m", "deploy.cli")
    with ExitStack() as stack:
        port, _ = stack.enter_context(bench.broker())
        stack.enter_context(bench.running(*cli, "fleet", site, "--copy", copy))
        _until(lambda: (copy / "stations.csv").exists(), 30)
        url, store = f"mqtt://127.0.0.1:{port}", f"sqlite:///{bench.folder / 'delays.sqlite'}"
        script = ROOT / "benchmarks" / "_ingest_timed_hub.py"
        stack.enter_context(bench.running(sys.executable, script, copy, url, store, out))
        time.sleep(1.0)
        stack.enter_context(bench.running(*cli, "gateway", copy, "--broker", url, "--data", bench.folder / "spools"))
        time.sleep(bench.latency_s)
    delays = array.array("d", out.read_bytes() if out.exists() else b"")
    ordered = sorted(delays)
    if not ordered:
        rows.append(("p99_s", "not had", "nothing arrived"))
        return None
    p99_s = ordered[int(0.99 * (len(ordered) - 1))] / 1000
    median_s = ordered[len(ordered) // 2] / 1000
    load = f"28 rivers, a poll each {period_s} s, {len(ordered):,} readings, median {median_s:.2f} s"
    rows.append(("p99_s", f"{p99_s:.2f} s", load))
    return round(p99_s, 3)


def _rate(status: Path, seconds: float, processes: dict[str, Any]) -> tuple[float, str]:
    """Readings a second that the gateways learn to be stored, and what each process takes of a core."""
    _until(lambda: status.exists() and _read(status)["known"] > 0, 30)
    time.sleep(min(2.0, seconds / 6))
    with _cpu(processes) as shares:
        first = _read(status)
        time.sleep(seconds)
        last = _read(status)
    return (last["known"] - first["known"]) / (last["s"] - first["s"]), _shown(shares)


def _rate_in_store(
    server: Server, bucket: str, status: Path, seconds: float, processes: dict[str, Any]
) -> tuple[float, str]:
    """For those who are not told: the store is asked before and after."""
    _until(lambda: status.exists() and _read(status)["known"] > 0, 30)
    time.sleep(min(2.0, seconds / 6))
    with _cpu(processes) as shares:
        first, first_s = server.count(bucket), time.monotonic()
        time.sleep(seconds)
        last, last_s = server.count(bucket), time.monotonic()
    return (last - first) / (last_s - first_s), _shown(shares)


@contextmanager
def _cpu(processes: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Percent of a core of each process over the block."""
    found = {name: psutil.Process(process.pid) for name, process in processes.items()}
    before = {name: sum(process.cpu_times()[:2]) for name, process in found.items()}
    begun_s = time.monotonic()
    shares: dict[str, float] = {}
    yield shares
    for name, process in found.items():
        shares[name] = 100 * (sum(process.cpu_times()[:2]) - before[name]) / (time.monotonic() - begun_s)


def _shown(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.0f} %" for name, share in shares.items()) + " of a core"


def _finish(status: Path, process: subprocess.Popen[bytes]) -> int:
    """Let the gateways deliver what they have; how many readings they know to be stored."""
    process.send_signal(signal.SIGTERM)
    process.wait(120)
    return int(_read(status)["known"])


def _read(status: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(status.read_text())
    return told


def _count_sqlite(path: Path) -> int:
    import sqlite3

    with contextlib.closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM reading").fetchone()[0])


def _telegraf_program() -> Path | None:
    servers = Path(os.environ.get("RIVERCHIEF_SERVERS") or Path.home() / ".cache" / "riverchief" / "servers")
    program = servers / "telegraf" / "telegraf"
    return program if os.access(program, os.X_OK) else None


def _until(condition: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("something did not start in time")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
