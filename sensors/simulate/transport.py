"""How water gets from an outfall to a station: share of the load, travel time, spread, dilution.

The network is followed against the water from the station. Where a reach's water divides among several others, its
load divides as their flow (mean velocity x width x depth). Travel takes length / mean velocity; longitudinal dispersion
spreads a front by sqrt(2 D t) metres, which pass the station in that many metres / velocity (Taylor, 1954).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sensors.network import velocity
from sensors.place import Outfall, Reach, Station
from sensors.site import Site

#: Longitudinal dispersion coefficient [m2/s]: a small, slow channel; a setting of the simulation.
DISPERSION_M2_S = 0.8

#: Spread of any front, however near the outfall [s]: the plume has to mix across the channel.
LEAST_SPREAD_S = 240.0

#: Courses that carry a smaller share of the load, or take longer, are not followed.
LEAST_SHARE = 0.03
LONGEST_S = 60 * 3600.0


@dataclass(frozen=True, slots=True)
class Course:
    """One way from an outfall to a station.

    Attributes
    ----------
    outfall : str
    share : float
        Of what is discharged, the part that comes this way, decay apart [1].
    travel_s : float
        Mean time on the way [s].
    spread_s : float
        Standard deviation of the time on the way [s].
    """

    outfall: str
    share: float
    travel_s: float
    spread_s: float


def flow_m3_s(reach: Reach) -> float:
    """Dry-weather mean flow, without its sign [m3/s]."""
    return velocity(reach) * reach.width_m * reach.depth_m


def courses(site: Site, station: Station) -> tuple[Course, ...]:
    """Every way by which an outfall's water comes to a station, nearest first."""
    outfalls: defaultdict[str, list[Outfall]] = defaultdict(list)
    for outfall in site.outfalls.values():
        outfalls[outfall.reach].append(outfall)
    found: list[Course] = []
    # From a place on a reach: what has come together on the way from it to the station, and the reaches passed.
    todo = [(site.reaches[station.reach], station.chainage_m, 1.0, 0.0, 0.0, frozenset[str]())]
    while todo:
        reach, chainage_m, share, travel_s, variance, passed = todo.pop()
        speed = velocity(reach)
        forward = reach.mean_velocity_m_s >= 0
        for outfall in outfalls[reach.id]:
            metres = chainage_m - outfall.chainage_m if forward else outfall.chainage_m - chainage_m
            if metres >= 0:
                seconds = metres / speed
                spread = variance + 2 * DISPERSION_M2_S * seconds / speed**2 + LEAST_SPREAD_S**2
                found.append(Course(outfall.id, share, travel_s + seconds, spread**0.5))
        seconds = (chainage_m if forward else reach.length_m - chainage_m) / speed
        travel_s += seconds
        variance += 2 * DISPERSION_M2_S * seconds / speed**2
        for above in site.network.inflows(reach.id):
            part = share * flow_m3_s(reach) / sum(map(flow_m3_s, site.network.outflows(above.id)))
            if above.id not in passed and above.id != reach.id and part >= LEAST_SHARE and travel_s <= LONGEST_S:
                outlet_m = above.length_m if above.mean_velocity_m_s >= 0 else 0.0
                todo.append((above, outlet_m, part, travel_s, variance, passed | {reach.id}))
    return tuple(sorted((c for c in found if c.travel_s <= LONGEST_S), key=lambda course: course.travel_s))
