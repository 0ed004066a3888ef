"""One deployment: a folder that an installer edits, loaded with every check at once.

Files of a site folder::

    site.toml        schema, name, time zone, departments, gateways, settings of the assessment, platforms of the bureau
    rivers.geojson   one line per reach, one polygon for the boundary
    rivers.csv reaches.csv stations.csv outfalls.csv grids.csv people.csv
    profiles/        instrument profiles of the site's own, where it needs any; over those that ship with the program

All lists are read before anything is judged, so that `riverchief check` shows every mistake in one go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sensors.errors import SiteError
from sensors.geometry import along
from sensors.network import Network
from sensors.place import (
    Department,
    Gateway,
    Grid,
    Outfall,
    Person,
    Position,
    Reach,
    River,
    Station,
)
from sensors.platform import Platform
from sensors.profile import Profile, load_profiles
from sensors.site_settings import AssessmentSettings, PeriodSettings

#: Folder of a site's own profiles.
PROFILES = "profiles"


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that a site folder says.

    Mappings are keyed by id and keep the order of their files. `profiles` has every profile that a station may name.
    """

    id: str
    name: str
    name_en: str
    timezone: str
    area_km2: float
    folder: Path
    departments: Mapping[str, Department]
    gateways: Mapping[str, Gateway]
    rivers: Mapping[str, River]
    reaches: Mapping[str, Reach]
    stations: Mapping[str, Station]
    outfalls: Mapping[str, Outfall]
    grids: Mapping[str, Grid]
    people: tuple[Person, ...]
    boundary: tuple[Position, ...]
    assessment: AssessmentSettings
    periods: PeriodSettings = field(default_factory=PeriodSettings)
    platforms: tuple[Platform, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=load_profiles, repr=False, compare=False)
    network: Network = field(init=False, repr=False, compare=False)
    _by_river: Mapping[str, tuple[Station, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        grouped: defaultdict[str, list[Station]] = defaultdict(list)
        for station in self.stations.values():
            grouped[station.river].append(station)
        object.__setattr__(self, "network", Network(self.reaches))
        object.__setattr__(self, "_by_river", {river: tuple(all_) for river, all_ in grouped.items()})

    def stations_of(self, river: str) -> tuple[Station, ...]:
        """Stations of a river, in the order of the list."""
        return self._by_river.get(river, ())

    def reaches_of(self, river: str) -> tuple[Reach, ...]:
        """Reaches of a river, in the order of the list."""
        return tuple(reach for reach in self.reaches.values() if reach.river == river)

    def outfalls_of(self, river: str) -> tuple[Outfall, ...]:
        """Outfalls of a river, in the order of the list."""
        return tuple(outfall for outfall in self.outfalls.values() if outfall.river == river)

    def slice(self, gateway: str) -> tuple[Station, ...]:
        """Stations that one gateway polls."""
        return tuple(station for station in self.stations.values() if station.gateway == gateway)

    def position(self, reach: str, chainage_m: float) -> Position:
        """Longitude and latitude of a chainage on a reach [degrees]."""
        there = self.reaches[reach]
        return along(there.line, chainage_m / there.length_m)

    def with_endpoints(self, endpoints: Mapping[str, str]) -> Site:
        """The same site, polled at other addresses.

        Parameters
        ----------
        endpoints : mapping of str to str
            Endpoint as written in the list -> the one to use instead; others stay as they are.
        """
        return replace_stations(
            self,
            {
                station.id: replace(station, endpoint=endpoints.get(station.endpoint, station.endpoint))
                for station in self.stations.values()
            },
        )


def replace_stations(site: Site, stations: Mapping[str, Station]) -> Site:
    """The same site with other stations."""
    return replace(site, stations=stations)


def load_site(folder: Path) -> Site:
    """Read and check a site folder.

    Raises
    ------
    SiteError
        With every mistake in every file.
    """
    from sensors.site_files import SiteReader

    reader = SiteReader(folder)
    site = reader.read()
    if reader.problems or site is None:
        raise SiteError(reader.problems)
    return site
