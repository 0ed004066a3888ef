"""Values below a detection limit (未检出) as data: read, written, averaged, held against a limit.

A laboratory that finds less than its method can see writes ``0.05L``, ``<0.05``, ``ND(0.05)``, or ``ND`` and ``未检出``
without saying what it could have seen. None of these is a number, and none is missing: `BelowDetection` keeps what was
said, and every use of it is a rule of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.window import mean_of

#: Share of the detection limit that stands for the value in means and totals.
#: Source: common practice of Chinese monitoring, from memory: a setting, not a quotation.
MEAN_SHARE = 0.5

#: Texts that say that nothing was measured.
MISSING_TEXTS = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "--", "—", "*"})

#: Texts that say that nothing was found, and not what could have been found.
UNTOLD_TEXTS = frozenset({"nd", "n.d.", "未检出"})

_DIGITS = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = re.compile(rf"[+-]?{_DIGITS}", re.ASCII)
_BELOW = re.compile(
    rf"[<＜]\s*({_DIGITS})|({_DIGITS})\s*L|(?:ND|未检出)\s*[(（]\s*[<＜]?\s*({_DIGITS})\s*[)）]",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class BelowDetection:
    """Less than a method can detect.

    Attributes
    ----------
    limit : float or None
        Detection limit [unit of the determinand]; None where the laboratory did not say.

    Raises
    ------
    ValueError
        If `limit` is not a finite number above 0.
    """

    limit: float | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and not 0 < self.limit < math.inf:
            raise ValueError(f"detection limit {self.limit}; a number above 0")

    def __str__(self) -> str:
        return "ND" if self.limit is None else f"{self.limit!r}L"


#: What was found: a number, or less than could be detected [unit of the determinand].
Amount = float | BelowDetection


def parse_amount(text: str) -> Amount | None:
    """Read a value as people and laboratories write it.

    Parameters
    ----------
    text : str
        ``7.2``, ``0.05L``, ``<0.05``, ``ND(0.05)``, ``ND``, ``未检出``, or one of `MISSING_TEXTS`; spaces around it and
        case do not matter.

    Returns
    -------
    float, BelowDetection or None
        None where nothing was measured.

    Raises
    ------
    ValueError
        For anything else, infinities and detection limits of 0 included.

    Examples
    --------
    >>> parse_amount("0.05L"), parse_amount("＜ 0.05"), parse_amount("未检出"), parse_amount("--"), parse_amount("7.2")
    (BelowDetection(limit=0.05), BelowDetection(limit=0.05), BelowDetection(limit=None), None, 7.2)
    """
    stripped = text.strip()
    lowered = stripped.lower()
    if lowered in MISSING_TEXTS:
        return None
    if lowered in UNTOLD_TEXTS:
        return BelowDetection()
    below = _BELOW.fullmatch(stripped)
    if below is not None:
        return BelowDetection(float(next(filter(None, below.groups()))))
    if _NUMBER.fullmatch(stripped) is None or not math.isfinite(number := float(stripped)):
        raise ValueError(f"{stripped} is no value")
    return number


def number_of(amount: Amount, share: float = MEAN_SHARE) -> float | None:
    """The number that stands for a value in means and totals.

    Parameters
    ----------
    amount : float or BelowDetection
    share : float
        See `MEAN_SHARE`.

    Returns
    -------
    float or None
        None where nothing was detected and the detection limit is not known.

    Examples
    --------
    >>> number_of(0.3), number_of(BelowDetection(0.05)), number_of(BelowDetection())
    (0.3, 0.025, None)
    """
    if not isinstance(amount, BelowDetection):
        return amount
    return None if amount.limit is None else amount.limit * share


def mean_amount(amounts: Sequence[Amount], share: float = MEAN_SHARE) -> Amount:
    """Arithmetic mean of values of which some may be below detection.

    Parameters
    ----------
    amounts : sequence of float or BelowDetection, (n,)
        At least one. Where nothing was detected and the detection limit is not known there is no number, and the value
        takes no part.
    share : float
        See `MEAN_SHARE`.

    Returns
    -------
    float or BelowDetection
        Below detection where all of them are, with the highest of their limits: a mean of halved limits would say that
        something was found.

    Raises
    ------
    ValueError
        Without values.

    Examples
    --------
    >>> mean_amount([0.3, BelowDetection(0.2)]), mean_amount([BelowDetection(0.02), BelowDetection(0.05)])
    (0.2, BelowDetection(limit=0.05))
    """
    if not amounts:
        raise ValueError("a mean of nothing")
    if all(isinstance(amount, BelowDetection) for amount in amounts):
        limits = [a.limit for a in amounts if isinstance(a, BelowDetection) and a.limit is not None]
        return BelowDetection(max(limits, default=None))
    return mean_of([number for amount in amounts if (number := number_of(amount, share)) is not None])


def meets(amount: Amount, limit: float) -> bool | None:
    """Whether a value keeps to a limit that must not be exceeded.

    Parameters
    ----------
    amount : float or BelowDetection
    limit : float
        [unit of the determinand]; a value equal to it meets it.

    Returns
    -------
    bool or None
        None where it cannot be judged: the detection limit lies above the limit, or is not known.

    Examples
    --------
    >>> meets(BelowDetection(0.05), 0.05), meets(BelowDetection(0.05), 0.02), meets(0.05, 0.02)
    (True, None, False)
    """
    if isinstance(amount, BelowDetection):
        return True if amount.limit is not None and amount.limit <= limit else None
    return amount <= limit
