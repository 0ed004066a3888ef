"""Overflow reports of Chicago beside rain gauges and monthly grab samples: what the rules assume of wet weather."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
from _common import ROOT

from analytics.detectors.options import Options

FOLDER = ROOT.parent / "shared" / "data" / "chicago_cso"

Row = tuple[str, ...]

#: Rain in the 24 hours before [mm].
DEPTHS = (-1.0, 0.0, 1.0, 5.0, 20.0, 1e9)
DEPTH_WORDS = ("none", "up to 1", "1 to 5", "5 to 20", "more than 20")

#: A grab sample is compared if its place lies so near a river segment [km]; "after" is within so long of an overflow.
NEAR_KM, AFTER = 0.3, pd.Timedelta(days=2)

#: Our key or a name, theirs, and the unit.
SAMPLED = (
    ("faecal coliforms", "fecal_coliform", "/100 mL"), ("turbidity", "turbidity", "NTU"),
    ("suspended solids", "ss", "mg/L"), ("dissolved oxygen", "do", "mg/L"), ("ammonia nitrogen", "nh3n", "mg/L"),
    ("total phosphorus", "tp", "mg/L"), ("chloride", "chloride", "mg/L"), ("dissolved solids", "tds", "mg/L"),
)  # fmt: skip


@cache
def gauges() -> pd.DataFrame:
    """Hourly rain of three gauges [mm]; hours without a row had none."""
    rows = pd.read_csv(FOLDER / "dev" / "rain_hourly.csv.gz", parse_dates=["ts"])
    wide = rows.pivot_table(index="ts", columns="station", values="value", aggfunc="max")
    return wide.resample("1h").max().fillna(0)


@cache
def reports() -> pd.DataFrame:
    """Overflow reports while there are gauges."""
    rows = pd.read_csv(FOLDER / "dev" / "cso_events.csv.gz", parse_dates=["start", "end"])
    known: pd.DataFrame = rows[rows["start"] <= gauges().index[-1]]
    return known


def day_before(times: pd.Series) -> np.ndarray:
    """Rain in the 24 hours before each time, at the wettest gauge [mm]."""
    day = gauges().rolling("24h").sum().max(axis=1)
    depth: np.ndarray = day.reindex(times.dt.floor("h"), method="nearest").to_numpy()
    return depth


def by_rain() -> Iterator[Row]:
    """Reports by the rain before them, and how often a day with such rain had any."""
    depth = day_before(reports()["start"])
    days = gauges()[gauges().index >= reports()["start"].min()].resample("1D").sum().max(axis=1)
    overflowing = set(reports()["start"].dt.floor("D"))
    with_any = np.array([day in overflowing for day in days.index])
    for low, high, words in zip(DEPTHS[:-1], DEPTHS[1:], DEPTH_WORDS, strict=True):
        mine = (depth > low) & (depth <= high)
        such = ((days > low) & (days <= high)).to_numpy()
        yield (
            words, str(mine.sum()), f"{mine.mean():.3f}", str(such.sum()),
            f"{with_any[such].mean():.2f}" if such.any() else "–",
        )  # fmt: skip


def context() -> tuple[float, float]:
    """Share of reports that begin while the rules take the weather for wet, and share of all hours that they do."""
    options = Options()
    wet = gauges().rolling("24h").sum().max(axis=1) > options.rain_mm
    wet = wet.rolling(f"{options.rain_h:g}h").max() > 0
    wet = wet[wet.index >= reports()["start"].min()]
    at = wet.reindex(reports()["start"].dt.floor("h"), method="nearest")
    return float(at.mean()), float(wet.mean())


def sampled() -> Iterator[Row]:
    """Grab samples within two days of an overflow into the same segment, beside all others there."""
    places = pd.read_csv(FOLDER / "stations.csv")
    segment = places[places["segment_km"] <= NEAR_KM].set_index("station")["segment_id"]
    rows = pd.read_csv(FOLDER / "dev" / "chemistry.csv.gz", parse_dates=["ts"])
    rows = rows[rows["station"].isin(segment.index) & (rows["ts"] >= reports()["start"].min())]
    ends = {number: part["end"].sort_values().to_numpy() for number, part in reports().groupby("segment_id")}
    samples = rows[["station", "ts"]].drop_duplicates()
    after = pd.Series(
        [_since(ends.get(segment[place]), ts) for place, ts in samples.itertuples(index=False)],
        index=pd.MultiIndex.from_frame(samples),
    )
    rng = np.random.default_rng(1)
    for words, name, unit in SAMPLED:
        mine = rows[rows["parameter"] == name].set_index(["station", "ts"])["value"]
        mine = mine[~mine.index.duplicated()]
        wet = after.reindex(mine.index).to_numpy(dtype=bool)
        a, b = mine.to_numpy()[wet], mine.to_numpy()[~wet]
        ratios = [np.median(rng.choice(a, a.size)) / np.median(rng.choice(b, b.size)) for _ in range(2000)]
        low, high = np.quantile(ratios, [0.025, 0.975])
        yield (
            f"{words} [{unit}]", str(a.size), str(b.size), _plain(float(np.median(a))), _plain(float(np.median(b))),
            f"{np.median(a) / np.median(b):.2f} ({low:.2f}–{high:.2f})",
        )  # fmt: skip


def _plain(value: float) -> str:
    """Three digits, without exponents."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _since(ends: np.ndarray | None, ts: pd.Timestamp) -> bool:
    """Whether an overflow ended within two days before the end of a sample's day."""
    if ends is None:
        return False
    day = ts + pd.Timedelta(days=1)
    return bool(((ends <= day) & (ends > ts - AFTER)).any())
