"""A store with two evaluated months; made once for all tests of reports, which only read it."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from collectors.stores import open_store
from deploy.hub.period_judge import PeriodJudge
from sensors.reading import Block, Quality, Reading
from tests.dashboard import made

CST = ZoneInfo("Asia/Shanghai")
DAY_MS = 24 * 3_600_000
GOOD = {"ph": 7.2, "dissolved_oxygen": 8.0, "permanganate_index": 3.0, "ammonia_nitrogen": 0.4}


def at(month: int, day: int = 1) -> int:
    """Midnight of a day of 2026."""
    return round(datetime(2026, month, day, tzinfo=CST).timestamp() * 1000)


def months() -> str:
    """URL of the store: October of class II; November so far of class IV by ammonia, of inferior V in one river."""
    return f"sqlite:///{_template().name}/store.sqlite"


@cache
def _template() -> TemporaryDirectory[str]:
    """A folder with the store; it goes with the process."""
    folder = TemporaryDirectory(prefix="riverchief-months-")
    site = made.example_site()
    store = open_store(f"sqlite:///{folder.name}/store.sqlite")
    readings = []
    for station in site.stations.values():
        for time_ms in range(at(10), made.NOW_MS, 8 * 3_600_000):
            ammonia = 0.4 if time_ms < at(11) else 2.6 if station.river == "R15" else 1.2
            for key, value in (GOOD | {"ammonia_nitrogen": ammonia}).items():
                readings.append(Reading(station.id, key, time_ms, value, Quality.GOOD))
    store.write(Block.of(readings))
    judge = PeriodJudge(site, store)
    judge.redo(at(10), made.NOW_MS)
    judge.tick(made.NOW_MS)
    while judge.behind:
        judge.tick(made.NOW_MS)
    store.close()
    return folder
