"""A store as a history: what is read, when it is read again, and that it is judged as it was live."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.stores import ReadingStore, open_store
from deploy.regrade.part import Ground
from deploy.regrade.run import regrade
from deploy.regrade.store import StorePart, plan_store
from sensors.reading import Block, Quality, Reading, StationState, to_ms
from sensors.site import Site
from tests.deploy.regrade.histories import KEYS, SITE, grades, table, tidy

HOUR_MS = 3_600_000


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Store with two stations over a month's end."""
    found = f"sqlite:///{tmp_path / 'store.sqlite'}"
    frame = tidy("2024-01-30", 4, stations=("S01", "S02"))
    rows = frame.iter_rows(named=True)
    put(found, *(Reading(r["station"], r["determinand"], to_ms(r["time"]), r["value"], Quality.GOOD) for r in rows))
    return found


def opened(url: str) -> ReadingStore:
    return open_store(url)


def put(url: str, *readings: Reading) -> None:
    store = opened(url)
    store.write(Block.of(readings))
    store.close()


def first_ms(url: str) -> int:
    store = opened(url)
    start = min(store.range("S01", ["ph"], 0, 2**60).time_ms)
    store.close()
    return start


def test_parts_are_months_of_stations(url: str, xietang: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ground = Ground.of(xietang)
    parts = plan_store(url, ground)
    assert [(part.key, part.stations) for part in parts] == [
        ("2024-01/0000", ("S01", "S02")), ("2024-02/0000", ("S01", "S02")),
    ]  # fmt: skip
    assert [part.read(ground).counts.records for part in parts] == [96, 96]
    monkeypatch.setattr("deploy.regrade.store.PART_READINGS", 400)
    assert [(part.key, part.stations) for part in plan_store(url, ground)][:2] == [
        ("2024-01/0000", ("S01",)), ("2024-01/0001", ("S02",)),
    ]  # fmt: skip


def test_quality_and_state_count(url: str, tmp_path: Path) -> None:
    at, key = first_ms(url), "permanganate_index"
    put(
        url,
        Reading("S01", key, at, 99.0, Quality.SUSPECT),
        Reading("S01", key, at + HOUR_MS, 99.0, Quality.FAIL),
        Reading("S01", key, at + 2 * HOUR_MS, 99.0, Quality.GOOD, StationState.MAINTENANCE),
        Reading("S01", key, at + 3 * HOUR_MS, 99.0, Quality.GOOD),
    )
    summary = regrade(url, SITE, tmp_path / "out", workers=1)
    rows = [row for row in grades(tmp_path / "out").to_dicts() if row["station"] == "S01"][:4]
    assert [(row["deciding"] == key, row["provisional"]) for row in rows] == [
        (True, True), (False, False), (False, False), (True, False),
    ]  # fmt: skip
    assert summary.counts.unusable == 2
    day = table(tmp_path / "out", "evaluations").row(0, named=True)
    assert (day["subject"], day["provisional"]) == ("S01", True)
    hours = table(tmp_path / "out", "hours").to_dicts()
    suspect = next(row for row in hours if row["determinand"] == key and row["station"] == "S01")
    assert (suspect["mean"], suspect["without_suspect"], suspect["provisional"]) == (99.0, None, 1)


@pytest.mark.parametrize(
    "change",
    [
        Reading("S01", "ph", 0, 5.5, Quality.GOOD),  # another value of an old reading
        Reading("S01", "ph", 7, 8.5, Quality.GOOD),  # a late one
        Reading("S01", "ph", 0, None, Quality.MISSING),  # one that is taken back
    ],
    ids=["value", "late", "taken back"],
)
def test_what_changed_in_the_store_is_done_again(url: str, tmp_path: Path, change: Reading) -> None:
    out = tmp_path / "out"
    regrade(url, SITE, out, workers=1)
    assert regrade(url, SITE, out, workers=1).reused == 2
    put(url, Reading("S01", "ph", first_ms(url) + change.time_ms, change.value, change.quality))
    assert regrade(url, SITE, out, workers=1).reused == 1


def test_hourly_means_are_those_of_the_store(url: str, xietang: Site, tmp_path: Path) -> None:
    regrade(url, SITE, tmp_path / "out", workers=1)
    ours = {
        (row["station"], row["determinand"], to_ms(row["time"])): (
            row["minimum"],
            row["maximum"],
            row["mean"],
            row["count"],
        )
        for row in table(tmp_path / "out", "hours").to_dicts()
    }
    store = opened(url)
    theirs = {
        (row.station, row.determinand, row.start_ms): (row.minimum, row.maximum, row.mean, row.count)
        for row in store.summary(list(xietang.stations), KEYS, 0, 2_000_000_000_000, HOUR_MS)
    }
    store.close()
    assert ours == theirs


def test_an_empty_store_has_no_parts(tmp_path: Path, xietang: Site) -> None:
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    opened(url).close()
    assert plan_store(url, Ground.of(xietang)) == []
    part = StorePart("2024-01/0000", "2024-01", 0, 1, ("S01",), url)
    assert part.read(Ground.of(xietang)).counts.records == 0
