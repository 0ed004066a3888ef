"""Black and odorous water (黑臭水体): how bad a sample, a point, a stretch and a whole water is.

Source: 城市黑臭水体整治工作指南 (2015), its table of degrees and the rules under it, as quoted by ahhmxh.com on
2022-04-13, whose ammonia limit is misprinted (three other pages have 15); see ``docs/standards.md``. The four items
come from samples: the probes of a station do not measure transparency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from types import MappingProxyType

from sensors.durations import DAY_MS


class BlackOdour(IntEnum):
    """Degree of pollution of black and odorous water (黑臭程度)."""

    NONE = 0
    MILD = 1
    SEVERE = 2


@dataclass(frozen=True, slots=True)
class BlackOdourLimit:
    """Limits of one determinand.

    Attributes
    ----------
    mild : float
        At it, and on its bad side, the water is mildly black and odorous [unit of the determinand].
    severe : float
        Beyond it, severely.
    rising : bool
        Whether more is worse.
    """

    mild: float
    severe: float
    rising: bool

    def degree(self, value: float) -> BlackOdour:
        """Degree of one value. Both ends of the printed range, as in 10 to 25 cm, belong to it: they are mild."""
        sign = 1.0 if self.rising else -1.0
        if sign * value > sign * self.severe:
            return BlackOdour.SEVERE
        return BlackOdour.MILD if sign * value >= sign * self.mild else BlackOdour.NONE


#: Limits by determinand: transparency [cm], oxygen and ammonia nitrogen [mg/L], redox potential [mV].
LIMITS: Mapping[str, BlackOdourLimit] = MappingProxyType(
    {
        "transparency": BlackOdourLimit(25.0, 10.0, rising=False),
        "dissolved_oxygen": BlackOdourLimit(2.0, 0.2, rising=False),
        "orp": BlackOdourLimit(50.0, -200.0, rising=False),
        "ammonia_nitrogen": BlackOdourLimit(8.0, 15.0, rising=True),
    }
)

#: In water shallower than this [cm] ...
SHALLOW_CM = 25.0
#: ... this share of its depth takes the place of the limits of transparency (footnote of the table).
SHALLOW_SHARE = 0.4

#: A point is severe if one item is in this share of its data [%] ...
ONE_ITEM_SHARE = 60
#: ... or two items are, each in this share [%].
TWO_ITEMS_SHARE = 30
#: So many severe points in a row make the stretch between them severe.
POINTS_IN_A_ROW = 3
#: A water is severe if this share of its points is [%].
POINTS_SHARE = 60

#: How a water is to be sampled; the same source.
SPACING_M = (200.0, 600.0)
MIN_POINTS = 3
INTERVAL_DAYS = (1, 7)
MIN_TIMES = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of one point.

    Attributes
    ----------
    time_ms : int
        When it was taken, milliseconds since the epoch, UTC.
    values : mapping of str to float
        By determinand, of those of `LIMITS` that were measured; others are passed over.
    depth_cm : float or None
        Depth of the water [cm]; None where it was not told: it counts as deep enough then.
    """

    time_ms: int
    values: Mapping[str, float]
    depth_cm: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A sampling point with its samples.

    Attributes
    ----------
    id : str
    distance_m : float
        Along the water from any fixed place [m].
    samples : tuple of Sample
    """

    id: str
    distance_m: float
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class PointVerdict:
    """Degree of one point, and why.

    Attributes
    ----------
    id : str
    degree : BlackOdour or None
        None without data.
    severe_share : mapping of str to float
        Share of the data of each determinand that is severe [%].
    affected_share : mapping of str to float
        Share that is mild or severe [%].
    """

    id: str
    degree: BlackOdour | None
    severe_share: Mapping[str, float]
    affected_share: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WaterVerdict:
    """Degree of a whole water, and why.

    Attributes
    ----------
    degree : BlackOdour or None
        None without a point that has data.
    points : tuple of PointVerdict
        Along the water.
    severe_stretches : tuple of (str, str)
        First and last point of each stretch that is severe by itself.
    shortcomings : tuple of str
        Where the sampling falls short of the rules: ``points``, ``spacing``, ``times``, ``interval``, ``items``.
    """

    degree: BlackOdour | None
    points: tuple[PointVerdict, ...]
    severe_stretches: tuple[tuple[str, str], ...]
    shortcomings: tuple[str, ...]


def degree_of(determinand: str, value: float, depth_cm: float | None = None) -> BlackOdour:
    """Degree of one value.

    Parameters
    ----------
    determinand : str
        One of `LIMITS`.
    value : float
        [unit of the determinand; transparency in cm]
    depth_cm : float, optional
        Depth of the water [cm], for transparency.

    Raises
    ------
    KeyError
        If the determinand is none of the four.

    Notes
    -----
    In water shallower than 25 cm the footnote puts 40 % of the depth in the place of the limit, without saying which:
    it takes the place of both here, so that water that shows less of its depth is severe and no other is affected.

    Examples
    --------
    >>> degree_of("transparency", 9.0).name, degree_of("transparency", 9.0, depth_cm=20.0).name
    ('SEVERE', 'NONE')
    """
    limit = LIMITS[determinand]
    if determinand == "transparency" and depth_cm is not None and depth_cm < SHALLOW_CM:
        limit = BlackOdourLimit(SHALLOW_SHARE * depth_cm, SHALLOW_SHARE * depth_cm, rising=False)
    return limit.degree(value)


def judge_point(point: Point) -> PointVerdict:
    """Degree of one point by all its samples.

    Severe: one determinand is severe in at least 60 % of its data, or two are in at least 30 % each. The source calls
    every other point of a black and odorous water mild; here a point is mild where the same shares are at least mild:
    waters that nobody has found to be black and odorous are judged as well (a choice of this project).
    """
    degrees: dict[str, list[BlackOdour]] = {key: [] for key in LIMITS}
    for sample in point.samples:
        for key in LIMITS:
            if key in sample.values:
                degrees[key].append(degree_of(key, sample.values[key], sample.depth_cm))
    measured = {key: found for key, found in degrees.items() if found}
    shares = {
        least: {key: 100 * sum(degree >= least for degree in found) / len(found) for key, found in measured.items()}
        for least in (BlackOdour.MILD, BlackOdour.SEVERE)
    }
    degree = None if not measured else BlackOdour.NONE
    for least, of_least in shares.items():
        if _enough(of_least):
            degree = least
    return PointVerdict(point.id, degree, shares[BlackOdour.SEVERE], shares[BlackOdour.MILD])


def judge_water(points: Sequence[Point]) -> WaterVerdict:
    """Degree of a water by all its points.

    Severe: at least 60 % of the points with data are. Three severe points in a row make the stretch between them
    severe, whatever the rest is. Else mild where at least one point is mild or severe (a choice of this project: the
    source takes it for granted that the water is black and odorous).

    Parameters
    ----------
    points : sequence of Point
        Any order; they are taken along the water.
    """
    along = sorted(points, key=lambda point: point.distance_m)
    verdicts = tuple(judge_point(point) for point in along)
    judged = [verdict.degree for verdict in verdicts if verdict.degree is not None]
    severe = judged.count(BlackOdour.SEVERE)
    if not judged:
        degree = None
    elif 100 * severe >= POINTS_SHARE * len(judged):
        degree = BlackOdour.SEVERE
    else:
        degree = min(max(judged), BlackOdour.MILD)
    return WaterVerdict(degree, verdicts, _stretches(verdicts), shortcomings(along))


def shortcomings(points: Sequence[Point]) -> tuple[str, ...]:
    """Where a sampling falls short of the rules; see `WaterVerdict`.

    Parameters
    ----------
    points : sequence of Point
        Along the water.
    """
    found = []
    if len(points) < MIN_POINTS:
        found.append("points")
    steps = [after.distance_m - before.distance_m for before, after in pairwise(points)]
    if any(not SPACING_M[0] <= step <= SPACING_M[1] for step in steps):
        found.append("spacing")
    if any(len(point.samples) < MIN_TIMES for point in points):
        found.append("times")
    if any(not INTERVAL_DAYS[0] <= days <= INTERVAL_DAYS[1] for point in points for days in _intervals(point)):
        found.append("interval")
    if any(key not in sample.values for point in points for sample in point.samples for key in LIMITS):
        found.append("items")
    return tuple(found)


def _enough(shares: Mapping[str, float]) -> bool:
    one = any(share >= ONE_ITEM_SHARE for share in shares.values())
    return one or sum(share >= TWO_ITEMS_SHARE for share in shares.values()) >= 2


def _intervals(point: Point) -> list[float]:
    """Days between samples that follow each other."""
    times = sorted(sample.time_ms for sample in point.samples)
    return [(after - before) / DAY_MS for before, after in pairwise(times)]


def _stretches(verdicts: Sequence[PointVerdict]) -> tuple[tuple[str, str], ...]:
    """Runs of severe points that are long enough."""
    stretches, run = [], list[str]()
    for verdict in [*verdicts, None]:
        if verdict is not None and verdict.degree is BlackOdour.SEVERE:
            run.append(verdict.id)
            continue
        if len(run) >= POINTS_IN_A_ROW:
            stretches.append((run[0], run[-1]))
        run = []
    return tuple(stretches)
