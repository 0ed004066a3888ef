"""Illustrative visits, calibrations and samples; the samples are of the virtual water, as a laboratory might see it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from dashboard.casework.base import Base
from dashboard.casework.tables.stations import Calibration, Sample, SampleResult, StationVisit
from dashboard.casework.visits import passes
from sensors.determinand import DETERMINANDS
from sensors.durations import DAY_MS, HOUR_MS, MINUTE_MS
from sensors.simulate.water import VirtualWater
from sensors.site import Site

#: What is calibrated: determinand, standard and tolerance [its unit].
STANDARDS = (("ph", 6.86, 0.1), ("conductivity", 1413.0, 30.0), ("ammonia_nitrogen", 1.0, 0.1))

#: What laboratories report, with their detection limits [unit of the determinand].
ANALYSED = (("dissolved_oxygen", 0.2), ("permanganate_index", 0.5), ("ammonia_nitrogen", 0.025),
            ("total_phosphorus", 0.01))  # fmt: skip

#: Days between visits and between samples.
EVERY_DAYS = 30


def care_rows(site: Site, now_ms: int, seed: int, note: str) -> list[Base]:
    """Half a year of visits to every station, and of samples at one station of each river."""
    chance = Random(f"{seed}/care")
    rows: list[Base] = []
    for index, station in enumerate(site.stations):
        for month in range(6):
            # None in the last days: nobody was at a virtual station.
            start_ms = now_ms - (month * EVERY_DAYS + 3 + index * 7 % 34) * DAY_MS + chance.randint(0, 6) * HOUR_MS
            rows.append(_visit(f"DEMO-M{month}-{station}", station, start_ms, ZoneInfo(site.timezone), chance, note))
    water = VirtualWater(site, seed)
    for index, river in enumerate(site.rivers):
        stations = site.stations_of(river)
        if not stations:
            continue
        for month in range(6):
            ago_ms = HOUR_MS * (2 + index % 5) if month == 0 else month * EVERY_DAYS * DAY_MS + index * HOUR_MS
            rows.append(
                _sample(f"DEMO-A{month}-{stations[0].id}", stations[0].id, now_ms - ago_ms, water, chance, note)
            )
    return rows


def _visit(name: str, station: str, start_ms: int, zone: ZoneInfo, chance: Random, note: str) -> StationVisit:
    day = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(zone).date()
    calibrations = []
    for determinand, standard, tolerance in STANDARDS:
        before = round(standard + chance.gauss(0, tolerance * 0.7), 3)
        after = round(standard + chance.gauss(0, tolerance * (0.2 if chance.random() < 0.98 else 2)), 3)
        calibrations.append(
            Calibration(
                determinand=determinand, standard=standard, before=before, after=after, tolerance=tolerance,
                passed=passes(standard, before, after, tolerance), next_due_on=day + timedelta(days=EVERY_DAYS),
            )
        )  # fmt: skip
    return StationVisit(
        id=name, station=station, kind="calibration", start_ms=start_ms,
        end_ms=start_ms + chance.randint(25, 90) * MINUTE_MS, person="示例运维员", note=note, calibrations=calibrations,
    )  # fmt: skip


def _sample(name: str, station: str, time_ms: int, water: VirtualWater, chance: Random, note: str) -> Sample:
    time_ms -= time_ms % MINUTE_MS
    truth = water.series(station, [time_ms])
    results = []
    for determinand, limit in ANALYSED:
        value = float(truth[determinand][0]) * chance.gauss(1, 0.06)
        decimals = DETERMINANDS[determinand].decimals
        amount = f"{value:.{decimals}f}" if value >= limit else f"{limit}L"
        results.append(SampleResult(determinand=determinand, amount=amount, method="示例方法"))
    return Sample(
        id=name, station=station, taken_ms=time_ms, laboratory="示例实验室", taken_by="示例采样员", note=note,
        results=results,
    )  # fmt: skip
