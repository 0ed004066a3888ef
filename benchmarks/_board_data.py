"""Years of a sub-district's data for `benchmarks/board.py`: made once, through the store's own writes, and kept.

200 series at 56 stations every 5 minutes: at the cabinets what decides a class, at the sondes oxygen, pH and
temperature. The newest part is the same whatever the length, so that two lengths differ by their past alone. What was
begun and interrupted is gone on with.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from _common import ROOT
from casework import NOW as NOW_MS
from casework import YEARS_MS as BOOKS_MS
from casework import fill

from analytics.periods import Period, PeriodKind
from collectors.stores import open_store
from collectors.stores.base import Assessment, Event, ReadingStore
from dashboard.casework.database import open_books
from dashboard.casework.seed.accounts import seed_accounts
from dashboard.casework.seed.demo_cases import demo_events
from dashboard.casework.seed.seed import seed, seed_demo
from deploy.hub.judge import Judge
from deploy.hub.period_judge import PeriodJudge
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block
from sensors.site import Site, load_site

SITE_FOLDER = ROOT / "deploy" / "sites" / "xietang"
STEP_MS = 300_000
MONTH_MS = 365 * DAY_MS // 12

#: Another number makes everything anew.
GENERATOR = 1

#: Determinand, usual value, decimals of the instrument.
CABINET = (
    ("dissolved_oxygen", 5.6, 2), ("permanganate_index", 5.1, 2), ("ammonia_nitrogen", 0.8, 3),
    ("total_phosphorus", 0.16, 3),
)  # fmt: skip
SONDE = (("dissolved_oxygen", 5.4, 2), ("ph", 7.4, 2), ("water_temperature", 17.0, 1))

#: Readings of one station that one write brings, as a gateway does that was cut off for long [ms].
SPAN_MS = 60 * DAY_MS

#: Years of orders are so many a year; the books are five years old whatever the length of the store.
ORDERS_A_YEAR = 10_000

#: Events are those of so many demonstrations in every five weeks.
EVENTS_MS, EVENTS_TIMES = 35 * DAY_MS, 8

#: Stations' judgements of every hour reach so far back, rivers' to the beginning [days].
STATION_DAYS = 31

_CLASSES = ("II", "III", "III", "IV", "IV", "V", "INFERIOR_V", None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A store and books of some length.

    Attributes
    ----------
    months : int
    readings : int
    store, books : Path
    took_s : float or None
        Time it took to make them now [s]; None where they were there.
    """

    months: int
    readings: int
    store: Path
    books: Path
    took_s: float | None

    @property
    def gigabytes(self) -> float:
        """Size on the disk [GB]."""
        return sum(path.stat().st_size for path in (self.store, self.books)) / 1e9

    @property
    def store_url(self) -> str:
        """URL of the store."""
        return f"sqlite:///{self.store}"

    @property
    def books_url(self) -> str:
        """URL of the books."""
        return f"sqlite:///{self.books}"


def cache() -> Path:
    """Where the data are kept between runs, outside the checkout."""
    return Path(os.environ.get("RIVERCHIEF_BENCH_CACHE") or Path.home() / ".cache" / "riverchief") / "board"


def prepare(months: int) -> Prepared:
    """Store and books of a length; made where they are not there."""
    folder = cache() / f"{GENERATOR}-{months}"
    folder.mkdir(parents=True, exist_ok=True)
    done, store_path, books_path = folder / "done", folder / "store.sqlite", folder / "books.sqlite"
    begun = None
    if not done.exists():
        begun = time.monotonic()
        print(f"making {months} months of 5-minute data in {folder} ...", flush=True)
        site = load_site(SITE_FOLDER)
        store = open_store(f"sqlite:///{store_path}")
        readings = _readings(store, site, months)
        _judgements(store, site, months)
        store.put_events(list(_events(site, months)))
        store.close()
        if not books_path.exists():
            _books(books_path, site, months)
        done.write_text(str(readings))
    return Prepared(
        months, int(done.read_text()), store_path, books_path, None if begun is None else time.monotonic() - begun
    )


def _readings(store: ReadingStore, site: Site, months: int) -> int:
    """Write the readings, oldest first, every station's of a span together; how many there are."""
    start_ms, series, count = NOW_MS - months * MONTH_MS, _series(site), 0
    edges = range(NOW_MS - NOW_MS % STEP_MS + STEP_MS, start_ms - SPAN_MS, -SPAN_MS)
    for end_ms, from_ms in reversed(list(pairwise(edges))):
        name = f"benchmark/{from_ms}"
        written = store.mark(name)
        if written is None:
            size = 0
            for place in range(0, len(series), 4):
                some = [(number, series[number]) for number in range(place, min(place + 4, len(series)))]
                block = _joined([_block(number, one, max(from_ms, start_ms), end_ms) for number, one in some])
                store.write(block)
                size += len(block)
            written = str(size)
            store.put_mark(name, written)
        count += int(written)
    return count


def _series(site: Site) -> list[tuple[str, tuple[str, float, int]]]:
    return [
        (station.id, measured)
        for station in site.stations.values()
        for measured in (CABINET if station.profile == "station_cabinet" else SONDE)
    ]


