"""When a discharge from each outfall becomes visible at each station, and how strongly, for weak and strong ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.attribution.transport import Response, Spot, Transport

#: Between two instants of the passage [s], and how long one is followed [s].
STEP_S = 900.0
HORIZON_S = 5 * 86_400.0

#: A discharge that lasts this long stands for all [s].
DURATION_S = 4 * 3600.0

#: Strengths that are tried, relative to the typical one: standard deviation of its logarithm, and how many.
STRENGTH_SIGMA = 1.2
STRENGTHS = 21

#: How clearly the typical discharge shows at the station that sees it best, over its threshold.
TYPICAL = 3.0


@dataclass(frozen=True, slots=True)
class Passage:
    """First passages on a network.

    Attributes
    ----------
    hours : ndarray of float32, (strengths, stations, spots)
        From the start of a discharge until it crosses the station's threshold [h]; infinite where it never does.
    weight : ndarray of float64, (strengths,)
        How probable each strength is; sums to 1.
    """

    hours: NDArray[np.float32]
    weight: NDArray[np.float64]


def passages(
    transport: Transport,
    stations: Sequence[Spot],
    spots: Sequence[Spot],
    threshold: Sequence[float] | None = None,
) -> Passage:
    """First passages of weak to strong discharges at every spot, by one backward solve.

    Parameters
    ----------
    transport : Transport
    stations, spots : sequence of (str, float)
    threshold : sequence of float, (stations,), optional
        Smallest rise that each station shows, relative to the others; all the same without it.
    """
    found = transport.response(stations, spots, STEP_S, round(HORIZON_S / STEP_S))
    rise = _rise(found)
    rise /= np.asarray(threshold if threshold is not None else np.ones(len(stations)), np.float32)[None, :, None]
    best = rise.max(axis=(0, 1))
    typical = TYPICAL / np.median(best[best > 0]) if (best > 0).any() else 1.0
    at = np.linspace(-2.5, 2.5, STRENGTHS)
    weight = np.exp(-(at**2) / 2)
    hours = np.full((STRENGTHS, len(stations), len(spots)), np.inf, np.float32)
    # The highest rise so far never falls: where it crosses is a search, not a scan.
    highest = np.maximum.accumulate(rise, axis=0)
    for index, deviation in enumerate(at):
        needed = 1 / (typical * np.exp(STRENGTH_SIGMA * deviation))
        below = (highest < needed).sum(axis=0)
        crossed = below < highest.shape[0]
        hours[index][crossed] = (below[crossed] + 1) * STEP_S / 3600
    return Passage(hours, weight / weight.sum())


def _rise(response: Response) -> NDArray[np.float32]:
    """Concentration during and after a discharge of unit rate that lasts `DURATION_S`."""
    total = np.cumsum(response.kernel, axis=0, dtype=np.float64)
    lasting = round(DURATION_S / response.step_s)
    total[lasting:] -= total[:-lasting].copy()
    return (total * response.step_s).astype(np.float32)
