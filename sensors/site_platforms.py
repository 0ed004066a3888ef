"""HJ 212 in a site folder, read and checked: ``[[platform]]`` of ``site.toml``, stations that report themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sensors.lists import UNUSABLE, Checker, Row
from sensors.place import Gateway, Station
from sensors.platform import DATA, MINUTES, MN, MN_FORM, REPORTS, Platform, mn_of
from sensors.toml_table import Table

_KEYS = {"id", "host", "port", "stations", "data", "minute_min", "password_file"}


def read_platforms(
    raw: Any, stations: Mapping[str, Station], id_form: tuple[Any, str], check: Checker
) -> tuple[Platform, ...]:
    """Every ``[[platform]]``.

    Parameters
    ----------
    raw : object
        What stands under the key.
    stations : mapping
        Of the site, by id.
    id_form : (pattern, str)
        What an id has to look like, and how to say so.
    check : Checker
        Collects the mistakes.
    """
    if not isinstance(raw, list):
        check.bad("platform", raw, "tables [[platform]] with " + ", ".join(sorted(_KEYS)))
        return ()
    found: dict[str, Platform] = {}
    for index, entry in enumerate(raw):
        if not isinstance(entry, dict):
            check.bad(f"platform[{index}]", entry, "a table [[platform]]")
            continue
        table = Table(entry, f"platform[{index}].", check)
        platform = _platform(table, stations, id_form)
        if platform.id in found:
            table.bad("id", "an id not used yet")
        found[platform.id] = platform
    return tuple(found.values())


def _platform(table: Table, stations: Mapping[str, Station], id_form: tuple[Any, str]) -> Platform:
    table.known(_KEYS)
    identity = table.text("id")
    if identity and not id_form[0].fullmatch(identity):
        table.bad("id", id_form[1])
    host = table.text("host")
    if any(character.isspace() or character in "/:@" for character in host):
        table.bad("host", "a name or an IPv4 address")
    port = table.raw.get("port")
    if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
        table.bad("port", "a port from 1 to 65535")
        port = 1
    data = table.texts("data") if "data" in table.raw else tuple(DATA)
    if not data or not set(data) <= set(DATA) or len(set(data)) < len(data):
        table.bad("data", "some of " + ", ".join(DATA))
        data = ()
    minute_min = table.raw.get("minute_min", 10)
    if isinstance(minute_min, bool) or minute_min not in MINUTES:
        table.bad("minute_min", "one of " + ", ".join(map(str, MINUTES)))
        minute_min = 10
    password_file = _path(table, "password_file")
    return Platform(identity, host, port, dict(_numbers(table, stations)), data, minute_min, password_file)


def _numbers(table: Table, stations: Mapping[str, Station]) -> Iterator[tuple[str, str]]:
    """Station and MN of a platform."""
    raw = table.raw.get("stations")
    if not isinstance(raw, dict) or not raw:
        table.bad("stations", 'a table of STATION = "MN"')
        return
    holders: dict[str, str] = {}
    numbers = Table(raw, f"{table.at}stations.", table.checker)
    for station, mn in raw.items():
        if station not in stations:
            table.checker.bad(f"{numbers.at}{station}", station, "a station of stations.csv")
        elif not isinstance(mn, str) or not MN.fullmatch(mn):
            numbers.bad(station, MN_FORM)
        elif mn in holders:
            numbers.bad(station, f"an MN of its own ({holders[mn]} has this one)")
        else:
            holders[mn] = station
            yield station, mn


def _path(table: Table, key: str) -> str:
    path = table.text(key, "")
    if path and not path.startswith("/"):
        table.bad(key, "an absolute path on the gateway")
    return path


def listener_of(entry: Mapping[str, Any], at: str, check: Checker) -> tuple[int, str]:
    """Port and password file of a ``[[gateway]]`` that listens for stations; 0 where it does not."""
    table = Table(entry, at, check)
    port = entry.get("hj212_port", 0)
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        table.bad("hj212_port", "a port from 1 to 65535, or 0 for none")
        port = 0
    return port, _path(table, "hj212_password_file")


def check_reporting(
    row: Row, station: Station, gateways: Mapping[str, Gateway], taken: dict[tuple[str, str], int]
) -> bool:
    """Check a station that reports over HJ 212; False where it is polled.

    Parameters
    ----------
    row : Row
        The station's line, for the mistakes.
    station : Station
    gateways : mapping
    taken : dict of (gateway, MN) to int
        Lines that were read before; this one is added.
    """
    mn = mn_of(station.endpoint)
    if mn is None:
        if station.profile == REPORTS:
            row.bad("endpoint", station.endpoint, "hj212:MN for a station of the profile hj212")
            return True
        return False
    if not MN.fullmatch(mn):
        row.bad("endpoint", station.endpoint, f"hj212: and an MN, {MN_FORM}")
    if station.profile not in (REPORTS, UNUSABLE):
        row.bad("profile", station.profile, "hj212 for a station that reports by itself")
    gateway = None if station.gateway is UNUSABLE else gateways.get(station.gateway)
    if gateway is not None:
        if not gateway.hj212_port:
            row.bad("gateway", gateway.id, "a gateway with hj212_port in site.toml")
        line = taken.setdefault((gateway.id, mn), row.line)
        if line != row.line:
            row.bad("endpoint", station.endpoint, f"an MN not used yet at {gateway.id} (line {line} has this one)")
    return True
