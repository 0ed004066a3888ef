"""A river's file (一河一档): what belongs to it, counted from the site's lists and the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Boat, Pipe, RiverWork, SedimentClearing, Structure
from dashboard.viewdata.river_profile import FoundOutfall
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class OutfallHere:
    """An outfall with what the survey says of it; `stage` is None where there are no books."""

    id: str
    kind: str
    stage: str | None
    flows_in_dry_weather: bool | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What the books have of a river, by state.

    Attributes
    ----------
    shops, leaks, pipes, works, structures : mapping of str to int
    pipes_m : mapping of str to float
        Length by state [m].
    boats : int
        Not removed yet.
    cleared_on : date or None
        When sediment was last cleared.
    cleared_m : float
        Length of what was ever cleared [m].
    """

    shops: Mapping[str, int] = field(default_factory=dict)
    leaks: Mapping[str, int] = field(default_factory=dict)
    pipes: Mapping[str, int] = field(default_factory=dict)
    pipes_m: Mapping[str, float] = field(default_factory=dict)
    works: Mapping[str, int] = field(default_factory=dict)
    structures: Mapping[str, int] = field(default_factory=dict)
    boats: int = 0
    cleared_on: date | None = None
    cleared_m: float = 0.0


@dataclass(frozen=True, slots=True)
class RiverFile:
    """Everything about a river that does not change with the water.

    Attributes
    ----------
    length_m, area_m2 : float
        Of all its reaches.
    width_m, depth_m : tuple of (float, float)
        Least and greatest.
    reaches, stations, grids : int
    officers : tuple of str
        Offices of the grids' officers.
    outfalls : tuple of OutfallHere
    found : tuple of FoundOutfall
        Places of all outfalls of the books.
    entered : Entered or None
        None where there are no books.
    """

    length_m: float
    area_m2: float
    width_m: tuple[float, float]
    depth_m: tuple[float, float]
    reaches: int
    stations: int
    grids: int
    officers: tuple[str, ...]
    outfalls: tuple[OutfallHere, ...]
    found: tuple[FoundOutfall, ...] = ()
    entered: Entered | None = None

    @property
    def by_kind(self) -> Mapping[str, int]:
        """Outfalls by kind."""
        return Counter(one.kind for one in self.outfalls)

    @property
    def by_stage(self) -> Mapping[str, int]:
        """Outfalls by stage of the survey; empty where there are no books."""
        return Counter(one.stage for one in self.outfalls if one.stage is not None)


def river_file(site: Site, river: str, session: Session | None = None) -> RiverFile:
    """The file of a river; without books, what the site's lists say."""
    reaches = site.reaches_of(river)
    grids = [grid for grid in site.grids.values() if grid.river == river]
    listed = {one.id: OutfallHere(one.id, one.kind, None, None, one.department) for one in site.outfalls_of(river)}
    found: tuple[FoundOutfall, ...] = ()
    if session is not None:
        rows = session.scalars(select(OutfallRecord).where(OutfallRecord.river == river)).all()
        for row in rows:
            listed[row.id] = OutfallHere(row.id, row.kind, row.stage, row.flows_in_dry_weather, row.department)
        # What the books do not have was not surveyed either.
        listed = {
            name: one if one.stage else OutfallHere(name, one.kind, "unsurveyed", None, one.department)
            for name, one in listed.items()
        }
        found = tuple(FoundOutfall(row.id, row.reach, row.chainage_m, row.bank) for row in rows)
    return RiverFile(
        length_m=sum(reach.length_m for reach in reaches),
        area_m2=sum(reach.length_m * reach.width_m for reach in reaches),
        width_m=_range([reach.width_m for reach in reaches]),
        depth_m=_range([reach.depth_m for reach in reaches]),
        reaches=len(reaches),
        stations=len(site.stations_of(river)),
        grids=len(grids),
        officers=tuple(sorted({grid.officer_role for grid in grids})),
        outfalls=tuple(listed.values()),
        found=found,
        entered=None if session is None else _entered(session, river),
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    return (min(values), max(values)) if values else (0.0, 0.0)


def _entered(session: Session, river: str) -> Entered:
    pipes = session.execute(
        select(Pipe.state, func.count(), func.sum(Pipe.length_m)).where(Pipe.river == river).group_by(Pipe.state)
    ).all()
    cleared = session.execute(
        select(SedimentClearing.from_m, SedimentClearing.to_m, SedimentClearing.done_on).where(
            SedimentClearing.river == river, SedimentClearing.done_on.is_not(None)
        )
    ).all()
    boats = select(func.count()).select_from(Boat).where(Boat.river == river, Boat.removed_on.is_(None))
    return Entered(
        shops=_by_state(session, Shop, river),
        leaks=_by_state(session, LeakPoint, river),
        pipes={state: count for state, count, _length in pipes},
        pipes_m={state: float(length or 0.0) for state, _count, length in pipes},
        works=_by_state(session, RiverWork, river),
        structures=_by_state(session, Structure, river),
        boats=session.scalar(boats) or 0,
        cleared_on=max((row.done_on for row in cleared), default=None),
        cleared_m=sum(abs(row.to_m - row.from_m) for row in cleared),
    )


def _by_state(
    session: Session, table: type[Shop] | type[LeakPoint] | type[RiverWork] | type[Structure], river: str
) -> dict[str, int]:
    query = select(table.state, func.count()).where(table.river == river).group_by(table.state)
    return {row[0]: row[1] for row in session.execute(query)}
