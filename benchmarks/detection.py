"""How many discharges are found, how soon, how precisely and at what cost, on simulated networks with exact truth:
the whole of `riverchief replay`, with three ways of gaming the score beside it.

    .venv/bin/python benchmarks/detection.py [FOLDER ...] [--quick] [--tuning] [--unseen SEED] [--no-crowd]
                                             [--page docs/detection.md] [--figures docs/images] [--kept FOLDER]

What is blind, and what is not:

* A101 to A104 (../shared, one layout) were looked at while rules were made; their figures flatter.
* T01 to T08 (--tuning) were tuned on. C01 C02 C05 C07 C10 C18 were looked at when the threshold was chosen; all of C
  give the reliability of outfall probabilities.
* --unseen draws eight networks from a seed. A seed that nobody ran before gives a blind figure; it is spent by that.
* FOLDER is any scenario of the published shape (public/, truth/); given folders are run instead of A101 to A104.

Generated networks are built on the first run (20 to 60 s each) in $RIVERCHIEF_SCENARIOS or the user's cache.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from _common import ROOT, finish, machine

from benchmarks._detection_table import ROWS, figures, groups_table, page_table, print_table
from benchmarks._page import Table, fill
from benchmarks.detection_figures import draw_figures
from benchmarks.detection_scores import Scorer, Tally, games, reliability, tally
from benchmarks.scenarios.build import build
from benchmarks.scenarios.plan import PLANS, Plan, home, unseen
from deploy.replay.folder import replay
from deploy.replay.scenario import load_scenario

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
    """What replay says; kept between runs where a folder is named for that, and only while the code is the same."""
    file = kept / f"{folder.name}-{code()}.json" if kept else None
    if file and file.is_file():
        return dict(json.loads(file.read_text(encoding="utf-8")))
    begun = time.perf_counter()
    found = replay(load_scenario(folder))
    into.seconds += time.perf_counter() - begun
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found), encoding="utf-8")
    return found


@cache
def code() -> str:
    """Hash of all code and limits that a replay depends on."""
    files = [path for name in ("analytics", "sensors") for path in sorted((ROOT / name).rglob("*.*"))]
    files += sorted((ROOT / "deploy").glob("*.py"))
    return hashlib.sha256(b"".join(p.read_bytes() for p in files if p.suffix in (".py", ".toml"))).hexdigest()[:12]


def generated(plans: Iterable[Plan]) -> list[Path]:
    """Folders of generated scenarios, built where they are missing."""
    folders = []
    for plan in plans:
        folder = home() / plan.name
        if not folder.is_dir():
            print(f"building {plan.name}", file=sys.stderr)
            build(plan, folder)
        folders.append(folder)
    return folders


def crowded(scorer: Scorer, plans: Iterable[Plan], kept: Path | None) -> Tally:
    """Many discharges, for the reliability of outfall probabilities."""
    found = Tally()
    for folder in generated(plans):
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


def checked(folder: Path) -> Path:
    """A scenario's folder; its public/ folder is accepted."""
    folder = folder.parent if folder.resolve().name == "public" else folder
    if not (folder / "truth" / "meta.json").is_file():
        raise SystemExit(f"{folder}: no truth/meta.json; accepted: folders with public/ and truth/ as in ../shared")
    return folder.resolve()


def reliability_table(rows: list[dict[str, float]]) -> Table:
    """Predicted beside seen, for a page of the docs."""
    cells = [
        (f"{row['predicted']:.3f}", f"{row['seen']:.3f}", f"{row['low']:.3f}–{row['high']:.3f}", f"{row['n']:.0f}")
        for row in rows
    ]
    return Table("reliability", ("predicted", "seen", "95 % interval", "outfalls"), cells)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="scenarios instead of the published")
    parser.add_argument("--quick", action="store_true", help="A101 and A104_null, and one generated network")
    parser.add_argument("--tuning", action="store_true", help="also the generated networks T01 to T08")
    parser.add_argument("--unseen", type=int, metavar="SEED", help="also eight networks that follow from a seed")
    parser.add_argument("--no-crowd", action="store_true", help="without the reliability of outfall probabilities")
    parser.add_argument("--page", type=Path, help="page whose tables are written anew")
    parser.add_argument("--figures", type=Path, help="folder for the two figures (SVG)")
    parser.add_argument("--kept", type=Path, help="folder in which results of replay are kept between runs")
    return parser.parse_args()


def named(letter: str) -> list[Plan]:
    """Plans of a series."""
    return [plan for plan in PLANS.values() if plan.name.startswith(letter)]


def further(given: argparse.Namespace) -> Iterator[tuple[str, str, Sequence[Plan]]]:
    """Groups of generated networks that were asked for: key, title, plans."""
    if given.tuning:
        yield "tuning", "generated, tuned on (T01 to T08)", named("T")
    if given.unseen is not None:
        yield "unseen", f"generated from seed {given.unseen}", unseen(given.unseen)


def main() -> None:
    given = arguments()
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    found: dict[str, Any] = {key: None for key, *_ in ROWS}
    scorer = load_scorer()
    if scorer is None:
        finish({**found, "reason": "no ../shared beside this checkout: no scorer, no published cases"})
        return
    published = [SHARED / "cases" / "outfalls" / name for name in (CASES[::3] if given.quick else CASES)]
    folders = [checked(folder) for folder in given.folders] or published
    names = [folder.resolve().name for folder in folders]
    # Scoring those who flag everything takes most of the time.
    ours, others = run(folders, scorer, given.kept, 24 if given.quick else 6)
    print_table(", ".join(names), ours, others)
    found |= figures(ours)
    found |= {"cases": names, "events": ours.events, "replay_s": round(ours.seconds / len(names), 1)}
    drawn = {"published (A101 to A104)" if folders == published else ", ".join(names): ours}
    for key, title, plans in further(given):
        drawn[title], _ = run(generated(plans), scorer, given.kept, None)
        print_table(title, drawn[title], {})
        found[key] = figures(drawn[title])
    if not given.no_crowd:
        many = crowded(scorer, named("C")[: 1 if given.quick else None], given.kept)
        print_table("generated, many discharges (C)", many, {})
        found |= {"generated_events": many.events, "reliability": print_reliability(many)}
        drawn["generated, many discharges (C)"] = many
    if given.figures:
        draw_figures(given.figures, drawn)
    if given.page:
        tables = [page_table("published", ours, others), groups_table("groups", drawn)]
        fill(given.page, [*tables, *([reliability_table(found["reliability"])] if "reliability" in found else [])])
    finish(found)


if __name__ == "__main__":
    main()
