"""How sure a class is: measurement uncertainty of the probes, probability of each class, "near the limit" (临界).

A probe that reads 0.98 mg/L and promises 10 % has not shown that the water keeps to 1.0. The class stays what the
value says; beside it stands how probable each class is.

Model: the true value of a determinand is normally distributed around the measured one; the errors of different
determinands, measured by different heads, are independent. The class by the single-factor method is at most k exactly
if every determinand's class is at most k, so that the probability is a product, without simulation::

    P(class <= k) = product over determinands of P(class by it <= k)

The error of a probe is mostly one of calibration, the same in every reading: the mean of a window is taken to be no
surer than one reading. Sections have instruments of their own: the mean over n of them is (see `sigma_of_mean`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analytics.grading import ASSESSED, WaterClass
from analytics.standards import GB3838_2002, Limit
from sensors.place import WaterBody

#: Least probability of the printed class without the mark "near the limit": a choice of this project.
SURE = 0.9

#: Share of the doubt that the determinands named for it account for together: a choice of this project.
_NAMED = 0.9

_SQRT2, _SQRT3 = math.sqrt(2.0), math.sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What a data sheet or a check promises: the true value lies within plus or minus a bound.

    Attributes
    ----------
    absolute : float
        [unit of the determinand]
    relative : float
        Share of the value.
    source : str
        Who promises it.
    combine : {'larger', 'sum'}
        Whether the bound is the larger of the two parts or their sum.
    """

    absolute: float
    relative: float
    source: str
    combine: Literal["larger", "sum"] = "larger"

    def bound(self, value: float) -> float:
        """Half width of the interval at a value [unit of the determinand]."""
        relative = self.relative * abs(value)
        return self.absolute + relative if self.combine == "sum" else max(self.absolute, relative)

    def sigma(self, value: float) -> float:
        """Standard uncertainty at a value [unit of the determinand].

        A bound without a word about its distribution counts as a rectangular one: bound / sqrt(3).
        Source: JCGM 100:2008 (GUM), 4.3.7.
        """
        return self.bound(value) / _SQRT3


_CHECK = "tolerance of checks against a standard solution at national stations; one source"

#: Accuracy of what stations measure, by determinand: settings. A determinand that is not here counts as exact.
ACCURACY: Mapping[str, Accuracy] = MappingProxyType(
    {
        "ph": Accuracy(0.1, 0.0, "Yosemitech Y532 data sheet"),
        "dissolved_oxygen": Accuracy(0.3, 0.01, "optical probes, +-1 % or +-0.3 mg/L"),
        "permanganate_index": Accuracy(0.0, 0.1, _CHECK),
        "ammonia_nitrogen": Accuracy(0.0, 0.1, _CHECK),
        "total_phosphorus": Accuracy(0.0, 0.1, _CHECK),
        "total_nitrogen": Accuracy(0.0, 0.1, _CHECK),
        "cod": Accuracy(5.0, 0.0, _CHECK),
        "fluoride": Accuracy(0.0, 0.1, _CHECK),
    }
)

#: Accuracy of ammonia nitrogen where it comes from an ion-selective head instead of an analyser.
ION_SELECTIVE = Accuracy(0.2, 0.05, "Yosemitech Y560 data sheet", "sum")


@dataclass(frozen=True, slots=True)
class ClassProbabilities:
    """How probable each class is.

    Attributes
    ----------
    water_class : WaterClass
        What the measured values say: the class that is printed.
    probability : mapping of WaterClass to float
        Of every class, best first; the sum is 1.
    near_limit : bool
        True where the printed class is less probable than asked for.
    near : tuple of str
        Determinands that cause the doubt, the greatest cause first; empty where `near_limit` is False.
    """

    water_class: WaterClass
    probability: Mapping[WaterClass, float]
    near_limit: bool
    near: tuple[str, ...]


def sigmas_of(values: Mapping[str, float | None], accuracy: Mapping[str, Accuracy] = ACCURACY) -> dict[str, float]:
    """Standard uncertainty of measured values [unit of the determinand]; only of those whose accuracy is known."""
    return {key: accuracy[key].sigma(value) for key, value in values.items() if value is not None and key in accuracy}


def sigma_of_mean(sigmas: Sequence[float]) -> float:
    """Standard uncertainty of the mean of values with independent errors.

    Examples
    --------
    >>> sigma_of_mean([0.3, 0.4])
    0.25
    """
    return math.hypot(*sigmas) / len(sigmas)


