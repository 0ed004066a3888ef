"""The table of detection's figures for people: each with its count, its interval, what must be and what is aimed at."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import binom, chi2

from benchmarks._page import Table
from benchmarks.detection_scores import INSTRUMENT, Tally, wilson

#: Rows: key, words, what must be and what is aimed at.
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

RATES = {"false_alarms_per_station_month", "null_false_alarms_per_station_month"}

#: Hours of one fault, or of one channel on one day, stand or fall together: those are the trials of these shares.
POOLED = {"fault_hours_flagged": "faults", "clean_share": "channel-days"}


def poisson(count: float, of: float) -> tuple[float, float]:
    """95 % interval of a rate from its count (F. Garwood, 1936)."""
    low = chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    return float(low / of), float(chi2.ppf(0.975, 2 * count + 2) / 2 / of)


def middle(values: list[float]) -> tuple[float, float]:
    """95 % interval of a median: the values whose ranks it lies between, whatever their distribution."""
    ordered, n = sorted(values), len(values)
    low = int(binom.ppf(0.025, n, 0.5))
    return ordered[max(0, low - 1)], ordered[min(n - 1, n - low)]


def value(of: Tally, key: str) -> float | None:
    """A figure of the table; None where there is nothing to count."""
    if key == "lag_h":
        return float(np.median(of.lags)) if of.lags else None
    return of.ratio(key)


def interval(of: Tally, key: str) -> tuple[float, float] | None:
    """Its 95 % interval: Wilson's for a share, by Poisson for a rate, by ranks for a median."""
    if value(of, key) is None:
        return None
    hits, trials = of.count[key]
    if key == "lag_h":
        return middle(of.lags)
    if key in RATES:
        return poisson(hits, trials)
    if key == "alerts_per_hit":
        low, high = poisson(hits - trials, trials)
        return 1 + low, 1 + high
    if key in POOLED:
        n = of.trials[POOLED[key]]
        return wilson(n * hits / trials, n)
    return wilson(hits, trials)


def figures(of: Tally) -> dict[str, float | None]:
    """All figures, for programs."""
    return {key: None if (found := value(of, key)) is None else round(found, 4) for key, *_ in ROWS}


def page_table(name: str, ours: Tally, others: Mapping[str, Tally]) -> Table:
    """The table for a page of the docs, with others' figures beside it."""
    rows = []
    for key, words, must, aim in ROWS:
        bounds = interval(ours, key)
        between = "" if bounds is None else f"{bounds[0]:.3g}–{bounds[1]:.3g}"
        shown = [_short(value(tally, key)) for tally in (ours, *others.values())]
        limits = [f"{sign.replace('>=', '≥').replace('<=', '≤')}" for sign in (must, aim)]
        rows.append((words, shown[0], _count(ours, key), between, *limits, *shown[1:]))
    return Table(name, ("", "figure", "count", "95 % interval", "must", "aim", *others), rows)


def groups_table(name: str, groups: Mapping[str, Tally]) -> Table:
    """Groups of networks side by side."""
    rows = [(words, *(_with(tally, key) for tally in groups.values())) for key, words, *_ in ROWS]
    return Table(name, ("", *groups), rows)


def _short(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.3g}" if figure < 100 else f"{figure:.0f}"


def _with(of: Tally, key: str) -> str:
    bounds = interval(of, key)
    return "–" if bounds is None else f"{_short(value(of, key))} ({bounds[0]:.2g}–{bounds[1]:.2g})"


def print_table(title: str, ours: Tally, others: Mapping[str, Tally]) -> None:
    """The table, with others' figures beside it."""
    print(f"\n{title}: {ours.events} events, {ours.seconds:.0f} s of replay")
    beside = "  ".join(f"{name:>24}" for name in others)
    print(f"{'':36} {'figure':>8}  {'count':>10}  {'95 % interval':16} {'must':>7} {'aim':>7}  {beside}")
    for key, words, must, aim in ROWS:
        figure, bounds = value(ours, key), interval(ours, key)
        shown = "none" if figure is None else f"{figure:.4f}"
        between = "" if bounds is None else f"[{bounds[0]:.3f}, {bounds[1]:.3f}]"
        columns = "  ".join(f"{'none' if (b := value(o, key)) is None else f'{b:.3f}':>24}" for o in others.values())
        print(f"{words:36} {shown:>8}  {_count(ours, key):>10}  {between:16} {must:>7} {aim:>7}  {columns}")
    kinds = ", ".join(f"{kind} {ours.count[f'false_{kind}'][0]:.0f}" for kind in ("fault", "wet", "clean"))
    print(f"false alarms by cause: {kinds}")
    print(f"strong and weak events hit in dry weather: {ours.shown('dry_recall')}; in wet: {ours.shown('wet_recall')}")
    print(f"missed discharges under a wrong fault flag: {ours.shown('pollution_called_fault')}")
    pairs = ((kind, ours.count[f"fault_recall_{kind}"]) for kind in INSTRUMENT)
    print("fault recall by kind: " + ", ".join(f"{kind} {hits:.0f}/{of:.0f}" for kind, (hits, of) in pairs))


def _count(of: Tally, key: str) -> str:
    hits, trials = of.count[key]
    if key == "lag_h":
        return f"of {len(of.lags)}"
    if not trials:
        return ""
    if key in RATES:
        return f"{hits:.0f} in {trials:.0f}"
    return f"of {of.trials[POOLED[key]]}" if key in POOLED else f"{hits:.0f}/{trials:.0f}"
