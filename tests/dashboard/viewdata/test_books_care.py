"""Care of the stations on the page of the books."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from collectors.stores import open_store
from dashboard.casework.database import Books
from dashboard.casework.tables.stations import Calibration, Sample, SampleResult, StationVisit
from dashboard.viewdata.books_care import care_lines, compared
from dashboard.viewdata.books_ledger import Cell
from dashboard.wording import Wording
from sensors.reading import Block, Reading
from sensors.site import Site

#: The 23rd of December 2026, a Wednesday.
NOW = 1798000000000
DAY = date(2026, 12, 23)


def text(cell: Cell | str) -> str:
    return cell if isinstance(cell, str) else cell.text


def test_what_is_due_stands_under_its_week(books: Books, xietang: Site, en: Wording) -> None:
    with books.change("wu", 1) as session:
        for name, station, due in (("V1", "S01", date(2026, 12, 20)), ("V2", "S02", date(2026, 12, 30)),
                                   ("V3", "S03", date(2027, 3, 1)), ("V4", "gone", DAY)):  # fmt: skip
            session.add(StationVisit(id=name, station=station, start_ms=1, calibrations=[
                Calibration(determinand="ph", standard=6.86, passed=name == "V1", next_due_on=due)]))  # fmt: skip
    with books.read() as session:
        found = care_lines(session, xietang, DAY, en, None)
        assert care_lines(session, xietang, DAY, en, frozenset()) == []
    assert [[text(cell) for cell in line.cells][1:] for line in found] == [
        ["overdue", "pH", "2026-12-20", "passed"], ["2026-12-28", "pH", "2026-12-30", "not passed"],
    ]  # fmt: skip
    assert found[0].query == {"station": "S01"}


def test_a_sample_beside_its_probe(books: Books, tmp_path: Path, en: Wording) -> None:
    store = open_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    store.write(Block.of([Reading("S01", "ph", NOW + n * 60_000, 7.9) for n in range(5)]))
    with books.change("li", 1) as session:
        session.add(Sample(id="A1", station="S01", taken_ms=NOW, results=[
            SampleResult(determinand="ph", amount="7.2"), SampleResult(determinand="ammonia_nitrogen", amount="0.05L"),
            SampleResult(determinand="orp", amount="ND")]))  # fmt: skip
    with books.read() as session:
        found = {
            text(line.cells[0]): [text(cell) for cell in line.cells[1:]] for line in compared(session, store, "A1", en)
        }
        assert compared(session, store, "A9", en) == []
    store.close()
    assert found["pH"] == ["7.20", "7.90", "0.70", "5", "no"]
    assert found["Ammonia nitrogen [mg/L]"] == ["<0.05", "—", "—", "0", "—"]
    assert next(value for name, value in found.items() if name.startswith("O") or "edox" in name)[0] == "ND"