def _block(number: int, series: tuple[str, tuple[str, float, int]], start_ms: int, end_ms: int) -> Block:
    """Readings of a series: a day's wave and noise, one of 200 missing and one of 200 suspect."""
    station, (key, usual, decimals) = series
    rng = np.random.default_rng([GENERATOR, number, end_ms // DAY_MS])
    # Drawn for a whole span whatever is kept of it, from its end on, so that the length of the past changes nothing.
    n = SPAN_MS // STEP_MS
    times = end_ms - STEP_MS * np.arange(1, n + 1, dtype=np.int64)
    level = usual * (0.7 + 0.12 * (number % 7)) if key not in ("ph", "water_temperature") else usual
    values = np.round(
        level * (1 + 0.06 * np.sin(times / DAY_MS * 2 * np.pi + number) + rng.normal(0, 0.02, n)), decimals
    )
    drawn = rng.random(n)
    kept = ((drawn > 0.005) & (times >= start_ms))[::-1]
    quality = np.where(drawn > 0.995, 3, 1)
    when, what, how = (column[::-1][kept].tolist() for column in (times, values, quality))
    return Block([station] * len(when), [key] * len(when), when, what, how, ["N"] * len(when))


def _joined(blocks: list[Block]) -> Block:
    whole = Block()
    for name in ("station", "determinand", "time_ms", "value", "quality", "state"):
        setattr(whole, name, [each for block in blocks for each in getattr(block, name)])
    return whole


def _judgements(store: ReadingStore, site: Site, months: int) -> None:
    """Judge the newest hour and periods as the hub does, and repeat what it says back to the beginning."""
    start_ms = NOW_MS - months * MONTH_MS
    now = Judge(site, store).tick(NOW_MS, dict.fromkeys(site.stations, NOW_MS))
    hour_ms = NOW_MS - NOW_MS % HOUR_MS
    windows = [row for row in now if row.basis == "window" and row.time_ms == hour_ms]
    _put(store, _hourly([row for row in windows if row.scope != "station"], hour_ms, start_ms))
    stations = [row for row in windows if row.scope == "station"]
    _put(store, _hourly(stations, hour_ms, max(start_ms, hour_ms - STATION_DAYS * DAY_MS)))
    judge = PeriodJudge(site, store)
    zone = ZoneInfo(site.timezone)
    judge.redo(NOW_MS - DAY_MS, NOW_MS)
    rows: list[Assessment] = []
    while told := judge.tick(NOW_MS):
        rows += told
    for kind in ("day", "month", "quarter", "year"):
        newest = Period.at(kind, NOW_MS, zone).start_ms
        _put(
            store, _periodic([row for row in rows if row.basis == kind and row.time_ms == newest], kind, start_ms, zone)
        )


def _hourly(rows: list[Assessment], hour_ms: int, start_ms: int) -> Iterator[Assessment]:
    for row in rows:
        for time_ms in range(hour_ms - HOUR_MS, start_ms - 1, -HOUR_MS):
            yield replace(row, time_ms=time_ms, water_class=_class(row, time_ms))


def _periodic(rows: list[Assessment], kind: PeriodKind, start_ms: int, zone: ZoneInfo) -> Iterator[Assessment]:
    period = Period.at(kind, NOW_MS, zone).previous()
    while period.end_ms > start_ms:
        for row in rows:
            told = row.detail | {"period": period.label, "end_ms": period.end_ms, "running": False}
            yield replace(row, time_ms=period.start_ms, detail=told, water_class=_class(row, period.start_ms))
        period = period.previous()


def _class(row: Assessment, time_ms: int) -> str | None:
    """A class for some days, then another one; none where the newest has none."""
    if row.water_class is None:
        return None
    return random.Random(f"{row.subject}/{time_ms // (4 * DAY_MS)}").choice(_CLASSES)


def _put(store: ReadingStore, rows: Iterator[Assessment]) -> None:
    while some := list(islice(rows, 20_000)):
        store.put_assessments(some)


def _events(site: Site, months: int) -> Iterator[Event]:
    """Events of the demonstration over and over, named as the benchmark's books name them."""
    made = 0
    for turn in range(round(months * MONTH_MS / EVENTS_MS)):
        for seed_ in range(EVENTS_TIMES):
            back_ms = turn * EVENTS_MS + seed_ * DAY_MS // 3
            for event in demo_events(site, NOW_MS - back_ms, seed_ + turn * EVENTS_TIMES):
                number = _order_at(event.start_ms, months * ORDERS_A_YEAR // 12)
                made += 1
                yield replace(event, id=f"E{number | 1}" if number % 4 == 0 else f"W{made}")


def _order_at(time_ms: int, orders: int) -> int:
    """Number of the order that was opened at a time; see `casework.fill`."""
    return (time_ms - (NOW_MS - BOOKS_MS)) * orders // BOOKS_MS


def _books(path: Path, site: Site, months: int) -> None:
    unfinished = path.with_suffix(".unfinished")
    for old in path.parent.glob(f"{unfinished.name}*"):
        old.unlink()
    books = open_books(f"sqlite:///{unfinished}", path.parent / "files")
    seed(books, site, NOW_MS)
    seed_demo(books, site, NOW_MS)
    seed_accounts(books, site, NOW_MS)
    fill(books, site, months * ORDERS_A_YEAR // 12)
    with books.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    books.close()
    unfinished.rename(path)
