from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.casework.desk import Desk
from dashboard.casework.settings import read_settings
from sensors.errors import ConfigError
from sensors.site import Site
from tests.conftest import ROOT
from tests.dashboard.casework.made import NOW, at


@pytest.mark.parametrize(
    ("urgency", "due"),
    [("normal", "2026-05-25 17:00"), ("urgent", "2026-05-14 17:00"), ("critical", "2026-05-12 17:00")],
)
def test_a_deadline_is_proposed_by_urgency(desk: Desk, urgency: str, due: str) -> None:
    assert desk.proposed_due(urgency, NOW) == at(due)


def test_a_mistake_in_the_settings_stops_at_load(xietang: Site, tmp_path: Path) -> None:
    (tmp_path / "casework.toml").write_text("[cases]\nwatch_days = -1")
    with pytest.raises(ConfigError, match=r"casework\.toml: cases\.watch_days: found -1; accepted: a number from 0\.1"):
        Desk.of(replace(xietang, folder=tmp_path))


def test_the_settings_of_the_page_are_accepted(xietang: Site) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "casework.md").read_text(encoding="utf-8"), re.DOTALL)
    settings = read_settings(example.encode(), frozenset(xietang.departments))
    assert settings.groups == {"site_office": ("water", "city_management")}
