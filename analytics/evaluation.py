"""From window means to the class of a station, and from stations to the state of a river.

Source of the river rules: 环办[2011]22号; see ``docs/standards.md``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from analytics.below_detection import MEAN_SHARE, Amount, mean_amount, number_of
from analytics.descriptors import Descriptor, descriptor_of, descriptor_of_ratio
from analytics.grading import Grade, WaterClass, grade
from analytics.window import HourMean, WindowMean, hours_between, window_means
from sensors.durations import HOUR_MS
from sensors.place import WaterBody

#: From this number of sections on a river is described by class ratios, without an average class.
RATIO_SECTIONS = 5


class GradedSection(Protocol):
    """A section that was graded over some time, as its river sees it."""

    @property
    def station(self) -> str:
        """Id of the station that stands for the section."""

    @property
    def water_body(self) -> WaterBody:
        """Whose limits were applied."""

    @property
    def grade(self) -> Grade:
        """Class and what decides it."""

    @property
    def water_class(self) -> WaterClass | None:
        """Class; None where nothing that grades was valid."""

    @property
    def provisional(self) -> bool:
        """Whether suspect readings took part in a determinand that grades."""

    @property
    def amounts(self) -> Mapping[str, Amount]:
        """What was graded, by determinand, and what was measured beside it [unit of the determinand]."""

    @property
    def hours_used(self) -> int:
        """Hours in which at least one of the determinands that grade was valid."""

    @property
    def hours_in_window(self) -> int:
        """Hours from start to end, begun ones included."""


@dataclass(frozen=True, slots=True)
class StationGrade:
    """Class of a station over a window, and what it rests on.

    Attributes
    ----------
    station : str
    water_body : {'river', 'lake'}
    start_ms, end_ms : int
        Window, start inclusive, end exclusive, milliseconds since the epoch, UTC.
    grade : Grade
        Of the window means.
    provisional : bool
        True where suspect readings took part in a determinand that grades.
    hours_used : int
        Hours of the window in which at least one of the determinands that grade was valid.
    means : mapping of str to WindowMean
        Every determinand that had enough valid hours, also those that do not grade.
    """

    station: str
    water_body: WaterBody
    start_ms: int
    end_ms: int
    grade: Grade
    provisional: bool
    hours_used: int
    means: Mapping[str, WindowMean]

    @property
    def water_class(self) -> WaterClass | None:
        """Class over the window; None where nothing that grades was valid."""
        return self.grade.water_class

    @property
    def hours_in_window(self) -> int:
        """Hours from start to end, begun ones included."""
        return hours_between(self.start_ms, self.end_ms)

    @property
    def amounts(self) -> Mapping[str, Amount]:
        """Means by determinand [unit of the determinand]."""
        return {key: mean.mean for key, mean in self.means.items()}


@dataclass(frozen=True, slots=True)
class RiverGrade:
    """State of a river over a window, and what it rests on.

    Attributes
    ----------
    river : str
    method : {'mean', 'ratio', 'none'}
        Mean of each determinand over the sections (fewer than five), class ratios (five or more), or no section
        with a class.
    water_class : WaterClass or None
        Always None with class ratios: they give no average class.
    descriptor : Descriptor or None
    partial : bool
        By means: a required determinand was measured at no section. By ratios: the class of a section is partial.
    provisional : bool
        True where the class of a section that counts is provisional.
    grade : Grade or None
        Of the means over the sections; None with class ratios.
    water_body : {'river', 'lake'}
        Whose limits were applied to the means.
    mixed_bodies : bool
        True where the sections are not all of that kind.
    means : mapping of str to float
        Mean over the sections that have the determinand [unit of the determinand]; empty with class ratios.
    sections_with : mapping of str to int
        How many of the sections have each determinand.
    classes : mapping of str to WaterClass
        Class of each section that counts, by station.
    ungraded : tuple of str
        Stations without a class: they do not count.
    worse : tuple of str
        Stations that are worse than their river.
    hours_used : mapping of str to int
        By station; see `StationGrade`.
    hours_in_window : int
    target : WaterClass or None
        Class the water must reach, where one was given.
    attaining : mapping of str to (bool or None)
        Whether each section that counts reaches the target; None where it cannot be judged. Empty without a target.
    amounts : mapping of str to Amount
        As `means`, with what is below detection at every section that has it as such.
    """

    river: str
    method: Literal["mean", "ratio", "none"]
    water_class: WaterClass | None
    descriptor: Descriptor | None
    partial: bool
    provisional: bool
    grade: Grade | None
    water_body: WaterBody
    mixed_bodies: bool
    means: Mapping[str, float]
    sections_with: Mapping[str, int]
    classes: Mapping[str, WaterClass]
    ungraded: tuple[str, ...]
    worse: tuple[str, ...]
    hours_used: Mapping[str, int]
    hours_in_window: int
    target: WaterClass | None = None
    attaining: Mapping[str, bool | None] = field(default_factory=dict)
    amounts: Mapping[str, Amount] = field(default_factory=dict)

    @property
    def attained(self) -> bool | None:
        """Whether the target is reached; None without a target or a class, or where it cannot be judged.

        With class ratios there is no class of the river: the target is reached where every section reaches it.
        """
        if self.target is None or self.method == "none":
            return None
        if self.grade is not None:
            return self.grade.attains(self.target)
        if False in self.attaining.values():
            return False
        return None if None in self.attaining.values() else True

    @property
    def deciding(self) -> tuple[str, ...]:
        """Determinands that decide the class; none with class ratios."""
        return self.grade.deciding if self.grade else ()


def evaluate_station(
    station: str,
    water_body: WaterBody,
    hours: Mapping[str, Sequence[HourMean]],
    start_ms: int,
    end_ms: int,
    *,
    min_hours: int = 1,
    target: WaterClass | None = None,
) -> StationGrade:
    """Class of a station over a window.

    Parameters
    ----------
    station : str
    water_body : {'river', 'lake'}
    hours : mapping of str to sequence of HourMean
        Usable readings only: quality good, not evaluated or suspect, station state normal.
    start_ms, end_ms, min_hours
        See `window_means`.
    target : WaterClass, optional
        Class the water must reach.
    """
    means = window_means(hours, start_ms, end_ms, min_hours=min_hours)
    graded = grade({key: mean.mean for key, mean in means.items()}, water_body, target=target)
    used = {
        hour.start_ms // HOUR_MS
        for key in graded.classes
        for hour in hours[key]
        if start_ms <= hour.start_ms < end_ms and hour.count > 0
    }
    provisional = any(means[key].provisional for key in graded.classes)
    return StationGrade(station, water_body, start_ms, end_ms, graded, provisional, len(used), means)


def evaluate_river(
    river: str,
    stations: Sequence[GradedSection],
    *,
    target: WaterClass | None = None,
    mean_share: float = MEAN_SHARE,
) -> RiverGrade:
    """State of a river by its stations over the same window.

    Parameters
    ----------
    river : str
    stations : sequence of GradedSection
        One per section. Those without a class do not count, neither in the number of sections nor in a mean.
    target : WaterClass, optional
        Class the water must reach.
    mean_share : float
        See `analytics.below_detection.MEAN_SHARE`.

    Notes
    -----
    Sections of different water bodies: the means are graded by the limits of the majority, in a tie by those of lakes,
    which are the stricter.
    """
    counted = [station for station in stations if station.water_class is not None]
    classes = {station.station: station.water_class for station in counted if station.water_class is not None}
    lakes = sum(station.water_body == "lake" for station in counted)
    water_body: WaterBody = "lake" if lakes and 2 * lakes >= len(counted) else "river"
    ratio = len(counted) >= RATIO_SECTIONS
    amounts = {} if ratio else _section_means(counted, mean_share)
    graded = grade(amounts, water_body, target=target) if counted and not ratio else None
    descriptor = _descriptor(graded, classes, ratio)
    partial = graded.partial if graded else not counted or any(station.grade.partial for station in counted)
    return RiverGrade(
        river=river,
        method="ratio" if ratio else "mean" if counted else "none",
        water_class=graded.water_class if graded else None,
        descriptor=descriptor,
        partial=partial,
        provisional=any(station.provisional for station in counted),
        grade=graded,
        water_body=water_body,
        mixed_bodies=0 < lakes < len(counted),
        means={key: number for key, amount in amounts.items() if (number := number_of(amount, mean_share)) is not None},
        sections_with=Counter(key for station in counted for key in station.amounts),
        classes=classes,
        ungraded=tuple(station.station for station in stations if station.water_class is None),
        worse=_worse(classes, graded, descriptor),
        hours_used={station.station: station.hours_used for station in stations},
        hours_in_window=max((station.hours_in_window for station in stations), default=0),
        target=target,
        attaining={} if target is None else {station.station: station.grade.attains(target) for station in counted},
        amounts=amounts,
    )


def _section_means(stations: Sequence[GradedSection], mean_share: float) -> dict[str, Amount]:
    """Arithmetic mean of every determinand over the sections that have it."""
    amounts: dict[str, list[Amount]] = {}
    for station in stations:
        for key, amount in station.amounts.items():
            amounts.setdefault(key, []).append(amount)
    return {key: mean_amount(of_sections, mean_share) for key, of_sections in amounts.items()}


def _descriptor(graded: Grade | None, classes: Mapping[str, WaterClass], ratio: bool) -> Descriptor | None:
    if ratio:
        return descriptor_of_ratio(list(classes.values()))
    if graded is None or graded.water_class is None:
        return None
    return descriptor_of(graded.water_class)


def _worse(classes: Mapping[str, WaterClass], graded: Grade | None, descriptor: Descriptor | None) -> tuple[str, ...]:
    """Stations worse than their river: by class where it has one, else by descriptor."""
    if graded is not None and graded.water_class is not None:
        river_class = graded.water_class
        return tuple(station for station, water_class in classes.items() if water_class > river_class)
    if descriptor is None:
        return ()
    rank = descriptor.rank
    return tuple(station for station, water_class in classes.items() if descriptor_of(water_class).rank > rank)
