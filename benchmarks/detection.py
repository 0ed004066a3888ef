"""How many discharges are found, how soon, how precisely and at what cost, on simulated networks with exact truth:
the whole of `riverchief replay`, with three ways of gaming the score beside it.

    .venv/bin/python benchmarks/detection.py [--quick] [--tuning] [--figures docs/images] [--kept FOLDER]

The published cases A101 to A104 (../shared) give the figures; nothing was tuned on them. --tuning adds the generated
networks T01 to T08, on which it was. Outfall probabilities are judged on generated networks with many discharges
(C01 ...), built on the first run (about 20 s each).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from _common import ROOT, finish, machine

from benchmarks.detection_figures import draw_figures
from benchmarks.detection_scores import INSTRUMENT, Scorer, Tally, games, reliability, tally, wilson
from benchmarks.scenarios.build import build
from benchmarks.scenarios.plan import PLANS, home
from deploy.replay_folder import replay
from deploy.scenario import load_scenario

SHARED = ROOT.parent / "shared"
CASES = ("A101", "A102", "A103", "A104_null")


def load_scorer() -> Scorer | None:
    """The published scorer; None without ../shared."""
    path = SHARED / "scorers" / "score_outfalls.py"
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location("score_outfalls", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    scorer: Scorer = module.score
    return scorer


#: Rows of the table: key, words, what must be and what is aimed at.
ROWS = (
    ("strong_recall", "strong events hit", ">= .80", ">= .90"),
    ("weak_recall", "weak events hit", "", ""),
    ("precision", "precision, each event once", ">= .65", ">= .85"),
    ("false_alarms_per_station_month", "false alarms per station-month", "<= .05", "<= .02"),
    ("null_false_alarms_per_station_month", "the same, without any discharge", "<= .05", "<= .02"),
    ("alerts_per_hit", "alerts per event hit", "<= 2", "<= 1.3"),
    ("lag_h", "median lag after first arrival [h]", "<= 2.5", "<= 1.7"),
    ("top1", "true outfall first", "", ""),
    ("top3", "true outfall in top 3 of hits", ">= .8", ">= .9"),
    ("top10", "true outfall in top 10 of hits", ">= .97", ">= .99"),
    ("fault_recall", "instrument faults: recall", ">= .93", ">= .98"),
    ("fault_precision", "flag precision", ">= .85", ">= .95"),
    ("fault_hours_flagged", "faulty hours flagged", ">= .35", ">= .6"),
    ("clean_share", "clean channel-hours under a flag", "<= .005", "<= .001"),
    ("faults_called_pollution", "faults called pollution", "<= .02", "<= .005"),
)

#: Rates and pooled shares of hours: an interval of independent trials would be wrong.
NO_INTERVAL = {"false_alarms_per_station_month", "null_false_alarms_per_station_month", "alerts_per_hit",
               "fault_hours_flagged", "clean_share"}  # fmt: skip


def value(of: Tally, key: str) -> float | None:
    """A figure of the table."""
    if key == "lag_h":
        return float(np.median(of.lags)) if of.lags else None
    return of.ratio(key)


def print_table(title: str, ours: Tally, others: dict[str, Tally]) -> None:
    """The table for people."""
    print(f"\n{title}: {ours.events} events, {ours.seconds:.0f} s of replay")
    print(f"{'':36} {'figure':>8}  {'count':>9}  {'95 % interval':16} {'must':>7} {'aim':>7}  "
          + "  ".join(f"{name:>24}" for name in others))  # fmt: skip
    for key, words, must, aim in ROWS:
        figure = value(ours, key)
        hits, of = ours.count[key]
        shown = "none" if figure is None else f"{figure:.4f}"
        rate = key in NO_INTERVAL or key == "lag_h"
        interval = "" if figure is None or rate else "[{:.3f}, {:.3f}]".format(*wilson(hits, of))
        count = f"{hits:.0f}/{of:.0f}" if of and not rate else ""
        beside = [value(other, key) for other in others.values()]
        print(f"{words:36} {shown:>8}  {count:>9}  {interval:16} {must:>7} {aim:>7}  "
              + "  ".join(f"{'none' if b is None else f'{b:.3f}':>24}" for b in beside))  # fmt: skip
    kinds = ", ".join(f"{k} {ours.count[f'false_{k}'][0]:.0f}" for k in ("fault", "wet", "clean"))
    print(f"false alarms by cause: {kinds}")
    print(f"strong and weak events hit in dry weather: {ours.shown('dry_recall')}; in wet: {ours.shown('wet_recall')}")
    print("fault recall by kind: " + ", ".join(f"{k} {ours.count[f'fault_recall_{k}'][0]:.0f}/"
          f"{ours.count[f'fault_recall_{k}'][1]:.0f}" for k in INSTRUMENT))  # fmt: skip


def run(
    folders: Iterable[Path], scorer: Scorer, kept: Path | None, every_h: int | None
) -> tuple[Tally, dict[str, Tally]]:
    """Replay and score scenarios, with the games beside if they are to alarm every so many hours."""
    ours, others = Tally(), {name: Tally() for name in ("flag everything", "flag all stations always", "random alarms")}
    for folder in folders:
        found = replayed(folder, kept, ours)
        tally(ours, folder, found, scorer)
        for name, game in (games(folder, found, every_h) if every_h else {}).items():
            tally(others[name], folder, game, scorer)
        print(f"  {folder.name}: {len(found['detections'])} detections, {len(found['faults'])} faults", file=sys.stderr)
    return ours, others


def replayed(folder: Path, kept: Path | None, into: Tally) -> dict[str, Any]:
    """What replay says; kept between runs only where a folder is named for that."""
    cache = kept / f"{folder.name}.json" if kept else None
    if cache and cache.is_file():
        return dict(json.loads(cache.read_text(encoding="utf-8")))
    begun = time.perf_counter()
    found = replay(load_scenario(folder))
    into.seconds += time.perf_counter() - begun
    if cache:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(found), encoding="utf-8")
    return found


def generated(names: Iterable[str]) -> list[Path]:
    """Folders of generated scenarios, built where they are missing."""
    folders = []
    for name in names:
        folder = home() / name
        if not folder.is_dir():
            print(f"building {name}", file=sys.stderr)
            build(PLANS[name], folder)
        folders.append(folder)
    return folders


def crowded(scorer: Scorer, names: list[str], kept: Path | None) -> Tally:
    """Many discharges, for the reliability of outfall probabilities."""
    found = Tally()
    for folder in generated(names):
        tally(found, folder, replayed(folder, kept, found), scorer)
        print(f"  {folder.name}", file=sys.stderr)
    return found


def print_reliability(found: Tally) -> list[dict[str, float]]:
    """The reliability table, for people; returned for programs."""
    rows = reliability(found.candidates)
    print(f"\noutfall probabilities on {found.events} generated events, {len(found.lags)} of them hit with snr >= 3")
    print(f"{'predicted':>10} {'seen':>8}  {'95 % interval':16} {'places':>7}")
    for row in rows:
        print(f"{row['predicted']:10.3f} {row['seen']:8.3f}  [{row['low']:.3f}, {row['high']:.3f}]   {row['n']:7.0f}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="A101 and A104_null, and one generated network")
    parser.add_argument("--tuning", action="store_true", help="also the generated networks T01 to T08")
    parser.add_argument("--figures", type=Path, help="folder for the two figures (SVG)")
    parser.add_argument("--kept", type=Path, help="folder in which results of replay are kept between runs")
    given = parser.parse_args()
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    figures: dict[str, Any] = {key: None for key, *_ in ROWS}
    scorer = load_scorer()
    if scorer is None:
        finish({**figures, "reason": "no ../shared beside this checkout: no scorer, no published cases"})
        return
    names = ("A101", "A104_null") if given.quick else CASES
    # Scoring those who flag everything takes most of the time.
    every_h = 24 if given.quick else 6
    ours, others = run([SHARED / "cases" / "outfalls" / name for name in names], scorer, given.kept, every_h)
    print_table("published cases " + ", ".join(names), ours, others)
    figures |= {key: None if (v := value(ours, key)) is None else round(v, 4) for key, *_ in ROWS}
    figures |= {"cases": list(names), "events": ours.events, "replay_s": round(ours.seconds / len(names), 1)}
    drawn = [ours]
    if given.tuning:
        tuned, _ = run(generated(n for n in PLANS if n.startswith("T")), scorer, given.kept, None)
        print_table("generated networks T01 to T08 (tuned on)", tuned, {})
        figures["tuning"] = {key: None if (v := value(tuned, key)) is None else round(v, 4) for key, *_ in ROWS}
        drawn.append(tuned)
    many = crowded(scorer, [n for n in PLANS if n.startswith("C")][: 1 if given.quick else None], given.kept)
    figures |= {"generated_events": many.events, "reliability": print_reliability(many)}
    if given.figures:
        draw_figures(given.figures, [*drawn, many])
    finish(figures)


if __name__ == "__main__":
    main()
