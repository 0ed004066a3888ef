"""The default configuration over probes of real rivers: what quality control flags, beside labels."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from _common import ROOT

from analytics.qc import default_configuration
from analytics.qc.config import Configuration
from benchmarks.detection_scores import wilson
from deploy.qc_command import flag_station

SHARED = ROOT.parent / "shared"
DATA = SHARED / "data"
NAMES = {
    "do": "dissolved_oxygen", "water_temp": "water_temperature", "stage": "water_level", "stage_masl": "water_level",
    "chla": "chlorophyll_a",
}  # fmt: skip
KEY = ["time", "station", "determinand"]

#: What technicians' codes mean, as far as the data show it (README of the record).
QUALIFIERS = {
    1: "edited or interpolated", 2: "malfunction, removed", 8: "malfunction, removed", 7: "service visit, removed",
    4: "suspect, kept", 10: "estimated, kept", 5: "ice",
}  # fmt: skip
ICE = 5

Row = tuple[str, ...]


def scorer() -> tuple[Callable[[pd.DataFrame], dict[str, float]], Callable[[Any], list[tuple[int, int]]]]:
    """The published scorer of flags, and its runs of samples."""
    spec = importlib.util.spec_from_file_location("score_qc", SHARED / "scorers" / "score_qc.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.score, module.runs


def logan() -> pl.DataFrame:
    """Five stations in Utah; ice counts as not assessed, as in the published case."""
    frame = pl.read_parquet(DATA / "logan_lro" / "dev" / "logan.parquet").rename({"ts": "time"})
    frame = frame.with_columns(pl.col("station", "parameter", "label").cast(pl.String))
    return frame.with_columns(
        pl.col("parameter").replace(NAMES).alias("determinand"),
        pl.when(pl.col("label").eq("anomaly") & pl.col("qualifier").eq(ICE).fill_null(value=False))
        .then(pl.lit("unassessed")).otherwise("label").alias("label"),
        # Levels are in cm, but for the logger's code.
        pl.when(pl.col("parameter").eq("stage") & pl.col("value").gt(-9000))
        .then(pl.col("value") / 100).otherwise("value").alias("value"),
    )  # fmt: skip


def neon() -> pl.DataFrame:
    """Two stations in Texas, of which the anomalies were taken out."""
    frame = pl.read_parquet(DATA / "neon_prin" / "dev" / "neon_prin.parquet").rename({"ts": "time"})
    frame = frame.with_columns(pl.col("station", "parameter").cast(pl.String)).filter(pl.col("parameter") != "fdom")
    lowest = pl.col("value").min().over("station", "parameter")
    return frame.with_columns(
        pl.col("parameter").replace(NAMES).alias("determinand"),
        pl.lit("ok").alias("label"),
        # Chlorophyll in mg/L; levels above the lowest one, not above the sea.
        pl.when(pl.col("parameter").eq("chla")).then(pl.col("value") / 1000)
        .when(pl.col("parameter").eq("stage_masl")).then(pl.col("value") - lowest)
        .otherwise("value").alias("value"),
    )  # fmt: skip


def sandy() -> pl.DataFrame:
    """One station in Queensland."""
    frame = pl.read_csv(DATA / "oddwater" / "dev" / "SandyCreek.csv.gz", infer_schema_length=None)
    return frame.with_columns(
        pl.col("ts").str.to_datetime(time_zone="UTC", time_unit="us").alias("time"),
        pl.col("parameter").replace(NAMES).alias("determinand"),
    )


def flagged(frame: pl.DataFrame, configuration: Configuration | None = None) -> pd.DataFrame:
    """Readings with their labels and what `riverchief qc` says of them, by time."""
    configuration = configuration or default_configuration()
    frame = frame.unique(KEY, keep="last").sort(KEY).with_row_index("row")
    there = frame.filter(pl.col("value").is_not_null()).select("row", *KEY, "value")
    parts = [flag_station(part, configuration)[0] for part in there.partition_by("station", maintain_order=True)]
    joined = frame.join(pl.concat(parts).select(*KEY, "quality", "tests"), on=KEY, how="left")
    joined = joined.with_columns(pl.col("tests").fill_null(""), pl.col("quality").is_in([3, 4]).alias("flag"))
    return joined.to_pandas()


def share(hits: float, of: float) -> str:
    """A share with its count and interval."""
    low, high = wilson(hits, of)
    return f"{hits / of:.2f} ({hits:.0f} of {of:.0f}; {low:.2f}–{high:.2f})" if of else "–"


def by_station(found: pd.DataFrame) -> Iterator[Row]:
    """Events found and false ones, station by station."""
    score, _ = scorer()
    groups = [*found.groupby("station"), (ALL, found)]
    for name, part in [*groups, ("flag everything", found.assign(flag=True))]:
        s = score(part)
        recall = share(round(s["recall"] * s["events"]), s["events"])
        bad = s["bad_samples_flagged"]
        yield str(name), recall, f"{s['false_events_per_channel_day']:.3f}", f"{bad:.2f}"


def by_reason(found: pd.DataFrame, labels: pd.Series[Any]) -> Iterator[Row]:
    """What technicians wrote, and what of it was flagged; `labels` with ice."""
    _, runs = scorer()
    counts: dict[str, list[float]] = {}
    for _, part in found.assign(label=labels).groupby(["station", "determinand"]):
        bad, flag = (part.label == "anomaly").to_numpy(), part.flag.to_numpy(dtype=bool)
        for first, end in runs(bad):
            words = QUALIFIERS[int(part.qualifier.iloc[first:end].mode().iloc[0])]
            count = counts.setdefault(words, [0, 0, 0, 0])
            for i, more in enumerate((flag[max(0, first - 1) : end + 1].any(), 1, flag[first:end].sum(), end - first)):
                count[i] += more
    for words in dict.fromkeys(QUALIFIERS.values()):
        hits, events, samples, of = counts[words]
        yield words, share(hits, events), f"{of / events / 4:.1f}", f"{samples / of:.2f}"


def by_test(found: pd.DataFrame) -> Iterator[Row]:
    """Which tests flagged samples that technicians left as they were: runs, and samples."""
    _, runs = scorer()
    events: dict[str, int] = {}
    samples: dict[str, int] = {}
    clean = found.assign(tests=found.tests.where(found.label == "ok", ""))
    for _, part in clean.groupby(["station", "determinand"]):
        for name in set(" ".join(part.tests.unique()).split()):
            mask = part.tests.str.split().map(lambda tests, name=name: name in tests).to_numpy(dtype=bool)
            events[name] = events.get(name, 0) + len(runs(mask))
            samples[name] = samples.get(name, 0) + int(mask.sum())
    for name in sorted(events, key=lambda name: -events[name]):
        yield f"`{name}`", str(events[name]), str(samples[name])


def drifts(found: pd.DataFrame) -> Iterator[Row]:
    """Intervals between calibrations at Main Street: how far the probe had gone, and whether anything was said."""
    intervals = pd.read_csv(DATA / "logan_lro" / "dev" / "mainstreet_drift_intervals.csv", parse_dates=["start", "end"])
    for parameter, part in intervals.groupby("parameter"):
        name = NAMES.get(str(parameter), str(parameter))
        mine = found[(found.station == "04_MainStreet") & (found.determinand == name)]
        part = part[part.end > mine.time.min()]
        told = 0
        for one in part.itertuples():
            week = mine[(mine.time > one.end - pd.Timedelta(days=7)) & (mine.time <= one.end)]
            told += bool(week.tests.str.contains("drift|fouling|bias").any())
        yield name, str(len(part)), f"{part.gap.abs().median():.2f}", f"{part.gap.abs().max():.2f}", f"{told}"


def sandy_kinds(found: pd.DataFrame) -> Iterator[Row]:
    """Labelled runs by kind, and storms."""
    _, runs = scorer()
    counts: dict[tuple[str, str], list[int]] = {}
    for determinand, part in found.groupby("determinand"):
        bad, flag = (part.label == "anomaly").to_numpy(), part.flag.to_numpy(dtype=bool)
        for first, end in runs(bad):
            kind = part.anomaly_type.iloc[first:end].mode().iloc[0].replace("_", " ")
            count = counts.setdefault((str(determinand), kind), [0, 0, 0, 0])
            for i, more in enumerate((flag[max(0, first - 1) : end + 1].any(), 1, flag[first:end].sum(), end - first)):
                count[i] += int(more)
    for (determinand, kind), (hits, events, samples, of) in counts.items():
        yield determinand, kind, f"{hits} of {events}", f"{samples} of {of}"
    calm = found[(found.determinand == "turbidity") & (found.label == "ok")]
    peaks = calm[calm.value > calm.value.quantile(0.99)]
    yield "turbidity", "storm peaks (highest 1 % of what is good water)", "–", f"{peaks.flag.sum()} of {len(peaks)}"


def clean_flags(found: pd.DataFrame) -> Iterator[Row]:
    """Flags on a record from which the anomalies were taken out."""
    score, _ = scorer()
    for determinand, part in found.groupby("determinand"):
        readings, fails = int(part.quality.notna().sum()), int((part.quality == 4).sum())
        names = part.tests[part.flag].str.split().explode().value_counts()
        most = ", ".join(f"`{name}` {count}" for name, count in names.items())
        false = score(part)["false_events_per_channel_day"]
        yield str(determinand), str(readings), f"{part.flag.mean():.4f}", str(fails), f"{false:.3f}", most


def scaled(frame: pl.DataFrame) -> dict[float, dict[str, dict[str, float]]]:
    """Scores with all floors scaled by one factor: by factor and station."""
    score, _ = scorer()
    base = default_configuration()
    keys = ("spike_floor", "step_floor", "visit_floor", "jump", "level_floor", "level_alone")
    found_by: dict[float, dict[str, dict[str, float]]] = {}
    for factor in FACTORS:
        raw = {
            name: {key: _scaled(keys_of[key], factor) for key in keys if key in keys_of}
            for name, keys_of in base.sections["determinand"].items()
        }
        print(f"  floors x {factor}", file=sys.stderr)
        found = flagged(frame, base.overridden({"determinand": raw}, "left_out"))
        found_by[factor] = {str(name): score(part) for name, part in found.groupby("station")}
        found_by[factor][ALL] = score(found)
    return found_by


def by_factor(scores: dict[float, dict[str, dict[str, float]]]) -> Iterator[Row]:
    """What the scale of all floors trades, over all stations."""
    for factor, stations in scores.items():
        s = stations[ALL]
        recall = share(round(s["recall"] * s["events"]), s["events"])
        yield f"{factor:g}", recall, f"{s['false_events_per_channel_day']:.3f}", f"{s['bad_samples_flagged']:.2f}"


def left_out(scores: dict[float, dict[str, dict[str, float]]]) -> Iterator[Row]:
    """Each station with all floors scaled as suits the other four best: what tuning on a station is worth to it."""
    by_factor = {f: {name: s for name, s in by.items() if name != ALL} for f, by in scores.items()}
    for station, at_default in by_factor[1.0].items():
        others = {factor: [s for name, s in by.items() if name != station] for factor, by in by_factor.items()}
        best = max(FACTORS, key=lambda factor: _worth(others[factor]))
        mine = by_factor[best][station]
        yield (
            station, f"{best:g}", share(round(mine["recall"] * mine["events"]), mine["events"]),
            f"{mine['false_events_per_channel_day']:.3f}", f"{at_default['recall']:.2f}",
            f"{at_default['false_events_per_channel_day']:.3f}",
        )  # fmt: skip


#: All stations together.
ALL = "all five"

#: Factors of all floors that are tried.
FACTORS = (0.6, 0.8, 1.0, 1.25, 1.6)


def _scaled(value: Any, factor: float) -> Any:
    return [one * factor for one in value] if isinstance(value, list) else value * factor


def _worth(scores: list[dict[str, float]]) -> float:
    """Recall over stations, less what false events beyond .045 a channel-day cost."""
    events = sum(s["events"] for s in scores)
    recall = sum(s["recall"] * s["events"] for s in scores) / events
    false = float(np.mean([s["false_events_per_channel_day"] for s in scores]))
    return recall - 10 * max(0.0, false - 0.045)
