"""`riverchief qc`: quality flags for a table of readings, each with its tests and their numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import polars as pl

    from analytics.qc import Configuration
    from analytics.qc.control import Flags
    from analytics.qc.episodes import FaultEpisode

    Rows = npt.NDArray[np.intp]

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("readings", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=_FILE, required=True, help="Flags: a .csv or .parquet file.")
@click.option("--events", type=_FILE, help="Faults that lasted, as JSON.")
@click.option("--limits", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Own limits, TOML.")
@click.option("--timezone", help="Zone of times that carry none, e.g. Asia/Shanghai.")
def command(readings: Path, out: Path, events: Path | None, limits: Path | None, timezone: str | None) -> None:
    """Flag the readings of READINGS (.parquet or .csv: time, station, determinand, value), station by station."""
    summary = flag_file(readings, out, events, limits=limits, timezone=timezone)
    click.echo(str(summary))


@dataclass(frozen=True, slots=True)
class QcSummary:
    """What became of a table of readings.

    Attributes
    ----------
    readings, suspect, failed : int
    stations : int
    faults : int
        Faults that lasted.
    unknown : tuple of str
        Determinands that are not known; their rows are left out.
    """

    readings: int
    suspect: int
    failed: int
    stations: int
    faults: int
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.readings} readings of {self.stations} stations: {self.suspect} suspect, {self.failed} failed; "
            f"{self.faults} faults that lasted"
            + (f"; left out, unknown determinands: {', '.join(self.unknown[:8])}" if self.unknown else "")
        )


def flag_file(
    readings: Path, out: Path, events: Path | None = None, *, limits: Path | None = None, timezone: str | None = None
) -> QcSummary:
    """Flag a table of readings; write its flags and, where asked for, the faults that lasted.

    Parameters
    ----------
    readings : Path
        A table as `deploy.tables.read_readings` reads it.
    out : Path
        Columns ``time`` (UTC), ``station``, ``determinand``, ``quality`` (1 good, 3 suspect, 4 fail, 9 missing),
        ``tests`` and ``evidence``, one row for each reading.
    events : Path, optional
        ``{"events": [{"kind", "start", "end", "station", "determinand", "fault"}]}``; one station alone tells faults,
        never a discharge.
    limits : Path, optional
        Limits on top of the default ones; `docs/quality.md` has the keys.
    timezone : str, optional
        Zone of times that carry none.

    Raises
    ------
    ConfigError
        With every mistake in the limits or the readings.
    UsageError
        If a file cannot be read or written.
    """
    import polars as pl

    from deploy.quality_limits import read_limits
    from deploy.raw_table import check_suffix
    from deploy.tables import read_readings, write_table

    check_suffix(out)
    configuration = read_limits(limits)
    table = read_readings(readings, timezone=timezone)
    frame = table.frame
    parts, faults = [], []
    stations = sorted(frame["station"].unique().to_list())
    with click.progressbar(stations, label="stations", hidden=len(stations) < 2) as bar:
        for station in bar:
            part, found = flag_station(frame.filter(pl.col("station") == station), configuration)
            parts.append(part)
            faults.extend(found)
    flags = pl.concat(parts) if parts else frame.select("time", "station", "determinand")
    write_table(flags, out)
    if events is not None:
        _write_events(faults, events)
    counts = dict(flags["quality"].value_counts().iter_rows()) if parts else {}
    return QcSummary(len(flags), counts.get(3, 0), counts.get(4, 0), len(stations), len(faults), tuple(table.unknown))


def flag_station(frame: pl.DataFrame, configuration: Configuration) -> tuple[pl.DataFrame, list[FaultEpisode]]:
    """Flags of the readings of one station, and the faults that lasted.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns ``row, time, station, determinand, value``. A channel and time that stand there twice count once, with
        the later row.
    configuration : Configuration
    """
    import numpy as np
    import polars as pl

    from analytics.qc.control import LATENESS_MS, QualityControl
    from analytics.qc.episodes import fault_episodes

    frame = frame.sort("row").unique(["time", "determinand"], keep="last").sort("time", "determinand")
    station = frame["station"][0]
    names = sorted(frame["determinand"].unique().to_list())
    stamps = frame["time"].dt.epoch("ms").to_numpy()
    times_ms, row = np.unique(stamps, return_inverse=True)
    column = np.searchsorted(names, frame["determinand"].to_numpy().astype(str))
    values = np.full((len(times_ms), len(names)), np.nan)
    values[row, column] = frame["value"].to_numpy()
    channels = [(station, name) for name in names]
    control = QualityControl(channels, configuration)
    flags = control.step(times_ms, values)
    final = flags.final
    episodes = fault_episodes(
        channels, times_ms[:final], flags.tests[:final], ~np.isnan(values[:final]), LATENESS_MS
    )  # fmt: skip
    tests, evidence = _words(flags, row, column)
    quality = pl.Series("quality", flags.flags[row, column].astype(np.int64))
    table = frame.select("time", "station", "determinand").with_columns(
        quality, pl.Series("tests", tests, dtype=pl.String), pl.Series("evidence", evidence, dtype=pl.String)
    )
    return table, episodes


def _words(flags: Flags, row: Rows, column: Rows) -> tuple[list[str], list[str]]:
    """For each reading the names of the tests that flagged it, and their numbers."""
    import numpy as np

    from analytics.qc.checks import Test

    found = flags.findings
    place = np.full(flags.flags.shape, -1, np.int64)
    place[row, column] = np.arange(len(row))
    tests = [""] * len(row)
    evidence = [""] * len(row)
    where = place[found.row, found.series]
    for at, test, statistic, limit in _findings(where, found.test, found.statistic, found.limit):
        name = Test(test).key
        joint = " " if tests[at] else ""
        tests[at] += joint + name
        evidence[at] += f"{joint}{name}={statistic:.4g}/{limit:.4g}"
    return tests, evidence


def _findings(*columns: object) -> Iterator[tuple[int, int, float, float]]:
    import numpy as np

    for at, test, statistic, limit in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
        if at >= 0:
            yield at, test, statistic, limit


def _write_events(faults: list[FaultEpisode], path: Path) -> None:
    from sensors.errors import UsageError
    from sensors.reading import from_ms

    events = [
        {
            "kind": "fault",
            "start": from_ms(fault.start_ms).isoformat(),
            "end": from_ms(fault.end_ms).isoformat(),
            "known": from_ms(fault.known_ms).isoformat(),
            "station": fault.station,
            "determinand": fault.determinand,
            "fault": fault.kind,
            "evidence": dict(fault.evidence),
        }
        for fault in faults
    ]
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json.dumps({"events": events}, indent=1) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error
