"""What an assessment keeps beside its class: the keys that writers and readers share."""

from __future__ import annotations

from typing import Any, TypedDict


class WorseStation(TypedDict):
    """A station that is worse than its river, and its class."""

    station: str
    water_class: str


class CertainClass(TypedDict, total=False):
    """The same judgement without suspect readings.

    ``values`` are records as in `analytics.period_record`; only where they differ.
    """

    water_class: str | None
    descriptor: str | None
    partial: bool
    deciding: list[str]
    values: dict[str, Any]


class Detail(TypedDict, total=False):
    """Why a station, a river or the sub-district was judged as it was. What does not apply is left out.

    Keys
    ----
    time_ms, values, state
        ``latest``: instant, values by determinand, state letter of the station. Of periods, ``values`` are records as
        in `analytics.period_record`.
    hours, window_hours
        Valid hours, and hours of the window or period.
    means, classes, exceedance, over_target, target_exceedance, main_pollutants, missing
        By determinand: mean, class by it alone, multiples over class III and over the target class, what is worse than
        the target, what is told as main pollutant, required ones without a value.
    near_limit, near, probability
        Whether the class lies near a limit, by which determinands, and the probability of each class.
    sections, method, descriptor, water_body, mixed_bodies, sections_with, ungraded, worse_stations, attained
        Of rivers and the sub-district; see `analytics.evaluation.RiverGrade`.
    period, end_ms, running, source, states, certain
        Of periods: label, end (exclusive, milliseconds since the epoch, UTC), whether it has not ended yet, where the
        values come from, hours in states in which the station is not graded, and the judgement without suspect
        readings.
    section_classes, river_classes, river_states, attaining, failing, open, fair_share, inferior_share, attaining_share
        Of the sub-district; see `analytics.subdistrict.SubdistrictGrade`.
    """

    time_ms: int
    values: dict[str, Any]
    state: str
    hours: int
    window_hours: int
    means: dict[str, float]
    classes: dict[str, str]
    exceedance: dict[str, float]
    over_target: list[str]
    target_exceedance: dict[str, float]
    main_pollutants: list[str]
    missing: list[str]
    near_limit: bool
    near: list[str]
    probability: dict[str, float]
    sections: int
    method: str
    descriptor: str | None
    water_body: str
    mixed_bodies: bool
    sections_with: dict[str, int]
    ungraded: list[str]
    worse_stations: list[WorseStation]
    attained: bool | None
    period: str
    end_ms: int
    running: bool
    source: str | None
    states: dict[str, int]
    certain: CertainClass
    section_classes: dict[str, int]
    river_classes: dict[str, int]
    river_states: dict[str, int]
    attaining: list[str]
    failing: list[str]
    open: list[str]
    fair_share: float | None
    inferior_share: float | None
    attaining_share: float | None
