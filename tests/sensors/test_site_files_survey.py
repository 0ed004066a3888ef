"""What a survey may add to the list of reaches."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sensors.errors import SiteError
from sensors.site import Site, load_site


@pytest.fixture
def surveyed(xietang: Site, tmp_path: Path):
    def load(*cells: str) -> Site:
        """The example site with two more columns, filled in for its first reach."""
        folder = tmp_path / "site"
        shutil.copytree(xietang.folder, folder)
        lines = (folder / "reaches.csv").read_text(encoding="utf-8").splitlines()
        first = next(i for i, line in enumerate(lines) if line.startswith("id,"))
        lines[first] += ",steadiness,flow_m3_s"
        lines[first + 1] += "," + ",".join(cells)
        lines[first + 2 :] = [line + ",," for line in lines[first + 2 :]]
        (folder / "reaches.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load_site(folder)

    return load


def test_steadiness_and_flow_are_taken_where_they_were_measured(surveyed) -> None:
    first, second, *_ = surveyed("0.8", "1.25").reaches.values()
    assert (first.steadiness, first.flow_m3_s) == (0.8, 1.25)
    assert (second.steadiness, second.flow_m3_s) == (1.0, None)


def test_a_list_without_them_is_as_good(xietang: Site) -> None:
    assert {(reach.steadiness, reach.flow_m3_s) for reach in xietang.reaches.values()} == {(1.0, None)}


@pytest.mark.parametrize(("cells", "where"), [(("0.4", ""), "steadiness"), (("", "-2"), "flow_m3_s")])
def test_what_cannot_be_is_refused(surveyed, cells, where) -> None:
    with pytest.raises(SiteError, match=f"column {where}"):
        surveyed(*cells)
