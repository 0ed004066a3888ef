"""What is worse than class III, and how many times over: what the title of an alert names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analytics.standards import GB3838_2002
from dashboard.wording import Wording
from sensors.place import WaterBody

#: Pollutants that a title has room for.
TITLED = 2

_CLASS_III = 3


@dataclass(frozen=True, slots=True)
class Over:
    """A determinand that is worse than class III.

    Attributes
    ----------
    determinand : str
    value : float
        In its unit.
    multiple : float or None
        Times over the limit of class III, (C - S) / S; None for oxygen and pH, which have none.
    """

    determinand: str
    value: float
    multiple: float | None


def over_class_iii(values: Mapping[str, float], water_body: WaterBody) -> list[Over]:
    """What is worse than class III of GB 3838-2002, the worst first.

    Parameters
    ----------
    values : mapping of str to float
        By determinand, in its unit.
    water_body : {'river', 'lake'}
    """
    found = []
    for key, value in values.items():
        limit = GB3838_2002.limit(key, water_body)
        if limit is None:
            continue
        line = limit.at(_CLASS_III)
        if limit.direction == "le" and value > line:
            found.append(Over(key, value, (value - line) / line))
        elif (limit.direction == "ge" and value < line) or (
            limit.direction == "range" and limit.low is not None and not limit.low <= value <= line
        ):
            found.append(Over(key, value, None))
    return sorted(found, key=lambda one: -(one.multiple or 0.0))


def over_words(found: Sequence[Over], w: Wording) -> list[str]:
    """Each with its value and how many times it is over: 氨氮 3.2 mg/L（超Ⅲ类2.2倍）."""
    _ = w._
    words = []
    for one in found:
        amount = f"{w.determinand(one.determinand)} {w.number(one.determinand, one.value)} {w.unit(one.determinand)}"
        if one.multiple is None:
            words.append(_("{amount} (misses class III)", amount=amount.rstrip()))
        else:
            times = f"{one.multiple:.1f}"
            words.append(_("{amount} ({times} times over class III)", amount=amount.rstrip(), times=times))
    return words
