"""Where one more station helps: on the branch that nobody watches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.site.gains import APART_M, gains_of
from deploy.site.importing import site as site_command
from sensors.errors import UsageError
from sensors.site import Site
from tests.sensors.simulate.places import outfall, reach, small_site, station


@pytest.fixture(scope="module")
def made() -> Site:
    reaches = [
        reach("a", "n1", "n3", 2000.0, 0.1), reach("b", "n2", "n3", 2000.0, 0.1), reach("c", "n3", "n4", 1500.0, 0.1),
    ]  # fmt: skip
    outfalls = [outfall("o1", "a", 500.0), outfall("o2", "a", 1500.0), outfall("o3", "b", 500.0),
                outfall("o4", "b", 1500.0), outfall("o5", "c", 700.0)]  # fmt: skip
    return small_site(reaches, [station("s1", "c", 1400.0), station("s2", "a", 1900.0)], outfalls)


def test_the_branch_without_a_station_comes_first(made: Site) -> None:
    found = gains_of(made)
    assert {one.spot[0] for one in found} == {"a", "b", "c"}
    assert found[0].spot[0] == "b"
    assert found[0].bits > 10 * found[-1].bits
    on_a = sorted(one.spot[1] for one in found if one.spot[0] == "a")
    assert max(later - earlier for earlier, later in pairwise(on_a)) <= APART_M


def test_a_site_without_outfalls_is_refused(made: Site) -> None:
    nothing = small_site(list(made.reaches.values()), list(made.stations.values()), [])
    with pytest.raises(UsageError, match="found no station or no outfall"):
        gains_of(nothing)


def test_the_command_prints_a_table(made: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sensors.site.load_site", lambda _folder: made)
    told = CliRunner().invoke(site_command, ["gains", str(tmp_path), "--most", "2"], catch_exceptions=False).output
    head, *rows = told.splitlines()
    assert head.split() == ["river", "reach", "metres", "bits", "seen", "three"]
    assert len(rows) == 2
    assert rows[0].split()[:2] == ["r", "b"]
