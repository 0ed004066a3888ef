"""Scores of replayed scenarios, pooled, with their intervals; and the games that a score must be read beside."""

from __future__ import annotations

import json
import math
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deploy.replay.scenario import load_scenario

INSTRUMENT = ("drift", "fouling", "spikes", "step_bias", "noise", "flatline")

#: Bounds of predicted probabilities in the reliability table.
BINS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0001)

Scorer = Callable[[str, dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]


def wilson(hits: float, of: float, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not of:
        return (0.0, 1.0)
    share, bent = hits / of, z * z / of
    middle = (share + bent / 2) / (1 + bent)
    half = z / (1 + bent) * math.sqrt(share * (1 - share) / of + bent / (4 * of))
    return (max(0.0, middle - half), min(1.0, middle + half))


@dataclass
class Tally:
    """Counts pooled over scenarios."""

    count: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    lags: list[float] = field(default_factory=list)
    #: (share of the river's flow, hit, tier), one each event.
    shares: list[tuple[float, bool, str]] = field(default_factory=list)
    #: (probability of the outfall, right), one each candidate place.
    candidates: list[tuple[float, bool]] = field(default_factory=list)
    #: (probability, event or None where it was false, whether the event counts for recall), one each alarm.
    alarms: list[tuple[float, str | None, bool]] = field(default_factory=list)
    #: Independent trials behind shares of hours.
    trials: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    events: int = 0
    seconds: float = 0.0

    def add(self, name: str, hits: float, of: float) -> None:
        """Count trials and their successes."""
        self.count[name][0] += hits
        self.count[name][1] += of

    def ratio(self, name: str) -> float | None:
        """Successes by trial; None without a trial."""
        hits, of = self.count[name]
        return hits / of if of else None

    def shown(self, name: str) -> str:
        """Share with its interval, for people."""
        hits, of = self.count[name]
        if not of:
            return "none"
        low, high = wilson(hits, of)
        return f"{hits / of:6.3f}  {hits:g}/{of:g}  [{low:.3f}, {high:.3f}]"


def _pair(text: str) -> tuple[int, int]:
    hits, of = text.split("/")
    return int(hits), int(of)


def tally(into: Tally, folder: Path, found: dict[str, Any], scorer: Scorer) -> None:
    """Score one scenario and add it up."""
    copy = json.loads(json.dumps(found))  # the scorer writes into what it is given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out, detail = scorer(str(folder), copy)
    events = pd.read_parquet(folder / "truth" / "events.parquet")
    meta = json.loads((folder / "truth" / "meta.json").read_text(encoding="utf-8"))
    topology = json.loads((folder / "public" / "topology.json").read_text(encoding="utf-8"))
    months = len(topology["stations"]) * meta["days"] / 30
    into.add("false_alarms_per_station_month", out["false_alarms"], months)
    if not len(events):
        into.add("null_false_alarms_per_station_month", out["false_alarms"], months)
    into.add("precision", out["events_hit"], out["events_hit"] + out["false_alarms"])
    into.add("alerts_per_hit", out["events_hit"] + out["repeats"], out["events_hit"])
    for kind in ("fault", "wet", "clean"):
        into.add(f"false_{kind}", out[f"fa_{kind}"], out["false_alarms"])
    _faults(into, out, pd.read_parquet(folder / "truth" / "faults.parquet"), topology, meta)
    hits = detail["hits"]
    by_id = {d["id"]: d for d in copy["detections"]}
    findable = set(events["event"][events["snr"] >= 3]) if len(events) else set()
    right = {name: event for event, names in hits.items() for name in names}
    for d in copy["detections"]:
        if d.get("kind", "illicit") == "illicit":
            event = right.get(d["id"])
            key = None if event is None else f"{folder.name}/{event}"
            into.alarms.append((float(d.get("probability", 1.0)), key, event in findable))
    if not len(events):
        return
    for tier in ("strong", "weak", "marginal"):
        into.add(f"{tier}_recall", *_pair(out[f"recall_{tier}"]))
    for weather in ("dry", "wet"):
        into.add(f"{weather}_recall", *_pair(out[f"recall_{weather}"]))
    into.events += len(events)
    ranks = {row["event"]: row["first_rank"] for row in detail["rows"]}
    for rank in ranks.values():
        for k in (1, 3, 10):
            into.add(f"top{k}", rank is not None and not pd.isna(rank) and rank <= k, 1)
    places = {o["id"]: (o["reach"], o["chainage_m"]) for o in topology["outfalls"]}
    for event in events.itertuples():
        hit = event.event in hits
        into.shares.append((event.mean_flow_l_s / 1000 / max(abs(event.river_flow_m3s), 1e-4), hit, event.tier))
        if event.event in ranks:
            first = by_id[hits[event.event][0]]
            if pd.notna(event.t_first):
                into.lags.append(max(0.0, (pd.Timestamp(first["detected_at"]) - event.t_first).total_seconds() / 3600))
            _judge(into, first, places, (event.reach, event.chainage_m))


def _faults(
    into: Tally, out: dict[str, Any], faults: pd.DataFrame, topology: dict[str, Any], meta: dict[str, Any]
) -> None:
    for kind in INSTRUMENT:
        if f"fault_recall_{kind}" in out:
            into.add("fault_recall", *_pair(out[f"fault_recall_{kind}"]))
            into.add(f"fault_recall_{kind}", *_pair(out[f"fault_recall_{kind}"]))
    into.add("fault_precision", round((out["fault_precision"] or 0) * out["fault_flags"]), out["fault_flags"])
    # The scorer gives shares; scenarios are pooled by the hours that it counts.
    clean, broken = channel_hours(faults, topology, meta)
    into.add("fault_hours_flagged", out["fault_hours_flagged"] * broken, broken)
    into.add("clean_share", out["fault_clean_share"] * clean, clean)
    into.trials["faults"] += int(faults["kind"].isin(INSTRUMENT).sum())
    into.trials["channel-days"] += clean // 24
    into.add("faults_called_pollution", *_pair(out["fault_called_pollution"]))
    if "pollution_called_fault" in out:
        into.add("pollution_called_fault", *_pair(out["pollution_called_fault"]))


def channel_hours(faults: pd.DataFrame, topology: dict[str, Any], meta: dict[str, Any]) -> tuple[int, int]:
    """Channel-hours more than a day from any labelled fault, and those of instrument faults: rule M8 of the scorer."""
    start, hours = pd.Timestamp(meta["start"]), int(meta["days"] * 24)
    clean = broken = 0
    for station in topology["stations"]:
        there = faults[faults["station"] == station["id"]]
        for parameter in station["parameters"]:
            near, bad = np.zeros(hours, bool), np.zeros(hours, bool)
            for fault in there[there["parameter"].isin([parameter, "*"])].itertuples():
                first, last = (int((at - start) / pd.Timedelta(hours=1)) for at in (fault.start, fault.end))
                near[max(0, first - 24) : max(0, last + 25)] = True
                if fault.kind in INSTRUMENT:
                    bad[max(0, first) : max(0, last + 1)] = True
            clean += int((~near).sum())
            broken += int(bad.sum())
    return clean, broken


def _judge(into: Tally, detection: dict[str, Any], places: dict[str, Any], true: Any) -> None:
    """Note each candidate place's probability and whether it is right: the two banks cannot be told apart."""
    predicted: dict[Any, float] = defaultdict(float)
    for candidate in detection.get("candidates") or []:
        predicted[places[candidate["outfall"]]] += candidate["score"]
    into.candidates += [(p, place == true) for place, p in predicted.items()]


def games(folder: Path, ours: dict[str, Any], every_h: int = 6) -> dict[str, dict[str, Any]]:
    """Three ways of gaming a score: what they get shows what the figures are worth.

    Parameters
    ----------
    folder : Path
    ours : dict
        What replay said: random alarms and faults are as many.
    every_h : int
        Hours between the alarms of those who flag everything; the scorer looks back six.
    """
    scenario = load_scenario(folder)
    stations = list(scenario.stations)
    start, end = int(scenario.time_ms[0]), int(scenario.time_ms[-1])
    marks = range(start, end, every_h * 3_600_000)
    always = {"parameter": "*", "start": scenario.local(start), "end": scenario.local(end), "kind": "drift"}
    whole = [{"station": station, **always} for station in stations]

    def alarm(at: int, where: list[str]) -> dict[str, Any]:
        return {"detected_at": scenario.local(at), "stations": where, "kind": "illicit"}

    rng = np.random.default_rng(7)
    mine = [d for d in ours["detections"] if d["kind"] == "illicit"]
    shuffled = [
        alarm(int(rng.integers(start + 5 * 86_400_000, end)), [stations[int(rng.integers(len(stations)))]])
        for _ in mine or range(20)
    ]
    spans = []
    for fault in ours["faults"]:
        length = pd.Timestamp(fault["end"]) - pd.Timestamp(fault["start"])
        first = pd.Timestamp(scenario.local(int(rng.integers(start, end))))
        station, key = scenario.series[int(rng.integers(len(scenario.series)))]
        spans.append({"station": station, "parameter": scenario.topology.names[key], "start": str(first),
                      "end": str(first + length), "kind": fault["kind"]})  # fmt: skip
    return {
        "flag everything": {"detections": [alarm(at, [s]) for at in marks for s in stations], "faults": whole},
        "flag all stations always": {"detections": [alarm(at, stations) for at in marks], "faults": whole},
        "random alarms": {"detections": shuffled, "faults": spans},
    }


def reliability(pairs: Iterable[tuple[float, bool]]) -> list[dict[str, float]]:
    """Predicted against seen, by bins of `BINS`."""
    predicted = np.array([p for p, _ in pairs] or [0.0])
    seen = np.array([r for _, r in pairs] or [False])
    rows = []
    for low, high in pairwise(BINS):
        inside = (predicted >= low) & (predicted < high)
        if inside.any() and len(predicted) > 1:
            bounds = wilson(int(seen[inside].sum()), int(inside.sum()))
            means = float(predicted[inside].mean()), float(seen[inside].mean())
            figures = [round(number, 4) for number in (*means, *bounds)]
            rows.append(
                {**dict(zip(("predicted", "seen", "low", "high"), figures, strict=True)), "n": int(inside.sum())}
            )
    return rows
