"""Detection on Kafka beside detection in one process, memory of a site, and what a city of some size needs.

The example site with readings every five minutes for four days that are caught up with in pieces of four hours, then
every minute for hours slot by slot, as they come live. Timed are the live ones, on the same messages: the hub's watch
on a SQLite store, a worker's part without Kafka, and a worker on a real Kafka. The table of sizes at the end says which
of its figures were measured here, which elsewhere, and how the others follow.

Run it with ``.venv/bin/python benchmarks/city.py``; ``--quick`` takes a fifth of the live hours. Kafka comes from
``RIVERCHIEF_TEST_KAFKA`` or ``$RIVERCHIEF_SERVERS/kafka``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from _city_kafka import kafka, worker_s
from _city_sizes import print_sizes
from _common import ROOT, finish, table

from collectors.stores.sqlite import SqliteStore
from deploy.city.basin import Basin
from deploy.city.feed import Feed
from deploy.city.message import Message
from deploy.quality_limits import site_limits
from deploy.watch.grid import channels_of
from deploy.watch.watch import Watch
from sensors.reading import Block
from sensors.site import Site, load_site

MINUTE = 60_000
HOUR = 60 * MINUTE
START = 1_790_000_100_000 // HOUR * HOUR
CAUGHT_H = 96
TYPICAL = {"water_temperature": 20.0, "ph": 7.2, "dissolved_oxygen": 7.0, "conductivity": 500.0, "turbidity": 30.0,
           "ammonia_nitrogen": 1.0}  # fmt: skip


class Pieces(dict[str, bytes]):
    """What is kept of a site, in memory; counts what was written."""

    written = 0

    def get_bytes(self, key: str) -> bytes | None:
        """See `deploy.city.basin.Keep`."""
        return self.get(key)

    def set_bytes(self, key: str, value: bytes) -> None:
        """See `deploy.city.basin.Keep`."""
        self.written += len(value)
        self[key] = value

    def delete(self, key: str) -> None:
        """See `deploy.city.basin.Keep`."""
        del self[key]


def steps(site: Site, hours: int) -> Iterator[tuple[int, Block]]:
    """The present, and what has been read since the step before."""
    rng = np.random.default_rng(1)
    channels = channels_of(site, site_limits(site.folder))
    typical = np.array([TYPICAL.get(channel.determinand, 2.0) for channel in channels])
    ends = [*range(START + 4 * HOUR, START + CAUGHT_H * HOUR + 1, 4 * HOUR)]
    ends += range(ends[-1] + 5 * MINUTE, ends[-1] + hours * HOUR + 1, 5 * MINUTE)
    before = START
    for end in ends:
        step_ms = MINUTE if end > START + CAUGHT_H * HOUR else 5 * MINUTE
        times = np.arange(before + step_ms, end + 1, step_ms)
        values = typical * (1 + 0.02 * rng.normal(size=(times.size, len(channels))))
        n = times.size
        block = Block()
        for column, channel in enumerate(channels):
            block.station += [channel.station] * n
            block.determinand += [channel.determinand] * n
            block.time_ms += times.tolist()
            block.value += values[:, column].round(3).tolist()
        block.quality, block.state = [2] * len(block.time_ms), ["N"] * len(block.time_ms)
        yield end, block
        before = end


def in_process(site: Site, hours: int, folder: Path) -> tuple[list[list[bytes]], int, float, float]:
    """Messages of caught-up and of live ticks; live readings; CPU of the watch and of the feed for those [s]."""
    store = SqliteStore(str(folder / "store.sqlite"))
    sent: list[bytes] = []
    feed, watch = Feed(site, store, sent.append, lambda: None), Watch(site, store)
    readings, watching, feeding = 0, 0.0, 0.0
    caught: list[bytes] = []
    for now_ms, block in steps(site, hours):
        live = now_ms > START + CAUGHT_H * HOUR
        if live and not caught:
            caught, sent[:] = sent[:], []
        store.write(block)
        begin = time.perf_counter()
        feed.tick(now_ms)
        middle = time.perf_counter()
        watch.tick(now_ms)
        if live:
            readings += len(block)
            feeding += middle - begin
            watching += time.perf_counter() - middle
    store.close()
    return [caught, sent], readings, watching, feeding


def alone(phases: list[list[bytes]]) -> tuple[float, Pieces, int]:
    """A worker's part of the live messages [s], what it keeps, and what it wrote meanwhile [bytes]."""
    keep, basin = Pieces(), Basin()
    for i, payload in enumerate(phases[0]):
        basin.take(keep, b"%d" % i, Message.decode(payload))
    written, begin = keep.written, time.perf_counter()
    for i, payload in enumerate(phases[1], len(phases[0])):
        basin.take(keep, b"%d" % i, Message.decode(payload))
    return time.perf_counter() - begin, keep, keep.written - written


def memory_mb(keep: Pieces, count: int = 8) -> float:
    """Of a site in a worker, beyond what the program needs itself [MB]."""
    first = [Basin.load(keep)]
    before = psutil.Process().memory_info().rss
    more = [Basin.load(keep) for _ in range(count)]
    after = psutil.Process().memory_info().rss
    assert len(first) + len(more) == count + 1
    return (after - before) / count / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    hours = 2 if parser.parse_args().quick else 10
    site = load_site(ROOT / "deploy" / "sites" / "xietang")
    series = len(channels_of(site, site_limits(site.folder)))
    with tempfile.TemporaryDirectory(prefix="riverchief-city-") as place:
        phases, readings, watching, feeding = in_process(site, hours, Path(place))
        working, keep, written = alone(phases)
        size_mb = memory_mb(keep)
        with kafka(Path(place) / "kafka", os.environ.get("RIVERCHIEF_TEST_KAFKA")) as servers:
            on_kafka, worker_mb = worker_s(servers, site.id, phases, Path(place))
    slots = hours * 12
    figures = {
        "series": series, "stations": len(site.stations), "readings": readings,
        "in_process_readings_per_s": round(readings / watching),
        "worker_part_readings_per_s": round(readings / working),
        "kafka_readings_per_s": round(readings / on_kafka),
        "kafka_to_in_process": round(watching / on_kafka, 3),
        "feed_readings_per_s": round(readings / feeding),
        "kept_bytes_per_series": round(sum(map(len, keep.values())) / series),
        "written_bytes_per_series_and_slot": round(written / slots / series),
        "sent_bytes_per_reading": round(sum(map(len, phases[1])) / readings, 1),
        "worker_mb": round(worker_mb),
        "memory_kb_per_series": round(size_mb * 1000 / series, 1),
    }  # fmt: skip
    table([
        ("the hub's watch, one process", f"{readings / watching:,.0f}", "readings/s, from a SQLite store"),
        ("a worker's part without Kafka", f"{readings / working:,.0f}", "readings/s, everything kept in memory"),
        ("a worker on Kafka", f"{readings / on_kafka:,.0f}",
         f"readings/s, committed every second; {watching / on_kafka:.2f} of one process"),
        ("a bridge's feed", f"{readings / feeding:,.0f}", "readings/s, from a SQLite store, without Kafka"),
        ("memory of a site in a worker", f"{size_mb:.1f}", f"MB for {series} series"),
        ("kept of a site on Kafka", f"{sum(map(len, keep.values())) / 1e6:.2f}", "MB, compressed"),
    ])  # fmt: skip
    print_sizes(figures)
    finish(figures)


if __name__ == "__main__":
    main()
