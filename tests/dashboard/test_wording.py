"""How things are said, in both languages."""

from __future__ import annotations

import pytest

from dashboard.i18n import translator
from dashboard.wording import NOTHING, Wording
from sensors.site import Site
from tests.dashboard import made

MINUTE_MS = 60_000


@pytest.fixture(params=["zh", "en"])
def both(request: pytest.FixtureRequest, xietang: Site) -> Wording:
    return Wording.of(xietang, translator(request.param))


def test_classes(zh: Wording, en: Wording) -> None:
    names = ("I", "II", "III", "IV", "V", "INFERIOR_V", None)
    assert [zh.water_class(n) for n in names] == ["Ⅰ类", "Ⅱ类", "Ⅲ类", "Ⅳ类", "Ⅴ类", "劣Ⅴ类", "无类别"]
    assert [en.water_class(n) for n in names][3:] == ["Class IV", "Class V", "Inferior V", "no class"]
    assert [zh.short_class(n) for n in names][4:] == ["Ⅴ", "劣Ⅴ", NOTHING]


@pytest.mark.parametrize(
    ("seconds", "zh_text", "en_text"),
    [
        (0, "0 分钟", "0 min"),
        (3599, "59 分钟", "59 min"),
        (3600, "1 小时", "1 h"),
        (48 * 3600 - 1, "47 小时", "47 h"),
        (48 * 3600, "2 天", "2 days"),
        (24 * 7 * 3600, "7 天", "7 days"),
    ],
)
def test_spans(zh: Wording, en: Wording, seconds: int, zh_text: str, en_text: str) -> None:
    assert zh.span(seconds) == zh_text
    assert en.span(seconds) == en_text


def test_ages(zh: Wording, en: Wording) -> None:
    now = made.NOW_MS
    assert (zh.age(now, now), en.age(now - 59_999, now)) == ("刚刚", "just now")
    assert (zh.age(now - 5 * MINUTE_MS, now), en.age(now - 5 * MINUTE_MS, now)) == ("5 分钟前", "5 min ago")
    assert (zh.age(None, now), en.age(None, now)) == ("从未", "never")
    assert en.age(now + 5000, now) == "just now"


def test_instants_in_the_site_time_zone(zh: Wording, en: Wording) -> None:
    now = made.NOW_MS  # 08:00 in Shanghai, midnight UTC
    assert zh.instant(now, now) == "08:00"
    assert zh.instant(now - 9 * 60 * MINUTE_MS, now) == "昨日 23:00"
    assert en.instant(now - 9 * 60 * MINUTE_MS, now) == "yesterday 23:00"
    assert zh.instant(now - 50 * 60 * MINUTE_MS, now) == "11月21日 06:00"
    assert en.instant(now - 50 * 60 * MINUTE_MS, now) == "21 Nov 06:00"
    assert (zh.weekday(now), en.weekday(now)) == ("星期一", "Monday")


def test_numbers_are_rounded_half_to_even(both: Wording) -> None:
    assert both.number("ammonia_nitrogen", 0.1485) == "0.148"
    assert both.number("ph", 7.0) == "7.00"
    assert both.number("ph", None) == NOTHING
    assert both.unit("ph") == ""
    assert both.unit("water_temperature") == "℃"


def test_one_language_at_a_time(zh: Wording, en: Wording, xietang: Site) -> None:
    river = xietang.rivers["R01"]
    assert (zh.place(river), en.place(river)) == ("斜塘河", "Xietang River")
    assert zh.answers(xietang, river) == "街道总河长"
    assert en.answers(xietang, river) == "Water affairs"
    assert zh.names(["ph", "total_phosphorus"]) == "pH值、总磷"
    assert en.names(["ph", "total_phosphorus"]) == "pH, Total phosphorus"
    assert en.short_determinand("total_phosphorus") == "TP"
