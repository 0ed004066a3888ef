"""The class of one set of values: single-factor method of GB 3838-2002 on unrounded values.

One kernel, `grade_columns`, grades any number of records at once; `grade` runs the same kernel on one record and adds
what a person asks next: by how much, and against which target.

Which items grade (`ASSESSED`), and which must be there for a class that may stand beside the national board's
(`REQUIRED`), are settings of every call; the defaults are explained in ``docs/standards.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from analytics.below_detection import Amount, BelowDetection
from analytics.standards import GB3838_2002, Limit
from sensors.place import WaterBody


class WaterClass(IntEnum):
    """Class of water (水质类别), best first; its ``name`` is what files and stores carry."""

    I = 1  # noqa: E741  the standard's own name
    II = 2
    III = 3
    IV = 4
    V = 5
    INFERIOR_V = 6


#: Items of Table 1 that are reported beside the class and never decide it.
#: Source: 环办[2011]22号, part 1 (评价指标), from memory: a setting, not a quotation.
REPORTED_ONLY = frozenset({"water_temperature", "total_nitrogen", "faecal_coliforms"})

#: Items that decide the class where they were measured, in the order of Table 1.
ASSESSED = tuple(key for key in GB3838_2002.items if key not in REPORTED_ONLY)

#: Without one of these the national board prints no class (measured on 23,752 of its records); phosphorus may be
#: missing there. A grade that lacks one is partial.
REQUIRED = ("ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen")

#: Until this instant, 2020-05-15T00:00+08:00, the national board printed no class without total phosphorus either
#: (measured: 75 of 75 such records of the five days before have none, 3,318 of 3,318 afterwards have one). Whoever
#: grades records that old has to count phosphorus as required. Milliseconds since the epoch.
PHOSPHORUS_REQUIRED_UNTIL_MS = 1_589_472_000_000

#: Items of which an exceedance multiple is never given: they are not concentrations of something put in.
NO_MULTIPLE = frozenset({"water_temperature", "ph", "dissolved_oxygen"})

# Rows taken at a time: a column of it and the scratch space stay in a core's own cache.
_CHUNK = 16384
_MAX_ITEMS = 32  # bits of GradeColumns.deciding


@dataclass(frozen=True, slots=True)
class GradeColumns:
    """Grades of n records.

    Attributes
    ----------
    water_class : ndarray of int8, (n,)
        Values of `WaterClass`; 0 where nothing that grades was measured.
    partial : ndarray of bool, (n,)
        True where a required determinand is missing.
    deciding : ndarray of uint32, (n,)
        Bit i is set where ``determinands[i]`` has the worst class.
    classes : ndarray of int8, (k, n)
        Class by each determinand alone; 0 where it is missing or has no limit in that water.
    determinands : tuple of str, (k,)
        The assessed determinands that were given.
    """

    water_class: NDArray[np.int8]
    partial: NDArray[np.bool_]
    deciding: NDArray[np.uint32]
    classes: NDArray[np.int8]
    determinands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grade:
    """Class of one set of values, and why.

    Attributes
    ----------
    water_class : WaterClass or None
        None where nothing that grades was measured. Where a detection limit leaves it open, the worse one.
    partial : bool
        True where a required determinand is missing.
    missing : tuple of str
        The required determinands that are missing, those that cannot be judged included.
    deciding : tuple of str
        All determinands that have the worst class.
    classes : mapping of str to WaterClass
        Class by each assessed determinand alone.
    exceedances : mapping of str to float
        (C - S) / S against the limit S of class III, where C exceeds it; none for temperature, pH and oxygen.
    target : WaterClass or None
        Class the water must reach, where one was given.
    over_target : tuple of str
        Determinands that are worse than the target class, worst first; pH and oxygen included.
    target_exceedances : mapping of str to float
        As `exceedances`, against the limit of the target class.
    at_best : mapping of str to WaterClass
        Class of each determinand below detection if there were none of it, where that differs from its class.
    unjudged : tuple of str
        Determinands below detection that cannot be judged: their detection limit meets no class, or is not known.
    """

    water_class: WaterClass | None
    partial: bool
    missing: tuple[str, ...]
    deciding: tuple[str, ...]
    classes: Mapping[str, WaterClass]
    exceedances: Mapping[str, float]
    target: WaterClass | None = None
    over_target: tuple[str, ...] = ()
    target_exceedances: Mapping[str, float] | None = None
    at_best: Mapping[str, WaterClass] = field(default_factory=dict)
    unjudged: tuple[str, ...] = ()

    @property
    def attained(self) -> bool | None:
        """Whether the target class is reached; None without a target or a class, or where it cannot be judged."""
        return None if self.target is None else self.attains(self.target)

    @property
    def best_class(self) -> WaterClass | None:
        """The class if there were none of what is below detection; else `water_class`."""
        return max((self.certain_class(key) for key in self.classes), default=None)

    def certain_class(self, determinand: str) -> WaterClass:
        """Class by one determinand that holds whatever lies below its detection limit.

        Raises
        ------
        KeyError
            If the determinand has no class here.
        """
        return self.at_best.get(determinand, self.classes[determinand])

    def attains(self, target: WaterClass) -> bool | None:
        """Whether a class is reached; None without a class, or where a detection limit leaves it open."""
        if self.water_class is None or self.best_class is None:
            return None
        if self.best_class > target:
            return False
        return True if self.water_class <= target and not self.unjudged else None


def grade(
    values: Mapping[str, Amount | None],
    water_body: WaterBody = "river",
    *,
    target: WaterClass | None = None,
    assessed: Sequence[str] = ASSESSED,
    required: Sequence[str] = REQUIRED,
) -> Grade:
    """Grade one set of values.

    Parameters
    ----------
    values : mapping of str to (float, BelowDetection or None)
        Unrounded values by determinand [unit of the determinand]; None, NaN and infinities count as missing,
        determinands that do not grade are ignored. A value below detection has the best class that its detection limit
        meets; where it meets none it cannot be judged and counts as missing.
    water_body : {'river', 'lake'}
        Which limits apply.
    target : WaterClass, optional
        Class the water must reach, I to V.
    assessed, required : sequence of str
        See `ASSESSED` and `REQUIRED`.

    Raises
    ------
    ValueError
        If `target` has no limits, or an assessed determinand has no classes in the standard.

    Notes
    -----
    GB 3838-2002 clause 5.1. The alternative for class I of 90 % oxygen saturation is not applied: the national board
    does not apply it either (99.975 % of its records agree without it, 99.71 % with it).

    Examples
    --------
    >>> g = grade({"ph": 7.4, "dissolved_oxygen": 5.6, "permanganate_index": 6.3, "ammonia_nitrogen": 1.2})
    >>> g.water_class.name, g.partial, g.deciding, round(g.exceedances["ammonia_nitrogen"], 2)
    ('IV', False, ('permanganate_index', 'ammonia_nitrogen'), 0.2)
    """
    if target is WaterClass.INFERIOR_V:
        raise ValueError("INFERIOR_V is no target: it has no limits")
    columns = {key: np.array(_ends(value), dtype=np.float64) for key, value in values.items()}
    lake = np.full(2, water_body == "lake")
    graded = grade_columns(columns, lake, assessed=assessed, required=required)
    classes, at_best, unjudged = _judge(dict(zip(graded.determinands, graded.classes.tolist(), strict=True)))
    unjudged += [key for key in graded.determinands if _untold(values[key]) and GB3838_2002.limit(key, water_body)]
    worst = max(classes.values(), default=None)
    certain = classes | at_best
    over = sorted((key for key in classes if target and certain[key] > target), key=lambda key: -certain[key])
    missing = tuple(key for key in required if key not in classes)
    return Grade(
        water_class=worst,
        partial=bool(missing),
        missing=missing,
        deciding=tuple(key for key, water_class in classes.items() if water_class == worst),
        classes=classes,
        exceedances=_multiples(values, classes, water_body, WaterClass.III),
        target=target,
        over_target=tuple(over),
        target_exceedances=None if target is None else _multiples(values, classes, water_body, target),
        at_best=at_best,
        unjudged=tuple(unjudged),
    )


def _ends(value: Amount | None) -> tuple[float, float]:
    """What a value can be at most and at least."""
    if isinstance(value, BelowDetection):
        return (math.nan, math.nan) if value.limit is None else (value.limit, 0.0)
    return (math.nan, math.nan) if value is None else (value, value)


def _untold(value: Amount | None) -> bool:
    return isinstance(value, BelowDetection) and value.limit is None


def _judge(
    codes: Mapping[str, Sequence[int]],
) -> tuple[dict[str, WaterClass], dict[str, WaterClass], list[str]]:
    """Classes, classes at best where they differ, and what meets no class for certain; codes at both ends."""
    classes, at_best, unjudged = {}, {}, []
    for key, ends in codes.items():
        best, worst = min(ends), max(ends)
        if worst == 0:
            continue
        if best < worst == WaterClass.INFERIOR_V:
            unjudged.append(key)
            continue
        classes[key] = WaterClass(worst)
        if best < worst:
            at_best[key] = WaterClass(best)
    return classes, at_best, unjudged


def _multiples(
    values: Mapping[str, Amount | None],
    classes: Mapping[str, WaterClass],
    water_body: WaterBody,
    against: WaterClass,
) -> dict[str, float]:
    """Exceedance multiples (C - S) / S of what is over the limits S of a class; none of what is below detection."""
    multiples = {}
    for key in classes:
        value, limit = values[key], GB3838_2002.limit(key, water_body)
        if limit is None or value is None or isinstance(value, BelowDetection) or key in NO_MULTIPLE:
            continue
        standard = limit.at(against)
        if value > standard:
            multiples[key] = (value - standard) / standard
    return multiples


def grade_columns(
    columns: Mapping[str, NDArray[np.float64]],
    lake: NDArray[np.bool_],
    *,
    assessed: Sequence[str] = ASSESSED,
    required: Sequence[str] = REQUIRED,
) -> GradeColumns:
    """Grade n records at once; the one implementation of the single-factor method.

    Parameters
    ----------
    columns : mapping of str to ndarray of float64, (n,)
        Unrounded values by determinand [unit of the determinand]; NaN (and infinite) where missing. Determinands
        that do not grade are ignored, so whole tables may be passed.
    lake : ndarray of bool, (n,)
        True where the limits of lakes and reservoirs apply.
    assessed, required : sequence of str
        See `ASSESSED` and `REQUIRED`.

    Returns
    -------
    GradeColumns

    Raises
    ------
    TypeError
        If a column is not float64. float32 holds 0.2 as 0.200000003, which an inclusive limit of 0.2 refuses:
        convert by way of the shortest decimal instead of widening.
    ValueError
        If lengths differ, or an assessed determinand has no classes in the standard.
    """
    keys = tuple(key for key in assessed if key in columns)
    _check(columns, lake, keys, assessed)
    n = lake.size
    classes = np.empty((len(keys), n), np.int8)
    worst = np.zeros(n, np.int8)
    partial = np.full(n, any(key not in keys for key in required))
    deciding = np.zeros(n, np.uint32)
    needed = [index for index, key in enumerate(keys) if key in required]
    scratch = np.empty(_CHUNK, np.bool_)
    for start in range(0, n, _CHUNK):
        cut = slice(start, min(start + _CHUNK, n))
        part, top = classes[:, cut], worst[cut]
        for row, key in enumerate(keys):
            _classify(key, columns[key][cut], lake[cut], part[row], scratch[: top.size])
            np.maximum(top, part[row], out=top)
        for row in needed:
            np.logical_or(partial[cut], part[row] == 0, out=partial[cut])
        _mark_deciding(part, top, deciding[cut])
    return GradeColumns(worst, partial, deciding, classes, keys)


def _check(
    columns: Mapping[str, NDArray[np.float64]],
    lake: NDArray[np.bool_],
    keys: Sequence[str],
    assessed: Sequence[str],
) -> None:
    for key in assessed:
        item = GB3838_2002.items.get(key)
        if item is None or (item.river is None and item.lake is None):
            raise ValueError(f"{key} has no classes in {GB3838_2002.number}")
    if len(keys) > _MAX_ITEMS:
        raise ValueError(f"{len(keys)} determinands assessed; at most {_MAX_ITEMS}")
    for key in keys:
        if columns[key].dtype != np.float64:
            raise TypeError(f"{key} is {columns[key].dtype}, not float64")
        if columns[key].shape != lake.shape:
            raise ValueError(f"{key} has shape {columns[key].shape}, lake has {lake.shape}")


def _classify(
    key: str,
    values: NDArray[np.float64],
    lake: NDArray[np.bool_],
    out: NDArray[np.int8],
    scratch: NDArray[np.bool_],
) -> None:
    """Write the class by one determinand, 0 where it is missing or has no limit in that water."""
    item = GB3838_2002.items[key]
    if item.river == item.lake or not lake.any():
        _count_failures(item.river, values, out, scratch)
    elif lake.all():
        _count_failures(item.lake, values, out, scratch)
    else:
        other = np.empty_like(out)
        _count_failures(item.lake, values, other, scratch)
        _count_failures(item.river, values, out, scratch)
        np.copyto(out, other, where=lake)


def _count_failures(
    limit: Limit | None, values: NDArray[np.float64], out: NDArray[np.int8], scratch: NDArray[np.bool_]
) -> None:
    """Class = 1 + the number of class limits that the value fails: limits never grow stricter with the class."""
    if limit is None:
        out[:] = 0
        return
    out[:] = 1
    as_int8 = scratch.view(np.int8)
    for failed in limit.values:
        if limit.direction == "ge":
            np.less(values, failed, out=scratch)
        else:
            np.greater(values, failed, out=scratch)
            if limit.low is not None:
                np.logical_or(scratch, values < limit.low, out=scratch)
        np.add(out, as_int8, out=out)
    np.isfinite(values, out=scratch)
    np.multiply(out, as_int8, out=out)


def _mark_deciding(classes: NDArray[np.int8], worst: NDArray[np.int8], out: NDArray[np.uint32]) -> None:
    """Set bit i where determinand i was measured and has the worst class."""
    for index, row in enumerate(classes):
        is_worst = np.logical_and(row == worst, row != 0)
        np.bitwise_or(out, is_worst.astype(np.uint32) << np.uint32(index), out=out)
