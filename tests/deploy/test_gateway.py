"""How a gateway finds its buses, and what it refuses before it touches the network."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.gateway import by_bus, config_hash, serve
from sensors.errors import UsageError

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"


def test_stations_of_one_wire_share_a_bus_however_it_is_spelled(xietang) -> None:
    first, *others = xietang.slice("gw-01")
    spelled = [replace(first, endpoint="tcp://10.0.0.1"), replace(others[0], endpoint="tcp://10.0.0.1:502")]
    [(endpoint, members)] = by_bus(spelled).items()
    assert endpoint.bus == "10.0.0.1:502"
    assert [station.id for station, _ in members] == [first.id, others[0].id]
    assert [profile.id for _, profile in members] == [first.profile, others[0].profile]


def test_every_station_of_the_example_is_on_one_bus_of_its_gateway(xietang) -> None:
    found = [s.id for name in xietang.gateways for members in by_bus(xietang.slice(name)).values() for s, _ in members]
    assert sorted(found) == sorted(xietang.stations)


def test_the_hash_tells_two_configurations_apart(xietang) -> None:
    stations = xietang.slice("gw-01")
    slower = (replace(stations[0], period_s=61.0), *stations[1:])
    assert config_hash(stations) == config_hash(tuple(stations))
    assert config_hash(stations) != config_hash(slower)


def test_a_gateway_that_the_site_does_not_have(tmp_path) -> None:
    with pytest.raises(UsageError, match="no gateway gw-99; it has gw-01, "):
        serve(EXAMPLE, ["gw-99"], "mqtt://127.0.0.1:1", tmp_path)


def test_an_address_that_is_none(tmp_path) -> None:
    with pytest.raises(UsageError, match="found 'http://x'; accepted: mqtt://HOST"):
        serve(EXAMPLE, [], "http://x", tmp_path)
