"""How probable each kind of event is, from what its first detection shows and what was added since."""

from __future__ import annotations

from math import exp

from analytics.detectors.detector import Detection

KINDS = ("discharge", "overflow", "operation", "fault", "unknown")

#: Rise of another determinand of the station that supports a first one [multiples of its scale].
SUPPORT = 2.5


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
    weights = dict.fromkeys(KINDS, -2.0)
    weights["unknown"] = -1.0
    supported = any(rise > SUPPORT for _, rise in first.others) or determinands > 1
    against = dict(first.against)
    weights["discharge"] = 0.5 + 0.25 * min(max(peak, 0.0) - 4.0, 6.0) + 1.0 * supported + 0.6 * (min(stations, 4) - 1)
    # Conductivity and turbidity alone are what drifting and fouling probes show.
    alone = not supported and stations == 1
    prone = first.determinand in ("conductivity", "turbidity")
    weights["fault"] = -0.5 + 1.0 * (alone and prone) - 1.5 * supported - 0.8 * (stations - 1) + 0.3 * (episodes - 1)
    weights["overflow"] += min(3.0, 0.5 * against.get("rain", 0.0)) + 1.0 * (first.rain_mm > 1)
    weights["operation"] += min(3.0, against.get("operation", 0.0))
    if first.kind != "discharge":
        weights["discharge"] -= 3.0
        weights[first.kind] += 3.0
    largest = max(weights.values())
    scaled = {kind: exp(weight - largest) for kind, weight in weights.items()}
    total = sum(scaled.values())
    return {kind: value / total for kind, value in scaled.items()}
