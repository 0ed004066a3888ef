from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest

from dashboard.casework.settings import OfficeSettings, load_settings, read_settings
from sensors.errors import ConfigError
from sensors.site import Site

DEPARTMENTS = frozenset({"water", "market"})


def test_a_site_without_the_file_has_the_defaults(xietang: Site) -> None:
    assert load_settings(xietang) == OfficeSettings()


def test_what_is_written_counts(xietang: Site, tmp_path: Path) -> None:
    (tmp_path / "casework.toml").write_text(
        """
        [calendar]
        hours = [["08:30", "11:30"], ["13:30", "17:30"]]
        holidays = [2027-02-08]
        [deadlines]
        normal_days = 15
        remind_hours = 1.5
        [cases]
        event_kinds = ["discharge"]
        [numbers]
        supervision = "斜河长办督〔{year}〕{sequence}号"
        [groups]
        site_office = ["water", "market"]
        """,
        encoding="utf-8",
    )
    settings = load_settings(replace(xietang, folder=tmp_path))
    assert settings.calendar.hours == ((time(8, 30), time(11, 30)), (time(13, 30), time(17, 30)))
    assert settings.calendar.holidays == (date(2027, 2, 8),)
    assert (settings.deadlines.normal_days, settings.deadlines.remind_hours, settings.deadlines.urgent_days) == (
        15,
        1.5,
        3,
    )
    assert settings.cases.event_kinds == ("discharge",)
    assert settings.numbers.supervision.format(year=2026, sequence=7) == "斜河长办督〔2026〕7号"
    assert settings.groups == {"site_office": ("water", "market")}


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[calender]", "calender"),
        ("calendar = 1", "calendar"),
        ('[calendar]\nhours = [["12:00", "09:00"]]', "calendar.hours"),
        ("[calendar]\nhours = []", "calendar.hours"),
        ('[calendar]\nholidays = ["2027-02-08"]', "calendar.holidays"),
        ("[deadlines]\nnormal_days = 1.5", "deadlines.normal_days"),
        ("[deadlines]\nnormal_days = true", "deadlines.normal_days"),
        ("[deadlines]\nnormal_days = 0", "deadlines.normal_days"),
        ("[deadlines]\nlater = 1", "deadlines.later"),
        ("[cases]\njoin_probability = 1.01", "cases.join_probability"),
        ("[cases]\nevent_kinds = [1]", "cases.event_kinds"),
        ('[numbers]\norder = "{sequence}"', "numbers.order"),
        ('[numbers]\norder = "{year}{month}{sequence}"', "numbers.order"),
        ("[numbers]\norder = 1", "numbers.order"),
        ('[groups]\noffice = ["sky"]', "groups.office"),
        ('[groups]\noffice = ["water", "water"]', "groups.office"),
        ("groups = 1", "groups"),
    ],
)
def test_a_mistake_is_named(text: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(text.encode(), DEPARTMENTS)
    assert [problem.where for problem in caught.value.problems] == [where]


def test_all_mistakes_at_once_and_what_is_no_toml() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings(b"[list]\nred_from = 101\n[goals]\npace_days = 0\nx = 1", DEPARTMENTS)
    assert len(caught.value.problems) == 3
    for raw in (b"[", b"\xff"):
        with pytest.raises(ConfigError, match="TOML in UTF-8"):
            read_settings(raw, DEPARTMENTS)


def test_reports_are_switched_on_one_by_one() -> None:
    text = b"[reports]\ndaily = true\nyearly = false\nafter_hours = 0\nen = true"
    settings = read_settings(text, DEPARTMENTS).reports
    assert (settings.daily, settings.monthly, settings.yearly) == (True, True, False)
    assert (settings.after_hours, settings.zh, settings.en) == (0, True, True)
    with pytest.raises(ConfigError, match=r"reports\.pdf"):
        read_settings(b'[reports]\npdf = "no"', DEPARTMENTS)
