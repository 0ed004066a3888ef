from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.gateway.config import Kept, by_bus, config_from_files, gateway_config, keep, kept_at
from sensors.errors import SiteError, StoreError, UsageError
from sensors.platform import Platform
from sensors.site import Site, load_site, replace_stations
from tests.deploy.boxes import PROFILE, small_site, write_site


def test_stations_of_one_wire_share_a_bus_however_it_is_spelled(xietang: Site) -> None:
    first, *others = xietang.slice("gw-01")
    spelled = [replace(first, endpoint="tcp://10.0.0.1"), replace(others[0], endpoint="tcp://10.0.0.1:502")]
    [(endpoint, members)] = by_bus(spelled, xietang.profiles).items()
    assert endpoint.bus == "10.0.0.1:502"
    assert [station.id for station, _ in members] == [first.id, others[0].id]
    assert [profile.id for _, profile in members] == [first.profile, others[0].profile]


def test_every_station_of_the_example_is_on_one_bus_of_its_gateway(xietang: Site) -> None:
    configs = [gateway_config(xietang, name) for name in xietang.gateways]
    found = [station.id for config in configs for members in config.buses.values() for station, _ in members]
    assert sorted(found) == sorted(xietang.stations)


@pytest.mark.parametrize("gateway", ["gw-01", "gw-02"])
def test_hub_box_and_wire_come_to_the_same_hash(xietang: Site, tmp_path: Path, gateway: str) -> None:
    """The hub from its whole site, a box from the folder of a bundle, and a box from what came over the wire."""
    hub = gateway_config(xietang, gateway)
    sent = config_from_files(hub.files, gateway)
    write_site(xietang, tmp_path)
    box = gateway_config(load_site(tmp_path), gateway)
    again = gateway_config(replace(load_site(tmp_path), people=(), grids={}), gateway)
    assert hub.hash == sent.hash == box.hash == again.hash
    assert (sent.stations, sent.gateway, sent.timezone) == (hub.stations, hub.gateway, "Asia/Shanghai")
    assert {*sent.profiles} == {station.profile for station in hub.stations}


def test_what_changes_the_hash(xietang: Site) -> None:
    base = gateway_config(xietang, "gw-01").hash
    first, *_ = xietang.slice("gw-01")
    other = xietang.slice("gw-02")[0]

    def with_station(station: object) -> str:
        stations = {**xietang.stations, station.id: station}  # type: ignore[attr-defined]
        return gateway_config(replace_stations(xietang, stations), "gw-01").hash

    assert with_station(replace(first, period_s=61.0)) != base
    assert with_station(replace(first, endpoint="tcp://10.9.9.9:502")) != base
    assert with_station(replace(other, period_s=61.0)) == base


def test_a_profile_of_the_site_s_own_travels(xietang: Site, tmp_path: Path) -> None:
    site = small_site(xietang, tmp_path, "tcp://127.0.0.1:1")
    config = gateway_config(site, "gw-01")
    assert config.files["profiles/test_probe.toml"] == PROFILE
    assert config_from_files(config.files, "gw-01").profiles["test_probe"] == site.profiles["test_probe"]
    (tmp_path / "profiles" / "test_probe.toml").write_text(PROFILE.replace("0.01", "0.02"), encoding="utf-8")
    assert gateway_config(load_site(tmp_path), "gw-01").hash != config.hash


def test_a_profile_that_ships_travels_as_well(xietang: Site) -> None:
    config = gateway_config(xietang, "gw-01")
    used = sorted({station.profile for station in config.stations})
    assert [name for name in sorted(config.files) if "/" in name] == [f"profiles/{name}.toml" for name in used]


def test_a_gateway_that_has_nothing_to_do_any_more_is_told_so(xietang: Site) -> None:
    others = {name: station for name, station in xietang.stations.items() if station.gateway != "gw-01"}
    config = gateway_config(replace_stations(xietang, others), "gw-01")
    assert (config.stations, config.buses) == ((), {})
    assert config_from_files(config.files, "gw-01").stations == ()
    with pytest.raises(UsageError, match="no gateway gw-99"):
        gateway_config(xietang, "gw-99")


def test_platforms_travel_with_the_gateway_s_stations_only(xietang: Site) -> None:
    mine, theirs = xietang.slice("gw-01")[0].id, xietang.slice("gw-02")[0].id
    platforms = (
        Platform("a", "10.0.0.1", 9001, {mine: "A" * 24, theirs: "B" * 24}, ("hour",), 5, "/etc/passwords"),
        Platform("b", "10.0.0.2", 9002, {theirs: "C" * 24}),
    )
    config = gateway_config(replace(xietang, platforms=platforms), "gw-01")
    assert config.platforms == (replace(platforms[0], stations={mine: "A" * 24}),)
    assert config_from_files(config.files, "gw-01").platforms == config.platforms
    assert "B" * 24 not in json.dumps(dict(config.files))


def test_every_mistake_of_a_slice_is_told(xietang: Site, tmp_path: Path) -> None:
    config = gateway_config(small_site(xietang, tmp_path, "tcp://127.0.0.1:1"), "gw-01")
    stations = config.files["stations.csv"].replace("tcp://127.0.0.1:1", "ftp://x")
    profile = PROFILE.replace('name = "ph"', 'name = "phh"')
    with pytest.raises(SiteError) as caught:
        config_from_files({**config.files, "stations.csv": stations, "profiles/test_probe.toml": profile}, "gw-01")
    assert {problem.file for problem in caught.value.problems} == {"stations.csv", "profiles/test_probe.toml"}
    with pytest.raises(SiteError, match="accepted: the gateway gw-02"):
        config_from_files(config.files, "gw-02")


def test_a_slice_for_which_there_is_no_room(xietang: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    config = gateway_config(xietang, "gw-01")
    monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
    with pytest.raises(StoreError, match="could not be looked at"):
        config_from_files(config.files, "gw-01")


def test_what_ran_last_is_kept(tmp_path: Path) -> None:
    kept = Kept({"site.toml": "编号"}, "a" * 16, "b" * 16)
    keep(tmp_path / "gw.slice", kept)
    assert kept_at(tmp_path / "gw.slice") == kept
    assert kept_at(tmp_path / "none") is None
    for text in ("", "[]", "{}", '{"files": 1, "local": "", "decided": ""}'):
        (tmp_path / "bad").write_text(text)
        assert kept_at(tmp_path / "bad") is None
    with pytest.raises(StoreError):
        keep(tmp_path / "no" / "folder", kept)
