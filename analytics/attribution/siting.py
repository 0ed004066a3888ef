"""Where one more station would help most to tell outfalls apart.

For every outfall and strength the network says which station would show a discharge first. What that tells about the
outfall, averaged over all of them, is the information of the stations as they stand; a new site is worth what it adds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.attribution.passage import Passage, passages
from analytics.attribution.transport import Spot, Transport

#: A station counts as first where it is first by this share of the time at least: closer ones are not told apart.
TIE = 0.8


@dataclass(frozen=True, slots=True)
class SiteGain:
    """What a station at a place would add.

    Attributes
    ----------
    spot : (str, float)
        Reach and chainage [m].
    bits : float
        Expected information about the outfall that it adds, per discharge [bit].
    seen : float
        Share of discharges that would be seen at all, with it; 0 to 1.
    top3 : float
        Share of discharges whose outfall would be among the three most probable, with it; 0 to 1.
    """

    spot: Spot
    bits: float
    seen: float
    top3: float


def site_gains(
    transport: Transport,
    stations: Sequence[Spot],
    outfalls: Sequence[Spot],
    sites: Sequence[Spot],
    prior: Sequence[float] | None = None,
) -> list[SiteGain]:
    """Rank places for one more station, the most helpful first.

    Parameters
    ----------
    transport : Transport
    stations, outfalls, sites : sequence of (str, float)
        Present stations, all outfalls, places that come into question.
    prior : sequence of float, (outfalls,), optional
        How probable a discharge is at each outfall; all the same without it.
    """
    found = passages(transport, [*stations, *sites], outfalls)
    chance = np.asarray(prior if prior is not None else np.ones(len(outfalls)), np.float64)
    chance = chance / chance.sum()
    present, new = found.hours[:, : len(stations), :], found.hours[:, len(stations) :, :]
    now, _, _ = _worth(present, found, chance)
    gains = []
    for index, spot in enumerate(sites):
        bits, seen, top3 = _worth(np.concatenate([present, new[:, index : index + 1]], axis=1), found, chance)
        gains.append(SiteGain(spot, bits - now, seen, top3))
    return sorted(gains, key=lambda gain: (-gain.bits, gain.spot))


def _worth(hours: NDArray[np.float32], passage: Passage, chance: NDArray[np.float64]) -> tuple[float, float, float]:
    """Information [bit], share seen, share told among three."""
    outfalls = hours.shape[2]
    # Whoever is nearly as early may come first as well: each of them gets its share.
    earliest = hours.min(axis=1, keepdims=True)
    near = (hours * TIE <= earliest) & np.isfinite(hours)
    told = near / np.maximum(near.sum(axis=1, keepdims=True), 1)
    joint = np.einsum("l,lso,o->so", passage.weight, told, chance)
    unseen = chance - joint.sum(axis=0)
    table = np.vstack([joint, unseen[None]])
    of_outcome = table.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = table * np.log2(table / (of_outcome * chance[None]))
    best = np.sort(joint, axis=1)[:, max(0, outfalls - 3) :]
    return float(np.nansum(parts)), float(joint.sum()), float(best.sum())
