"""Fits how probable it is that a discharge that detection tells is one: `COEFFICIENTS` of `analytics/event_kinds.py`.

    .venv/bin/python benchmarks/event_kinds.py [--seeds SEED ...] [--quick]

A logistic regression with a weak penalty over the events told on the generated networks T01 to T08 and those of the
seeds (20 to 60 s each to build and as long to replay). An event is right if, at its station, a discharge raised the
water by at least its usual unrest within the six hours before: rule M1 of the scorer. The table beside it is made
leaving out each network in turn. Networks with many discharges (C) are left out: they would teach too high a share.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from _common import finish
from scipy.optimize import minimize

from analytics.event_kinds import COEFFICIENTS, features
from analytics.events import Event
from benchmarks.detection import generated, named
from benchmarks.detection_scores import wilson
from benchmarks.scenarios.plan import unseen
from deploy.replay.folder import ReplayedCases, judge
from deploy.replay.scenario import load_scenario

Floats = npt.NDArray[np.float64]

#: Features whose weight is set by hand: nothing in the events as they are told can fit it.
BY_HAND = ("stations",)
#: Weight of the squares of the standardised coefficients beside the logarithm of the likelihood.
PENALTY = 1.0
BINS = (0.0, 0.4, 0.6, 0.75, 0.9, 1.0001)


class Telling(ReplayedCases):
    """Keeps every discharge as it stood when it was told."""

    def __init__(self, scenario: Any) -> None:
        super().__init__(scenario)
        self.told: list[Event] = []

    def _note(self, event: Event, end: int) -> None:
        if event.kind == "discharge" and event.id not in self.found:
            self.told.append(event)
        super()._note(event, end)


def samples(folder: Path) -> Iterator[tuple[list[float], bool]]:
    """Features of each discharge that was told on a network, and whether there was one."""
    cases = Telling(load_scenario(folder))
    judge(cases)
    signal = pd.read_parquet(folder / "truth" / "footprint_series.parquet")
    signal = signal[signal["snr"] >= 1].astype({"hour": "datetime64[us]"})  # without a discharge it has no type
    for event in cases.told:
        at = pd.Timestamp(cases.scenario.local(event.updated_ms))
        here = signal[signal["station"].isin(event.stations)]
        near = (here["hour"] <= at) & (here["hour"] >= at - pd.Timedelta(hours=7))
        found = features(event.first, peak=event.peak, stations=len(event.stations))
        yield [value for name, value in found.items() if name not in BY_HAND], bool(near.any())


def fitted(x: Floats, right: Floats) -> Floats:
    """Coefficients of a logistic regression; the first column of `x` is 1 and bears no penalty."""
    spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    scaled = x / spread
    bears = np.arange(x.shape[1]) > 0

    def loss(b: Floats) -> tuple[float, Floats]:
        odds = scaled @ b
        value = np.logaddexp(0, odds).sum() - right @ odds + PENALTY * (bears * b * b).sum()
        return float(value), scaled.T @ (1 / (1 + np.exp(-odds)) - right) + 2 * PENALTY * bears * b

    found: Floats = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x / spread
    return found


def left_out(x: Floats, right: Floats, network: npt.NDArray[np.intp]) -> Floats:
    """Probability of each event from the events of the other networks."""
    found = np.zeros(len(right))
    for one in np.unique(network):
        mine = network == one
        found[mine] = 1 / (1 + np.exp(-x[mine] @ fitted(x[~mine], right[~mine])))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="*", type=int, default=[20261125, 20261130], metavar="SEED")
    parser.add_argument("--quick", action="store_true", help="T06 and T08 only")
    given = parser.parse_args()
    plans = named("T")[5::2] if given.quick else [*named("T"), *(p for seed in given.seeds for p in unseen(seed))]
    rows: list[tuple[list[float], bool, int]] = []
    for index, folder in enumerate(generated(plans)):
        rows += [(values, right, index) for values, right in samples(folder)]
        print(f"  {folder.name}: {len(rows)} events so far", file=sys.stderr)
    x, right = np.array([r[0] for r in rows]), np.array([float(r[1]) for r in rows])
    network = np.array([r[2] for r in rows], np.intp)
    names = [name for name in COEFFICIENTS if name not in BY_HAND]
    found = {name: round(float(value), 2) for name, value in zip(names, fitted(x, right), strict=True)}
    predicted, table = left_out(x, right, network), []
    for low, high in pairwise(BINS):
        inside = (predicted >= low) & (predicted < high)
        if inside.any():
            hits, of = int(right[inside].sum()), int(inside.sum())
            table.append([round(float(predicted[inside].mean()), 3), round(hits / of, 3), *wilson(hits, of), of])
            print("predicted {:.3f}  seen {:.3f}  [{:.3f}, {:.3f}]  of {}".format(*table[-1]))
    finish({"events": len(rows), "coefficients": found, "in_use": dict(COEFFICIENTS), "reliability": table})


if __name__ == "__main__":
    main()
