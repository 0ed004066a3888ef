"""The past that the gateways of a first start hold."""

import asyncio
from collections import Counter
from itertools import pairwise

import pytest

from collectors.spool import Spool
from deploy.local.virtual import HISTORY_STEP_MS, ProbeInstrument, fill_history, probes
from deploy.site.copy import write_copy
from sensors.reading import Quality, StationState
from sensors.site import load_site
from tests.conftest import ROOT


def test_the_past_waits_in_the_spools_and_ends_now(xietang, tmp_path, monkeypatch) -> None:
    now_ms = 1_790_000_123_456
    monkeypatch.setattr("deploy.local.virtual.machine_ms", lambda: now_ms)
    write_copy(xietang, tmp_path / "site", "-")
    fill_history(tmp_path / "site", tmp_path / "spools", hours=1, seed=3)

    async def rows() -> list:
        async with Spool(tmp_path / "spools" / "gw-01.spool", now_ms=lambda: now_ms) as spool:
            return [observation for _, observation in await spool.read(0, 10_000)]

    found = asyncio.run(rows())
    stations = {station.id for station in xietang.slice("gw-01")}
    assert Counter(o.station for o in found) == dict.fromkeys(stations, 12)
    times = sorted({o.time_ms for o in found})
    assert times[-1] == now_ms // HISTORY_STEP_MS * HISTORY_STEP_MS - HISTORY_STEP_MS
    assert [b - a for a, b in pairwise(times)] == [HISTORY_STEP_MS] * 11
    assert [o.time_ms for o in found] == sorted(o.time_ms for o in found), "as a gateway would have spooled it"


def test_a_site_s_own_profile_is_served_and_copied(xietang, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("deploy.local.virtual.machine_ms", lambda: 1_790_000_400_000)
    folder, copy = tmp_path / "site", tmp_path / "copy"
    write_copy(xietang, folder, "-")
    (folder / "profiles").mkdir()
    text = (ROOT / "sensors" / "profiles" / "remond_ph.toml").read_text("utf-8")
    (folder / "profiles" / "my_ph.toml").write_text(text.replace('id = "remond_ph"', 'id = "my_ph"'), "utf-8")
    stations = (folder / "stations.csv").read_text("utf-8").splitlines()
    stations[2] = stations[2].replace("station_cabinet", "my_ph")
    (folder / "stations.csv").write_text("\n".join(stations), "utf-8")
    site = load_site(folder)
    [name] = [station.id for station in site.stations.values() if station.profile == "my_ph"]
    assert set(ProbeInstrument(probes(site, 1, None)[name]).measure(0)[0]) == {"ph", "water_temperature"}
    write_copy(site, copy, "-")
    assert load_site(copy).stations[name].profile == "my_ph"
    fill_history(folder, tmp_path / "spools", hours=1, seed=3)
    assert (tmp_path / "spools").is_dir()


def test_past_and_present_come_from_the_same_probe(xietang, tmp_path, monkeypatch) -> None:
    now_ms = 1_790_000_400_000
    monkeypatch.setattr("deploy.local.virtual.machine_ms", lambda: now_ms)
    write_copy(xietang, tmp_path / "site", "-")
    fill_history(tmp_path / "site", tmp_path / "spools", hours=1, seed=3)

    async def first() -> object:
        async with Spool(tmp_path / "spools" / "gw-01.spool", now_ms=lambda: now_ms) as spool:
            return (await spool.read(0, 1))[0][1]

    spooled = asyncio.run(first())
    probe = ProbeInstrument(probes(xietang, 3, None)[spooled.station])
    values, state = probe.measure(spooled.time_ms)
    assert state is spooled.state is StationState.NORMAL
    for key, (value, quality) in spooled.values.items():
        assert quality is Quality.NOT_EVALUATED
        assert value == pytest.approx(values[key], rel=1e-6)
