"""From gateways through mosquitto into the stores: how much, how soon, and what a restart of the store costs; beside
the script that everybody writes first and Telegraf.

    .venv/bin/python benchmarks/ingest.py [--quick]

Everything runs on this machine, simulated gateways included: readings of nine determinands, batches of 400 rows. A
figure that could not be had is null, and the note says why.
"""

from __future__ import annotations

import argparse
import array
import contextlib
import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from _common import ROOT, finish, table
from _ingest_servers import START_S, Bench, Consumers, NotMeasured, Server, telegraf_program, until

from tests.chaos.rig import make_site

FIGURES = (
    "sqlite_per_s", "p99_s", "influx_per_s", "naive_per_s", "telegraf_per_s", "lost", "naive_lost", "telegraf_lost",
)  # fmt: skip

#: Readings a second of each contender while the store is restarted: what all three can do with ease.
RESTART_RATE = 4_000.0

#: Fewest readings of which a 99th percentile is told: five lie beyond it.
SAMPLES = 500

#: The script's library tries again 5 to 10 s after a failure, then 10 to 20 s after that; Telegraf every second. So
#: long after the store is back, and again after anything has come, nothing more is expected [s]: quick, full.
RETRY_S = (11.0, 32.0)

#: Longest that a run may take [s]: quick, full. A quiet machine needs half of it.
LIMIT_S = (100, 900)


