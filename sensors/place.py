"""Where things are: rivers, reaches, stations, outfalls, and who answers for them.

Chainage is the distance from a reach's ``from_node`` along its line, in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WaterBody = Literal["river", "lake"]
Bank = Literal["L", "R"]
OutfallKind = Literal["storm", "sewage", "combined", "industrial", "treatment", "agriculture", "unknown"]

#: Longitude and latitude, degrees, WGS 84.
Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Department:
    """Who answers for a kind of problem (责任部门)."""

    id: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class River:
    """A managed watercourse.

    Attributes
    ----------
    id, name, name_en : str
    target_class : str
        Class the water must reach: I, II, III, IV or V.
    chief_role : str
        Office of the river chief, never a person's name.
    department : str
        Id of the department that answers for the river.
    """

    id: str
    name: str
    name_en: str
    target_class: str
    chief_role: str
    department: str


@dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of a river between two nodes of the network.

    Attributes
    ----------
    id, river, from_node, to_node : str
    length_m, width_m, depth_m : float
    mean_velocity_m_s : float
        Dry-weather mean, positive from ``from_node`` to ``to_node``; negative where the water runs the other way.
    line : tuple of Position, at least two
        From ``from_node`` to ``to_node``.
    steadiness : float
        Share of the dry time in which the water runs as the mean velocity says, .5 to 1; 1 where nobody looked.
    flow_m3_s : float or None
        Magnitude of the dry-weather mean flow; None where it was not measured.
    """

    id: str
    river: str
    from_node: str
    to_node: str
    length_m: float
    width_m: float
    depth_m: float
    mean_velocity_m_s: float
    line: tuple[Position, ...]
    steadiness: float = 1.0
    flow_m3_s: float | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """Instruments at a section.

    Attributes
    ----------
    id, name, name_en, river, reach : str
    chainage_m : float
    water_body : {'river', 'lake'}
        Which total-phosphorus column of GB 3838 applies.
    profile : str
        Id of the instrument profile.
    endpoint : str
        Where it is polled, e.g. ``tcp://10.66.1.11:502``; see `docs/architecture.md` for the forms.
    unit : int
        Modbus unit id, 1 to 247.
    gateway : str
        Id of the gateway that polls it.
    period_s : float
        Seconds between polls.
    """

    id: str
    name: str
    name_en: str
    river: str
    reach: str
    chainage_m: float
    water_body: WaterBody
    profile: str
    endpoint: str
    unit: int
    gateway: str
    period_s: float


@dataclass(frozen=True, slots=True)
class Outfall:
    """Where something may enter the river (排口)."""

    id: str
    river: str
    reach: str
    chainage_m: float
    bank: Bank
    kind: OutfallKind
    department: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Management cell with a grid officer (网格)."""

    id: str
    name: str
    river: str
    officer_role: str


@dataclass(frozen=True, slots=True)
class Person:
    """An office, not a name: who is told, and under which key the contact is kept outside the site folder."""

    role: str
    department: str
    contact_key: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """The box at the river: polls, spools, publishes.

    Attributes
    ----------
    id, name : str
    shard : int
        Which ingester serves it.
    hj212_port : int
        Where it listens for stations that report over HJ 212; 0 where it does not.
    hj212_password_file : str
        File on the gateway with a line ``MN=PASSWORD`` for each of them; empty where any password will do.
    """

    id: str
    name: str
    shard: int = 0
    hj212_port: int = 0
    hj212_password_file: str = ""
