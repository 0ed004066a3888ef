from __future__ import annotations

from zoneinfo import ZoneInfo

from deploy.regrade.part import Counts, Ground, digest, hour_of, month_spans
from sensors.reading import to_ms
from sensors.site import Site


def ground(**rivers: int) -> Ground:
    """Site with so many stations at each river."""
    of = tuple(river for river, count in rivers.items() for _ in range(count))
    names = tuple(f"S{i}" for i in range(len(of)))
    return Ground("site", "Asia/Shanghai", names, ("river",) * len(of), of, {})


def test_rivers_stay_whole_in_their_chunk() -> None:
    assert [len(chunk) for chunk in ground(a=40, b=30, c=30, d=100, e=1).chunks()] == [40, 60, 100, 1]
    assert ground().chunks() == []


def test_the_site_is_taken_over(xietang: Site) -> None:
    found = Ground.of(xietang)
    assert (found.name, found.timezone, len(found.stations), len(found.targets)) == ("xietang", "Asia/Shanghai", 56, 28)
    assert found.lake.sum() == sum(station.water_body == "lake" for station in xietang.stations.values())


def test_months_cover_the_span() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    months = month_spans(1_704_038_399_999, 1_704_038_400_000, zone)  # the last instant of 2023 in China, and the next
    assert [month.label for month in months] == ["2023-12", "2024-01"]
    assert month_spans(0, 0, zone)[0].label == "1970-01"


def test_parts_begin_on_whole_hours_also_where_midnight_does_not() -> None:
    (month,) = month_spans(0, 0, ZoneInfo("Asia/Kathmandu"))
    assert month.start_ms % 3_600_000 != 0
    assert hour_of(month.start_ms) % 3_600_000 == 0
    assert hour_of(month.start_ms) <= month.start_ms


def test_counts_add_up() -> None:
    total = Counts(records=1, unknown={"x": 1})
    total.add(Counts(records=2, below=3, unknown={"x": 2, "y": 1}, classes={"": 1, "I": 2}))
    assert (total.records, total.below, total.unknown) == (3, 3, {"x": 3, "y": 1})
    assert (total.classes[""], total.classes["I"], total.classes["II"]) == (1, 2, 0)


def test_a_fingerprint_tells_things_apart() -> None:
    assert digest("a", 1) == digest("a", 1) != digest("a", "1")
    assert digest(to_ms, 1) == digest(to_ms, 1)
    assert digest("a", "b") != digest("ab")