def sigmas_of_sections(
    sections: Iterable[Mapping[str, float | None]], accuracy: Mapping[str, Accuracy] = ACCURACY
) -> dict[str, float]:
    """Standard uncertainty of the means over sections [unit of the determinand].

    Parameters
    ----------
    sections : iterable of mapping of str to (float or None)
        Measured values of each section by determinand [unit of the determinand].
    accuracy : mapping of str to Accuracy
        See `ACCURACY`.
    """
    sigmas: dict[str, list[float]] = {}
    for values in sections:
        for key, sigma in sigmas_of(values, accuracy).items():
            sigmas.setdefault(key, []).append(sigma)
    return {key: sigma_of_mean(of_key) for key, of_key in sigmas.items()}


def class_probabilities(
    values: Mapping[str, float | None],
    sigmas: Mapping[str, float],
    water_body: WaterBody = "river",
    *,
    assessed: Sequence[str] = ASSESSED,
    sure: float = SURE,
) -> ClassProbabilities | None:
    """Probability of each class of one set of measured values.

    Parameters
    ----------
    values : mapping of str to (float or None)
        Unrounded values by determinand [unit of the determinand]; what is None, not finite, not assessed or without a
        limit in that water takes no part.
    sigmas : mapping of str to float
        Standard uncertainties by determinand [unit of the determinand]; a value without one counts as exact.
    water_body : {'river', 'lake'}
    assessed : sequence of str
        See `analytics.grading.ASSESSED`.
    sure : float
        See `SURE`.

    Returns
    -------
    ClassProbabilities or None
        None where nothing that grades was measured.

    Raises
    ------
    ValueError
        If a standard uncertainty is negative or not a number.

    Examples
    --------
    >>> at_limit = class_probabilities({"ammonia_nitrogen": 1.0}, {"ammonia_nitrogen": 0.1})
    >>> [round(at_limit.probability[c], 3) for c in (WaterClass.III, WaterClass.IV)], at_limit.near
    ([0.5, 0.5], ('ammonia_nitrogen',))
    """
    curves, exact = {}, {}
    for key in assessed:
        value, limit = values.get(key), GB3838_2002.limit(key, water_body)
        if value is None or limit is None or not math.isfinite(value):
            continue
        curves[key] = _at_most(limit, value, sigmas.get(key, 0.0))
        exact[key] = _at_most(limit, value, 0.0)
    if not curves:
        return None
    printed = WaterClass(max(curve.index(1.0) + 1 for curve in exact.values()))
    at_most = [math.prod(curve[k] for curve in curves.values()) for k in range(6)]
    probability = {c: at_most[c - 1] - (at_most[c - 2] if c > 1 else 0.0) for c in WaterClass}
    near_limit = probability[printed] < sure
    near = _causes(curves, exact, printed, at_most) if near_limit else ()
    return ClassProbabilities(printed, probability, near_limit, near)


def _at_most(limit: Limit, value: float, sigma: float) -> list[float]:
    """P(class by one determinand <= k) for k = I to V, and 1 for inferior V."""
    if not sigma >= 0:
        raise ValueError(f"standard uncertainty {sigma} of {limit.determinand}; 0 or more")
    if limit.direction == "ge":
        curve = [_below(value - bound, sigma) for bound in limit.values]
    else:
        curve = [_below(bound - value, sigma) for bound in limit.values]
    if limit.low is not None:
        outside = 1.0 - _below(value - limit.low, sigma)
        curve = [max(0.0, share - outside) for share in curve]
    return [*curve, 1.0]


def _below(margin: float, sigma: float) -> float:
    """P(error <= margin); a value equal to its limit meets it."""
    if sigma == 0:
        return 1.0 if margin >= 0 else 0.0
    return 0.5 * math.erfc(-margin / sigma / _SQRT2)


def _causes(
    curves: Mapping[str, list[float]],
    exact: Mapping[str, list[float]],
    printed: WaterClass,
    at_most: Sequence[float],
) -> tuple[str, ...]:
    """Determinands behind the doubt, until they account for most of it.

    Each is answerable for the probability that it alone is worse than the printed class; those that decide it, for the
    probability that the class is better, which takes all of them.
    """
    better = at_most[printed - 2] if printed > 1 else 0.0
    doubt = {}
    for key, curve in curves.items():
        decides = exact[key].index(1.0) + 1 == printed
        doubt[key] = 1.0 - curve[printed - 1] + (better if decides else 0.0)
    order = sorted(doubt, key=lambda key: -doubt[key])
    named: list[str] = []
    total, told = sum(doubt.values()), 0.0
    for key in order:
        if named and told >= _NAMED * total:
            break
        named.append(key)
        told += doubt[key]
    return tuple(named)
