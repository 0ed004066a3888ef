"""Since when a river is as bad as it is, and what it was yesterday."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment
from dashboard.classes import Condition
from dashboard.course import LOOK_BACK_DAYS, Course, courses
from sensors.durations import HOUR_MS
from sensors.site import Site
from tests.dashboard import made

NOW_MS = made.NOW_MS - made.NOW_MS % HOUR_MS


def course(tmp_path: Path, site: Site, classes: dict[int, str | None]) -> Course:
    """Course of a river that had these classes so many hours ago."""
    store = open_store(f"sqlite:///{tmp_path / 'course.sqlite'}")
    store.put_assessments(
        [Assessment("river", "R01", "window", NOW_MS - hours * HOUR_MS, name) for hours, name in classes.items()]
    )
    found = courses(store, site, NOW_MS)
    store.close()
    return found["R01"]


@pytest.mark.parametrize(
    ("classes", "hours", "at_least"),
    [
        ({0: "V", 1: "V", 2: "V", 3: "IV"}, 2, False),
        ({0: "V", 1: "INFERIOR_V", 2: "V", 3: "IV"}, 2, False),
        ({0: "V", 1: None, 2: "V", 3: "III", 4: "V"}, 2, False),
        ({0: "V", 5: "V"}, 5, True),
        ({0: "II"}, 0, True),
    ],
)
def test_start_of_the_run(
    tmp_path: Path, xietang: Site, classes: dict[int, str | None], hours: int, at_least: bool
) -> None:
    found = course(tmp_path, xietang, classes)
    assert found.since_ms == NOW_MS - hours * HOUR_MS
    assert found.at_least is at_least


def test_no_class_now_has_no_run(tmp_path: Path, xietang: Site) -> None:
    found = course(tmp_path, xietang, {0: None, 24: "V"})
    assert found == Course(Condition("V"), None, False)


@pytest.mark.parametrize(("hours", "previous"), [(23, None), (24, "III"), (29, "III"), (30, None)])
def test_yesterday(tmp_path: Path, xietang: Site, hours: int, previous: str | None) -> None:
    assert course(tmp_path, xietang, {0: "V", hours: "III"}).previous == Condition(previous)


def test_older_history_is_not_read(tmp_path: Path, xietang: Site) -> None:
    found = course(tmp_path, xietang, {0: "V", LOOK_BACK_DAYS * 24: "V", LOOK_BACK_DAYS * 24 + 1: "V"})
    assert found.since_ms == NOW_MS - LOOK_BACK_DAYS * 24 * HOUR_MS
    assert found.at_least


def test_rivers_never_judged_have_none(tmp_path: Path, xietang: Site) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert courses(store, xietang, NOW_MS) == {}
    store.close()
