"""From readings through the real judge and store to the page: rivers of many sections, and rivers near a limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.stores import ReadingStore, open_store
from dashboard import scene
from dashboard.board import Today, today
from dashboard.classes import SHADES, Condition
from dashboard.course import courses
from dashboard.ground import ground
from dashboard.views.about import paragraphs
from dashboard.wording import Wording
from deploy.hub.judge import Judge
from sensors.durations import HOUR_MS
from sensors.reading import Block, Reading
from sensors.site import Site
from tests.dashboard import made

NOW_MS = made.NOW_MS
LONG, SHORT = "R01", "R02"
LONG_STATIONS = ("S01", "S02", "S03", "S04", "S05")
SHORT_STATIONS = ("S06", "S07")


@pytest.fixture
def site(xietang: Site) -> Site:
    """A river of five sections whose target is IV, and one of two."""
    five = {name: replace(xietang.stations[name], river=LONG) for name in LONG_STATIONS}
    two = {name: replace(xietang.stations[name], river=SHORT) for name in SHORT_STATIONS}
    rivers = {name: replace(xietang.rivers[name], target_class="IV") for name in (LONG, SHORT)}
    return replace(xietang, rivers=rivers, stations=five | two, outfalls={})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    store = open_store(f"sqlite:///{tmp_path / 'judged.sqlite'}")
    yield store
    store.close()


def level(name: str) -> dict[str, float]:
    return dict(zip(made.MEASURED, made.LEVELS[name], strict=True))


def measure(store: ReadingStore, values: Mapping[str, Mapping[str, float]], time_ms: int = NOW_MS - 60_000) -> None:
    rows = [Reading(name, key, time_ms, value) for name, all_ in values.items() for key, value in all_.items()]
    store.write(Block.of(rows))


def judge(store: ReadingStore, site: Site, now_ms: int = NOW_MS) -> Today:
    """What the page shows once the hub has judged all that is in the store."""
    Judge(site, store).tick(now_ms, dict.fromkeys(site.stations, now_ms))
    return today(store, site, now_ms, courses(store, site, now_ms))


def page(store: ReadingStore, site: Site, long: str, short: str = "II") -> Today:
    """The page of a day on which the sections of the rivers have these classes."""
    classes = dict(zip(LONG_STATIONS, long.split(), strict=True)) | dict.fromkeys(SHORT_STATIONS, short)
    measure(store, {name: level(one.replace("劣", "INFERIOR_V")) for name, one in classes.items()})
    return judge(store, site)


def test_five_sections_of_inferior_water_are_an_inferior_river(
    store: ReadingStore, site: Site, zh: Wording, en: Wording
) -> None:
    got = page(store, site, "劣 劣 劣 劣 劣")
    one = got.rivers[0]
    assert (one.river.id, one.method, one.condition) == (LONG, "ratio", Condition(None, "heavily_polluted"))
    assert (one.shade, one.attained) == ("INFERIOR_V", False)
    figures = got.figures
    assert (figures.by_class["INFERIOR_V"], figures.bad, figures.ungraded, figures.graded) == (1, 1, 0, 2)
    assert (figures.attained, figures.missed) == (1, 1)
    drawn = scene.figures(got, zh)
    assert [(alarm["cls"], alarm["count"], alarm["names"]) for alarm in drawn["alarms"]] == [
        ("INFERIOR_V", 1, "斜塘河"), ("V", 0, "无"),
    ]  # fmt: skip
    assert drawn["stats"][0]["note"] == "1 条未达目标"
    assert {part["cls"]: part["count"] for part in drawn["bar"]["parts"]}["none"] == 0
    item = scene.rivers(got, en, ground(site), "")["watch"]["items"][0]
    assert (item["river"], item["cls"], item["mark"]) == (LONG, "INFERIOR_V", "Heavily polluted")
    assert item["lines"] == [{"kind": "why", "text": "NH3-N 5/5, TP 5/5, DO 5/5 sections"}]


def test_one_bad_section_of_five_is_marked(store: ReadingStore, site: Site, zh: Wording, en: Wording) -> None:
    got = page(store, site, "III III 劣 III III")
    one = got.river(LONG)
    assert (one.condition.descriptor, one.shade) == ("good", "III")
    assert [station.station.id for station in one.worse_stations] == ["S03"]
    assert one.attained is False
    data = scene.rivers(got, zh, ground(site), "")
    assert [station["id"] for station in data["stations"] if station["worse"]] == ["S03"]
    item = next(item for item in data["watch"]["items"] if item["river"] == LONG)
    assert [line["text"] for line in item["lines"]] == [f"测站 {site.stations['S03'].name}：劣Ⅴ类"]
    assert scene.figures(got, en)["alarms"][0] == {
        "cls": "mixed", "count": 0, "label": "rivers in class V or worse",
        "names": f"Stations in class V or worse: {site.stations['S03'].name_en}",
    }  # fmt: skip


def test_five_sections_of_class_v_are_no_good_day(store: ReadingStore, site: Site, en: Wording) -> None:
    """The ratio method calls them lightly polluted; the page must not say that all is well."""
    got = page(store, site, "V V V V V")
    one = got.river(LONG)
    assert (one.condition.descriptor, one.attained, len(one.worse_stations)) == ("lightly_polluted", False, 5)
    assert scene.figures(got, en)["alarms"][0]["names"].startswith("Stations in class V or worse: ")
    names = ", ".join(site.stations[name].name_en for name in LONG_STATIONS)
    item = scene.rivers(got, en, ground(site), "")["watch"]["items"][0]
    assert item["lines"][-1]["text"] == f"stations {names}: Class V"


@pytest.mark.parametrize(
    ("long", "descriptor", "shade", "attained"),
    [
        ("I II I II III", "excellent", "II", True),
        ("III III III III IV", "good", "III", True),
        ("III IV IV IV IV", "lightly_polluted", "IV", True),
        ("III IV IV IV 劣", "moderately_polluted", "V", False),
        ("III III IV 劣 劣", "heavily_polluted", "INFERIOR_V", False),
    ],
)
def test_every_quality_word_is_counted_by_its_class(
    store: ReadingStore, site: Site, long: str, descriptor: str, shade: str, attained: bool
) -> None:
    got = page(store, site, long, short="I")
    one = got.river(LONG)
    assert (one.condition.descriptor, one.shade, one.attained) == (descriptor, shade, attained)
    assert got.figures.by_class[shade] == 1
    assert got.figures.ungraded == 0
    assert got.rivers[0].river.id == LONG


def test_rivers_of_one_colour_are_ordered_by_how_far_over(store: ReadingStore, site: Site) -> None:
    far = {**level("INFERIOR_V"), "ammonia_nitrogen": 9.0}
    measure(store, dict.fromkeys(SHORT_STATIONS, level("INFERIOR_V")) | dict.fromkeys(LONG_STATIONS, far))
    assert [one.river.id for one in judge(store, site).rivers] == [LONG, SHORT]
    measure(store, {name: {**far, "ammonia_nitrogen": 20.0} for name in SHORT_STATIONS})
    assert [one.river.id for one in judge(store, site).rivers] == [SHORT, LONG]


def test_a_river_of_five_sections_has_a_yesterday(store: ReadingStore, site: Site, zh: Wording) -> None:
    day_ms = 24 * HOUR_MS
    measure(store, dict.fromkeys(LONG_STATIONS, level("IV")), NOW_MS - day_ms - 60_000)
    measure(store, dict.fromkeys(LONG_STATIONS, level("INFERIOR_V")), NOW_MS - 3 * HOUR_MS)
    got = judge(store, site)
    one = got.river(LONG)
    assert one.course is not None
    assert one.course.previous == Condition(None, "lightly_polluted")
    assert one.course.since_ms == NOW_MS // HOUR_MS * HOUR_MS - 3 * HOUR_MS
    assert scene.trend(one, zh) == {"to": "worse", "text": "↓ 昨日轻度污染"}
    assert scene.figures(got, zh)["alarms"][0]["change"] == "较昨日 +1"


def test_partial_is_said_of_a_river_without_a_class_too(store: ReadingStore, site: Site, en: Wording) -> None:
    some = {key: value for key, value in level("II").items() if key != "ammonia_nitrogen"}
    measure(store, dict.fromkeys(LONG_STATIONS, some))
    assert scene.remarks(judge(store, site).river(LONG), en) == ["partial"]


def near(store: ReadingStore, site: Site, **values: float) -> tuple[Today, dict[str, Any]]:
    measure(store, {name: {**level("II"), **values} for name in SHORT_STATIONS})
    got = judge(store, site)
    return got, dict(got.river(SHORT).near)


def test_near_a_limit_is_one_short_line(store: ReadingStore, site: Site, zh: Wording, en: Wording) -> None:
    got, shares = near(store, site, ammonia_nitrogen=0.99)
    assert set(shares) == {"III", "IV"}
    three, four = (f"{shares[name] * 100:.0f}" for name in ("III", "IV"))
    english = scene.head(got.river(SHORT), got, site, en)["remarks"]
    assert english == [f"near the limit of class III: III {three} %, IV {four} %"]
    chinese = scene.head(got.river(SHORT), got, site, zh)["remarks"]
    assert chinese == [f"接近Ⅲ类限值：Ⅲ {three} %、Ⅳ {four} %"]


def test_the_limit_is_the_same_seen_from_above(store: ReadingStore, site: Site, en: Wording) -> None:
    got, shares = near(store, site, ammonia_nitrogen=1.01)
    assert max(shares, key=lambda name: shares[name]) == "IV"
    assert scene.near_limit(got.river(SHORT), en)[0].startswith("near the limit of class III: IV ")


def test_ph_falls_from_any_class_to_the_worst_at_the_limit_of_v(store: ReadingStore, site: Site, en: Wording) -> None:
    got, shares = near(store, site, ph=8.99)
    assert set(shares) == {"II", "INFERIOR_V"}
    assert scene.near_limit(got.river(SHORT), en)[0].startswith("near the limit of class V: II ")


def test_far_from_a_limit_nothing_is_said(store: ReadingStore, site: Site, en: Wording) -> None:
    got, shares = near(store, site, ammonia_nitrogen=0.3)
    assert shares == {}
    assert scene.near_limit(got.river(SHORT), en) == []
    facts = dict(scene.head(got.river(SHORT), got, site, en)["facts"])
    assert "Main pollutants" not in facts
    assert "Decided by" not in facts


def test_main_pollutants_of_a_river_worse_than_iii(store: ReadingStore, site: Site, zh: Wording, en: Wording) -> None:
    got, _ = near(store, site, ammonia_nitrogen=2.5, total_phosphorus=0.25)
    english = dict(scene.head(got.river(SHORT), got, site, en)["facts"])
    assert english["Decided by"] == "NH3-N"
    assert english["Main pollutants"] == "NH3-N +150 %, TP +25 %"
    chinese = dict(scene.head(got.river(SHORT), got, site, zh)["facts"])
    assert chinese["主要污染指标"] == "氨氮(1.5)、总磷(0.25)"


def test_main_pollutants_of_five_sections(store: ReadingStore, site: Site, zh: Wording) -> None:
    bad, fair = {**level("II"), "ammonia_nitrogen": 2.5}, {**level("II"), "total_phosphorus": 0.25}
    measure(store, dict(zip(LONG_STATIONS, (bad, bad, bad, fair, fair), strict=True)))
    got = judge(store, site)
    facts = dict(scene.head(got.river(LONG), got, site, zh)["facts"])
    assert facts["主要污染指标"] == "氨氮 3/5、总磷 2/5 断面"
    assert "定类因子" not in facts


def test_the_rule_is_told(site: Site, zh: Wording, en: Wording) -> None:
    assert SHADES == {
        "excellent": "II", "good": "III", "lightly_polluted": "IV", "moderately_polluted": "V",
        "heavily_polluted": "INFERIOR_V",
    }  # fmt: skip
    chinese, english = "".join(paragraphs(site, zh._)), "".join(paragraphs(site, en._))
    assert "优 = Ⅱ、良好 = Ⅲ、轻度污染 = Ⅳ、中度污染 = Ⅴ、重度污染 = 劣Ⅴ" in chinese
    assert "Lightly polluted = IV" in english


@pytest.mark.parametrize("rivers", [0, 1])
def test_a_site_without_rivers_or_stations_has_a_page(
    store: ReadingStore, site: Site, en: Wording, rivers: int
) -> None:
    bare = replace(site, rivers=dict(list(site.rivers.items())[:rivers]), stations={})
    got = judge(store, bare)
    assert (len(got.rivers), got.figures.stations, got.figures.ungraded) == (rivers, 0, rivers)
    assert got.figures.data_share is None
    assert scene.figures(got, en)["alert"] == ""
    assert len(scene.table(got, en, "")["rows"]) == rivers
