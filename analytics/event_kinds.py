"""How probable each kind of event is, from what its first detection shows and what was added since.

That it is a discharge has a logistic model, fitted to generated events by `benchmarks/event_kinds.py`; what remains is
shared among the other kinds by what speaks for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log1p

from analytics.detectors.detector import Detection

KINDS = ("discharge", "overflow", "operation", "fault", "unknown")

#: Rise of another determinand of the station that supports a first one [multiples of its scale].
SUPPORT = 2.5

#: Logarithm of the odds of a discharge by unit of each feature of `features`. That more stations make it more probable
#: is set by hand: an event is told, and was judged for the fit, when one station has seen it.
COEFFICIENTS: Mapping[str, float] = {"one": 1.55, "peak": 0.33, "stations": 0.6, "operation": -1.44, "rain": -0.68}

#: Taken from the odds of what was told as another kind: set by hand, a coincidence with a discharge proves none.
OTHERWISE = 3.0


def features(first: Detection, *, peak: float, stations: int) -> dict[str, float]:
    """What the odds of a discharge are made of, in the order of `COEFFICIENTS`.

    Parameters
    ----------
    first : Detection
    peak : float
        Largest evidence so far [multiples of the scale].
    stations : int
        How many of them the event has.
    """
    against = dict(first.against)
    return {
        "one": 1.0,
        "peak": min(max(peak - 4.0, 0.0), 8.0),
        "stations": float(min(stations, 4) - 1),
        "operation": float("operation" in against),
        "rain": log1p(max(against.get("rain", 0.0), 0.0)),
    }


def probabilities(
    first: Detection, *, peak: float, stations: int, determinands: int, episodes: int
) -> dict[str, float]:
    """Probability of every kind; they sum to 1.

    Parameters
    ----------
    first : Detection
    peak : float
        Largest evidence so far [multiples of the scale].
    stations, determinands, episodes : int
        How many of them the event has.
    """
    found = features(first, peak=peak, stations=stations)
    odds = sum(COEFFICIENTS[name] * value for name, value in found.items())
    discharge = 1 / (1 + exp(-(odds if first.kind == "discharge" else odds - OTHERWISE)))
    against = dict(first.against)
    supported = any(rise > SUPPORT for _, rise in first.others) or determinands > 1
    alone = not supported and stations == 1
    prone = first.determinand in ("conductivity", "turbidity")
    weights = {
        # Conductivity and turbidity alone are what drifting and fouling probes show.
        "fault": 1.5 + (alone and prone) - 1.5 * supported - 0.8 * (stations - 1) + 0.3 * (episodes - 1),
        "overflow": min(3.0, 0.5 * against.get("rain", 0.0)) + (first.rain_mm > 1),
        "operation": min(3.0, against.get("operation", 0.0)),
        "unknown": 1.0,
    }
    if first.kind != "discharge":
        weights[first.kind] += 3.0
    parts = {kind: exp(weight) for kind, weight in weights.items()}
    rest = (1 - discharge) / sum(parts.values())
    return {kind: discharge if kind == "discharge" else rest * parts[kind] for kind in KINDS}
