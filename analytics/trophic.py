"""Trophic state of lakes and reservoirs (综合营养状态指数, TLI).

Source: 中国环境监测总站, 总站生字[2001]090, as printed by three pages; see ``docs/standards.md``.
For lakes and reservoirs only: the relations between its items do not hold in flowing water.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from analytics.below_detection import MEAN_SHARE, Amount, number_of


@dataclass(frozen=True, slots=True)
class TrophicTerm:
    """Index of one item: 10 (a + b ln(factor x)), weighted by its correlation with chlorophyll a.

    Attributes
    ----------
    a, b : float
    r2 : float
        Square of the correlation.
    factor : float
        From our unit to that of the formula.
    """

    a: float
    b: float
    r2: float
    factor: float = 1.0


#: Terms by determinand. The formula wants chlorophyll a in mg/m3 (ours: mg/L) and transparency in m (ours: cm).
TERMS: Mapping[str, TrophicTerm] = MappingProxyType(
    {
        "chlorophyll_a": TrophicTerm(2.5, 1.086, 1.0, 1000.0),
        "total_phosphorus": TrophicTerm(9.436, 1.624, 0.7056),
        "total_nitrogen": TrophicTerm(5.453, 1.694, 0.6724),
        "transparency": TrophicTerm(5.118, -1.94, 0.6889, 0.01),
        "permanganate_index": TrophicTerm(0.109, 2.661, 0.6889),
    }
)


@dataclass(frozen=True, slots=True)
class TrophicState:
    """One of the five states."""

    key: str
    name: str
    name_en: str


OLIGOTROPHIC = TrophicState("oligotrophic", "贫营养", "Oligotrophic")
MESOTROPHIC = TrophicState("mesotrophic", "中营养", "Mesotrophic")
LIGHTLY_EUTROPHIC = TrophicState("lightly_eutrophic", "轻度富营养", "Lightly eutrophic")
MODERATELY_EUTROPHIC = TrophicState("moderately_eutrophic", "中度富营养", "Moderately eutrophic")
HIGHLY_EUTROPHIC = TrophicState("highly_eutrophic", "重度富营养", "Highly eutrophic")


@dataclass(frozen=True, slots=True)
class TrophicIndex:
    """Trophic state index of one set of values.

    Attributes
    ----------
    index : float
        TLI, unrounded.
    state : TrophicState
    terms : mapping of str to float
        Index by each determinand alone.
    missing : tuple of str
        Determinands of the formula that are missing; the weights of the others were taken to one.
    """

    index: float
    state: TrophicState
    terms: Mapping[str, float]
    missing: tuple[str, ...]

    @property
    def partial(self) -> bool:
        """Whether determinands of the formula are missing."""
        return bool(self.missing)


def trophic_state(index: float) -> TrophicState:
    """State by the index: below 30, 30 to 50, above 50 to 60, above 60 to 70, above 70.

    Raises
    ------
    ValueError
        If `index` is not a number.
    """
    if math.isnan(index):
        raise ValueError("the trophic state index is not a number")
    if index < 30:
        return OLIGOTROPHIC
    if index <= 50:
        return MESOTROPHIC
    if index <= 60:
        return LIGHTLY_EUTROPHIC
    return MODERATELY_EUTROPHIC if index <= 70 else HIGHLY_EUTROPHIC


def trophic_index(values: Mapping[str, Amount | None], *, mean_share: float = MEAN_SHARE) -> TrophicIndex | None:
    """Trophic state index of a lake or reservoir.

    Parameters
    ----------
    values : mapping of str to (float, BelowDetection or None)
        By determinand, in our units; others than those of `TERMS` are passed over. What is not above 0 has no logarithm
        and counts as missing; what is below detection counts as a share of its limit.
    mean_share : float
        See `analytics.below_detection.MEAN_SHARE`.

    Returns
    -------
    TrophicIndex or None
        None without any of the determinands.

    Examples
    --------
    >>> lake = {"chlorophyll_a": 0.017, "total_phosphorus": 0.078, "total_nitrogen": 1.93, "transparency": 40,
    ...         "permanganate_index": 4.09}
    >>> found = trophic_index(lake)
    >>> round(found.index, 4), found.state.name_en
    (56.2724, 'Lightly eutrophic')
    """
    terms = {}
    for key, term in TERMS.items():
        amount = values.get(key)
        number = None if amount is None else number_of(amount, mean_share)
        if number is not None and 0 < number < math.inf:
            terms[key] = 10 * (term.a + term.b * math.log(term.factor * number))
    if not terms:
        return None
    weight = math.fsum(TERMS[key].r2 for key in terms)
    index = math.fsum(TERMS[key].r2 * term for key, term in terms.items()) / weight
    return TrophicIndex(index, trophic_state(index), terms, tuple(key for key in TERMS if key not in terms))
