"""The tables of docs/real-records.md are those that the command makes."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "real-records.md"


@pytest.fixture(autouse=True, scope="module")
def beside() -> None:
    """Benchmarks import each other as scripts do."""
    sys.path.append(str(ROOT / "benchmarks"))


def test_tables_go_where_the_page_has_marks_for_them(tmp_path: Path) -> None:
    from benchmarks._page import Table, fill, tables_of

    page = tmp_path / "page.md"
    page.write_text("Before\n<!-- one -->\nold\n<!-- end -->\nbetween\n<!-- two -->\n<!-- end -->\nafter\n")
    one, two = Table("one", ("a", "b"), [("1 \\g", "2")]), Table("two", ("c",), [])
    fill(page, [one, two])
    fill(page, [one, two])
    assert tables_of(page) == {"one": one.markdown(), "two": two.markdown()}
    assert page.read_text().startswith("Before\n<!-- one -->\n| a | b |\n| --- | --- |\n| 1 \\g | 2 |\n<!-- end -->\nb")
    with pytest.raises(SystemExit, match="0 marks <!-- three -->"):
        fill(page, [Table("three", ("c",), [])])


def test_the_page_has_every_table() -> None:
    from benchmarks._page import tables_of

    found = tables_of(PAGE)
    names = {"logan-stations", "logan-reasons", "logan-tests", "logan-drift", "logan-left-out", "logan-factors",
             "sandy", "neon", "alarms", "chicago-rain", "chicago-context", "chicago-water"}  # fmt: skip
    assert set(found) == names
    assert all(table.count("\n") >= 2 for table in found.values())
    assert all((ROOT / "docs" / "images" / f"detection-real-{name}.svg").is_file() for name in ("logan", "chicago"))


@pytest.mark.shared
def test_what_the_page_says_of_sandy_creek_and_chicago_is_what_comes_out(shared: Path, tmp_path: Path) -> None:
    from benchmarks._page import tables_of
    from benchmarks._real_page import draw_overflows
    from benchmarks.real_records import chicago, sandy

    assert (shared / "data").is_dir()
    tables = {table.name: table for table in (*sandy(), *chicago())}
    page = tables_of(PAGE)
    assert {name: table.markdown() for name, table in tables.items()} == {name: page[name] for name in tables}
    draw_overflows(tmp_path, tables["chicago-water"])
    drawn = (tmp_path / "detection-real-chicago.svg").read_text()
    assert drawn == (ROOT / "docs" / "images" / "detection-real-chicago.svg").read_text()
    assert "faecal coliforms" in "".join(ET.fromstring(drawn).itertext())
