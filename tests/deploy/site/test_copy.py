"""A copy of a site loads again and differs only where it should."""

from dataclasses import replace

import pytest

from deploy.site.copy import write_copy
from sensors.site import load_site, replace_stations


def test_a_copy_is_the_same_site_polled_elsewhere(xietang, tmp_path) -> None:
    endpoint = next(iter(xietang.stations.values())).endpoint
    moved = xietang.with_endpoints({endpoint: "tcp://127.0.0.1:41234"})
    write_copy(moved, tmp_path / "copy", "why it is here")
    again = load_site(tmp_path / "copy")
    assert dict(again.stations) == dict(moved.stations)
    assert replace(again, folder=xietang.folder, stations=xietang.stations) == xietang
    assert (tmp_path / "copy" / "stations.csv").read_text(encoding="utf-8").startswith("# why it is here\n")


@pytest.mark.parametrize("assessment", ["[assessment]\nstale_after_s = 60\n", "[assessment]\nmin_hours = 2\n", ""])
def test_the_time_after_which_a_station_is_silent_can_be_set(xietang, tmp_path, assessment) -> None:
    source = tmp_path / "source"
    write_copy(xietang, source, "-")
    text = (source / "site.toml").read_text(encoding="utf-8")
    start, end = text.index("[assessment]"), text.index("# Who answers")
    (source / "site.toml").write_text(text[:start] + assessment + text[end:], encoding="utf-8")
    write_copy(load_site(source), tmp_path / "copy", "-", stale_after_s=28_800.0)
    assert load_site(tmp_path / "copy").assessment.stale_after_s == 28_800.0


def test_fractions_survive(xietang, tmp_path) -> None:
    paced = {name: replace(s, period_s=2.55, chainage_m=0.1) for name, s in xietang.stations.items()}
    write_copy(replace_stations(xietang, paced), tmp_path / "copy", "-")
    assert dict(load_site(tmp_path / "copy").stations) == paced
