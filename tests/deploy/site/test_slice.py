"""A gateway's part of a site: loads on its own, polls the same, tells nothing of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.gateway.config import gateway_config
from deploy.site.slice import site_files, slice_site
from sensors.errors import UsageError
from sensors.network import components
from sensors.site import Site, load_site
from sensors.site_settings import AssessmentSettings


def write(folder: Path, site: Site) -> Site:
    for name, text in site_files(site, "why it is here").items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return load_site(folder)


@pytest.mark.parametrize("gateway", [f"gw-0{n}" for n in range(1, 8)])
def test_a_part_loads_and_polls_the_same(xietang: Site, tmp_path: Path, gateway: str) -> None:
    part = slice_site(xietang, gateway)
    again = write(tmp_path, part)
    assert replace(again, folder=part.folder) == part
    assert again.slice(gateway) == xietang.slice(gateway)
    assert gateway_config(again, gateway).hash == gateway_config(xietang, gateway).hash
    assert len(components(again.reaches.values())) == 1
    assert set(again.reaches) >= {station.reach for station in again.stations.values()}
    assert len(again.reaches) < len(xietang.reaches)


def test_a_part_tells_nothing_of_the_others(xietang: Site) -> None:
    text = "\n".join(site_files(slice_site(xietang, "gw-01"), "-").values())
    own = {station.endpoint for station in xietang.slice("gw-01")}
    others = {station.endpoint for station in xietang.stations.values()} - own
    assert all(endpoint in text for endpoint in own)
    assert others
    assert not any(endpoint in text for endpoint in others)
    for other in ("gw-02", *xietang.outfalls, *xietang.grids, *(person.contact_key for person in xietang.people)):
        assert other not in text


def test_the_whole_site_survives_being_written(xietang: Site, tmp_path: Path) -> None:
    site = replace(
        xietang,
        name='斜塘 "街道" \\ #1\tx\x7f',
        area_km2=22.125,
        assessment=AssessmentSettings(48, 2, 900.5),
        rivers={name: replace(river, name=f'{river.name}, "支流"') for name, river in xietang.rivers.items()},
    )
    again = write(tmp_path, site)
    assert replace(again, folder=site.folder) == site


def test_reaches_that_lie_apart_are_joined_by_the_fewest_between(xietang: Site) -> None:
    reaches = {reach.id: reach for reach in xietang.reaches_of("R01")}
    names = list(reaches)
    assert len(names) > 3
    stations = {
        f"T{n}": replace(xietang.slice("gw-01")[0], id=f"T{n}", river="R01", reach=names[n], chainage_m=1.0)
        for n in (0, 3)
    }
    part = slice_site(replace(xietang, reaches=reaches, stations=stations), "gw-01")
    assert set(part.reaches) == set(names[:4])
    assert set(part.rivers) == {"R01"}


def test_a_gateway_that_is_none_or_has_nothing_to_do(xietang: Site) -> None:
    with pytest.raises(UsageError, match="no gateway gw-99; it has gw-01, "):
        slice_site(xietang, "gw-99")
    others = {name: station for name, station in xietang.stations.items() if station.gateway != "gw-01"}
    with pytest.raises(UsageError, match="gw-01 has no station"):
        slice_site(replace(xietang, stations=others), "gw-01")
