"""The default configuration over records of real rivers (../shared/data): the tables of docs/real-records.md.

    .venv/bin/python benchmarks/real_records.py [--page docs/real-records.md] [--figures docs/images] [--quick]

--page writes the tables into the page, between its marks; --figures draws its figures. --quick leaves out what takes
minutes (Utah, the alarms). Nothing of the data is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from _common import ROOT, finish, machine

from benchmarks import _real_alarms as told
from benchmarks import _real_overflows as overflows
from benchmarks import _real_probes as probes
from benchmarks._page import Table, fill
from benchmarks._real_page import draw_overflows, draw_stations

Row = tuple[str, ...]


def sandy() -> list[Table]:
    """Sandy Creek, Queensland."""
    found = probes.flagged(probes.sandy())
    head = ("determinand", "labelled as", "runs found", "samples flagged")
    return [Table("sandy", head, list(probes.sandy_kinds(found)))]


def chicago() -> list[Table]:
    """Chicago's overflows."""
    inside, always = overflows.context()
    return [
        Table(
            "chicago-rain",
            ("rain in 24 h [mm]", "reports", "share of them", "days with such rain", "share of these with a report"),
            list(overflows.by_rain()),
        ),
        Table(
            "chicago-context",
            ("", "share"),
            [
                ("reports that begin while the rules take the weather for wet", f"{inside:.3f}"),
                ("all hours in which they do", f"{always:.3f}"),
            ],
        ),
        Table(
            "chicago-water",
            ("grab samples", "after", "others", "median after", "median of others", "ratio (95 % interval)"),
            list(overflows.sampled()),
        ),
    ]


def utah(frame: pl.DataFrame) -> tuple[list[Table], pd.DataFrame]:
    """Logan River, Utah."""
    found = probes.flagged(frame)
    ice = found["label"].mask(found["qualifier"] == probes.ICE, "anomaly")
    tables = [
        Table(
            "logan-stations",
            ("station", "labelled events found", "false events per channel-day", "bad samples flagged"),
            list(probes.by_station(found)),
        ),
        Table(
            "logan-reasons",
            ("the technicians' reason", "events found", "mean length [h]", "samples flagged"),
            list(probes.by_reason(found, ice)),
        ),
        Table("logan-tests", ("test", "runs on good samples", "samples"), list(probes.by_test(found))),
        Table(
            "logan-drift",
            ("determinand", "intervals", "median drift at the end", "largest", "told in the last week"),
            list(probes.drifts(found)),
        ),
    ]
    return tables, found


def texas(frame: pl.DataFrame) -> list[Table]:
    """Pringle Creek, Texas."""
    head = ("determinand", "readings", "share flagged", "failed", "false events per channel-day", "flags by test")
    return [Table("neon", head, list(probes.clean_flags(probes.flagged(frame))))]


def alarms(records: Iterable[tuple[str, pl.DataFrame, pd.DataFrame | None]]) -> Table:
    """What detection would have told."""
    head = ("record", "series ready", "station-months", "discharges told", "per station-month", "one determinand alone",
            "level risen in the day before", "on a labelled fault", "other events")  # fmt: skip
    return Table("alarms", head, [told.alarms(name, told.watched(frame), labels) for name, frame, labels in records])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="Sandy Creek and Chicago only")
    parser.add_argument("--page", type=Path, help="page whose tables are written anew")
    parser.add_argument("--figures", type=Path, help="folder for the figures (SVG)")
    given = parser.parse_args()
    if not (ROOT.parent / "shared" / "data").is_dir():
        finish({"tables": None, "reason": "no ../shared beside this checkout: no real records"})
        return
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    begun = time.perf_counter()
    tables = [*sandy(), *chicago()]
    if not given.quick:
        frame, pringle = probes.logan(), probes.neon()
        labelled, found = utah(frame)
        tables += labelled
        print("  Utah", file=sys.stderr)
        tables += texas(pringle)
        year = pl.col("time") >= pl.datetime(2019, 1, 1, 7, time_zone="UTC")
        tables.append(
            alarms([("Logan River, January to July 2019", frame.filter(year), found), ("Pringle Creek", pringle, None)])
        )
        print("  alarms", file=sys.stderr)
        head = ("station left out", "factor by the other four", "events found with it", "false events with it",
                "events found by default", "false events by default")  # fmt: skip
        scores = probes.scaled(frame)
        tables.append(Table("logan-left-out", head, list(probes.left_out(scores))))
        factors = ("all floors times", "labelled events found", "false events per channel-day", "bad samples flagged")
        tables.append(Table("logan-factors", factors, list(probes.by_factor(scores))))
    for table in tables:
        print(f"\n{table.name}\n{table.markdown()}")
    if given.page:
        fill(given.page, tables)
    if given.figures:
        draw_overflows(given.figures, next(table for table in tables if table.name == "chicago-water"))
        for table in tables:
            if table.name == "logan-stations":
                draw_stations(given.figures, table)
    figures: dict[str, Any] = {"seconds": round(time.perf_counter() - begun)}
    finish(figures | {"tables": {table.name: table.rows for table in tables}})


if __name__ == "__main__":
    main()