class Report:
    """Figures, lines for people, and why there are none."""

    def __init__(self) -> None:
        self.figures: dict[str, float | None] = dict.fromkeys(FIGURES)
        self.rows: list[tuple[str, str, str]] = []
        self.reasons: list[str] = []

    def add(self, name: str, value: float, remark: str, digits: int = 0) -> None:
        """Note a figure."""
        self.figures[name] = round(value, digits) if digits else round(value)
        self.rows.append((name, f"{value:,.{digits}f}", remark))

    def missing(self, names: tuple[str, ...], reason: object) -> None:
        """Note that there are no figures."""
        self.rows.extend((name, "not had", str(reason)) for name in names)
        self.reasons.append(f"{', '.join(names)}: {reason}")

    @contextmanager
    def phase(self, *names: str) -> Iterator[None]:
        """What cannot be measured here is told, and the next phase has its turn."""
        try:
            yield
        except (NotMeasured, subprocess.TimeoutExpired, psutil.Error, OSError) as error:
            self.missing(
                tuple(name for name in names if self.figures[name] is None), f"{error}" or type(error).__name__
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    quick = parser.parse_args().quick
    report = Report()
    limit_s = LIMIT_S[0 if quick else 1]

    def out_of_time(*_: object) -> None:
        raise NotMeasured(f"the run was over its limit of {limit_s} s")

    signal.signal(signal.SIGALRM, out_of_time)
    # Once more every few seconds: no later phase may begin to wait again.
    signal.setitimer(signal.ITIMER_REAL, limit_s, 5.0)
    with tempfile.TemporaryDirectory(prefix="riverchief-bench-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder), quick)
        with report.phase("sqlite_per_s"):
            into_sqlite(bench, report)
        with report.phase("p99_s"):
            latency(bench, report)
        with report.phase("influx_per_s", "naive_per_s", "telegraf_per_s", "lost", "naive_lost", "telegraf_lost"):
            if bench.program is None:
                raise NotMeasured("no influxd in $RIVERCHIEF_SERVERS")
            with_influx(bench, report)
        signal.setitimer(signal.ITIMER_REAL, 0)
    table(report.rows)
    finish({**report.figures, "note": "; ".join(report.reasons) or None})


def into_sqlite(bench: Bench, report: Report) -> None:
    """Readings a second into the embedded store."""
    path = bench.folder / "sqlite" / "store.sqlite"
    with ExitStack() as stack:
        port, broker = stack.enter_context(bench.broker())
        hub = stack.enter_context(bench.hub(port, f"sqlite:///{path}"))
        status, gateways = bench.gateways("ours", port)
        making = stack.enter_context(gateways)
        per_s, cpu = _rate(bench, _told(status), {"hub": hub, "mosquitto": broker, "gateways": making})
        known = _finish(bench, status, making)
    with contextlib.closing(sqlite3.connect(path)) as db:
        stored = int(db.execute("SELECT count(*) FROM reading").fetchone()[0])
    if stored != known:
        sys.exit(f"the embedded store has {stored} readings, the gateways know of {known}")
    report.add("sqlite_per_s", per_s, cpu)


def latency(bench: Bench, report: Report) -> None:
    """99th percentile from register to stored: the example site's probes, gateways and hub as they are."""
    site, copy, out = bench.folder / "polled", bench.folder / "served", bench.folder / "delays"
    make_site(site)
    stations = site / "stations.csv"
    lines = [line for line in stations.read_text("utf-8").splitlines() if not line.startswith("#")]
    table_ = list(csv.DictReader(lines))
    with stations.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table_[0]))
        writer.writeheader()
        writer.writerows({**row, "period_s": str(bench.period_s)} for row in table_)
    cli = (sys.executable, "-m", "deploy.cli")
    with ExitStack() as stack:
        port, _ = stack.enter_context(bench.broker())
        stack.enter_context(bench.running(*cli, "fleet", site, "--copy", copy))
        until((copy / "stations.csv").exists, START_S, "the virtual probes do not start")
        url, store = f"mqtt://127.0.0.1:{port}", f"sqlite:///{bench.folder / 'delays.sqlite'}"
        script = ROOT / "benchmarks" / "_ingest_timed_hub.py"
        # What a gateway sends before the hub has its session, it would send again only some seconds later.
        stack.enter_context(bench.running(sys.executable, script, copy, url, store, out, wait=True))
        stack.enter_context(bench.running(*cli, "gateway", copy, "--broker", url, "--data", bench.folder / "spools"))
        until(lambda: out.exists() and out.stat().st_size > 0, START_S + bench.period_s, "no reading arrives")
        # What waited for the hub to start is not counted.
        time.sleep(bench.period_s)
        begin = out.stat().st_size
        time.sleep(bench.latency_s)
        delays = array.array("d", out.read_bytes()[begin : out.stat().st_size // 8 * 8])
    ordered = sorted(delays)
    if len(ordered) < SAMPLES:
        raise NotMeasured(f"{len(ordered)} readings in {bench.latency_s:.0f} s; a percentile needs {SAMPLES}")
    median_s = ordered[len(ordered) // 2] / 1000
    load = f"28 rivers, a poll each {bench.period_s} s, {len(ordered):,} readings, median {median_s:.2f} s"
    report.add("p99_s", ordered[int(0.99 * (len(ordered) - 1))] / 1000, load, 3)


def with_influx(bench: Bench, report: Report) -> None:
    """Everything that goes into InfluxDB: one broker, everybody started once, each in turn, then all together."""
    server = Server(bench)
    with server.running(), bench.broker() as (port, broker):
        consumers = Consumers(bench, server, port)
        try:
            consumers.start("ours", "ours")
            if telegraf_program():
                consumers.start("telegraf", "telegraf")
            else:
                report.missing(("telegraf_per_s", "telegraf_lost"), "no telegraf in $RIVERCHIEF_SERVERS")
            with report.phase("influx_per_s"):
                _into_influx(bench, server, consumers, port, broker, "ours", report)
            if telegraf_program():
                with report.phase("telegraf_per_s"):
                    _into_influx(bench, server, consumers, port, broker, "telegraf", report)
                # These do not keep up with the gateways; others begin without what waits for them.
                consumers.kill("telegraf")
                consumers.start("telegraf", "telegraf2")
            consumers.start("naive", "naive")
            with report.phase("naive_per_s"):
                _into_influx(bench, server, consumers, port, broker, "naive", report)
            consumers.kill("naive")
            with report.phase("lost", "naive_lost", *(["telegraf_lost"] if telegraf_program() else [])):
                _restarted(bench, server, consumers, port, report)
        finally:
            consumers.close()


def _into_influx(
    bench: Bench, server: Server, consumers: Consumers, port: int, broker: Any, kind: str, report: Report
) -> None:
    """Readings a second into InfluxDB; who is not told by the store's own word is measured by asking it."""
    status, gateways = bench.gateways(kind, port)
    with gateways as making:
        processes = {**consumers.processes[kind], "influxd": server.process, "mosquitto": broker, "gateways": making}
        count = _told(status) if kind == "ours" else lambda: (server.count(kind), time.time())
        until(status.exists, START_S, "the gateways do not start")
        per_s, cpu = _rate(bench, count, processes)
        report.add(f"{'influx' if kind == 'ours' else kind}_per_s", per_s, cpu)
        if kind != "ours":
            return
        known = _finish(bench, status, making)
    if (stored := server.count(kind)) != known:
        sys.exit(f"InfluxDB has {stored} readings, the gateways know of {known}")


def _restarted(bench: Bench, server: Server, consumers: Consumers, port: int, report: Report) -> None:
    """All contenders at the same modest rate while InfluxDB is killed and comes back: what is missing in the end."""
    consumers.start("naive", "naive2")
    kinds = {"ours": "ours", "naive": "naive2"} | ({"telegraf": "telegraf2"} if telegraf_program() else {})
    before = {kind: server.count(bucket) for kind, bucket in kinds.items()}
    with ExitStack() as stack:
        made = {}
        for kind in kinds:
            status, gateways = bench.gateways(kind, port, RESTART_RATE)
            made[kind] = status, stack.enter_context(gateways)
        until(
            lambda: all(server.count(bucket) > before[kind] for kind, bucket in kinds.items()), START_S,
            "not everybody begins to write",
        )  # fmt: skip
        time.sleep(bench.restart_s / 2)
        server.kill()
        time.sleep(bench.down_s)
        server.start()
        back_s = time.monotonic()
        time.sleep(bench.restart_s / 2)
        sent = {kind: _finish(bench, status, process) for kind, (status, process) in made.items()}
    lost = _settled(server, kinds, {kind: before[kind] + count for kind, count in sent.items()}, back_s)
    away = f"while InfluxDB was killed and {bench.down_s:.0f} s away"
    for kind in kinds:
        remark = f"of {sent[kind]:,} {away}" + (_dropped(bench) if kind == "telegraf" and lost[kind] else "")
        report.add("lost" if kind == "ours" else f"{kind}_lost", lost[kind], remark)


def _settled(server: Server, kinds: dict[str, str], wanted: dict[str, int], back_s: float) -> dict[str, int]:
    """What is missing when all of it is there, or whoever tries again must have done so."""
    patience_s = RETRY_S[0 if server.bench.quick else 1]
    missing: dict[str, int] = {}
    changed_s = back_s
    while time.monotonic() - changed_s < patience_s and time.monotonic() - back_s < 4 * patience_s:
        now = {kind: wanted[kind] - server.count(bucket) for kind, bucket in kinds.items()}
        if any(now[kind] != missing.get(kind) for kind in kinds):
            missing, changed_s = now, time.monotonic()
        if not any(missing.values()):
            break
        time.sleep(0.25)
    return missing


def _dropped(bench: Bench) -> str:
    """What Telegraf says of it: whether it has let go what is missing, or still has it."""
    lines = (bench.folder / "telegraf2.log").read_text("utf-8", "replace").splitlines()
    said = [line for line in lines if "drop" in line.lower()]
    return f"; it says: {said[-1]}" if said else "; its log tells of nothing dropped"


def _told(status: Path) -> Callable[[], tuple[float, float]]:
    """How many readings the gateways know to be stored, and when."""

    def count() -> tuple[float, float]:
        if not status.exists():
            return 0, 0.0
        told = json.loads(status.read_text())
        return told["known"], told["s"]

    return count


def _rate(
    bench: Bench, count: Callable[[], tuple[float, float]], processes: dict[str, subprocess.Popen[bytes]]
) -> tuple[float, str]:
    """Readings a second by a count with its time, and what each process takes of a core."""
    begun = count()[0]
    until(lambda: count()[0] > begun, START_S, "no reading arrives")
    time.sleep(bench.warm_s)
    with _cpu(processes) as shares:
        first, first_s = count()
        time.sleep(bench.rate_s)
        last, last_s = count()
    if last_s <= first_s or last <= first:
        raise NotMeasured(f"nothing arrived within the {bench.rate_s:.0f} s of the window")
    cpu = ", ".join(f"{name} {share:.0f} %" for name, share in shares.items())
    per_reading_us = sum(shares.values()) / 100 / ((last - first) / (last_s - first_s)) * 1e6
    return (last - first) / (last_s - first_s), f"{cpu} of a core; {per_reading_us:.1f} µs a reading"


@contextmanager
def _cpu(processes: dict[str, subprocess.Popen[bytes]]) -> Iterator[dict[str, float]]:
    """Percent of a core of each process over the block."""
    found = {name: psutil.Process(process.pid) for name, process in processes.items()}
    before = {name: sum(process.cpu_times()[:2]) for name, process in found.items()}
    begun_s = time.monotonic()
    shares: dict[str, float] = {}
    yield shares
    for name, process in found.items():
        shares[name] = 100 * (sum(process.cpu_times()[:2]) - before[name]) / (time.monotonic() - begun_s)


def _finish(bench: Bench, status: Path, process: subprocess.Popen[bytes]) -> int:
    """Let the gateways deliver what they have; how many readings they know to be stored."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(bench.drain_s)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"the gateways do not get rid of what they have within {bench.drain_s:.0f} s") from None
    return int(_told(status)()[0])


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
