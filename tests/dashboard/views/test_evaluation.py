"""The evaluation page without a browser, over a store with an evaluated month."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from collectors.clock import ReplayClock
from collectors.stores import open_store
from deploy.hub.period_judge import PeriodJudge
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.test_evaluations import GOOD, HOUR_MS, at
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import drawn

NOW_MS = at(2026, 6)


@pytest.fixture
def url(tmp_path: Path, xietang: Site) -> str:
    """A May in which one station had suspect readings of inferior V on half of the days and the others did not."""
    address = f"sqlite:///{tmp_path / 'store.sqlite'}"
    store = open_store(address)
    first, second = list(xietang.stations)[:2]
    readings = []
    for station in (first, second):
        for slot, time_ms in enumerate(range(at(2026, 5), NOW_MS, 8 * HOUR_MS)):
            doubtful = station == first and slot % 6 < 3
            for key, value in (GOOD | ({"ammonia_nitrogen": 30.0} if doubtful else {})).items():
                quality = Quality.SUSPECT if doubtful else Quality.GOOD
                readings.append(Reading(station, key, time_ms, value, quality))
    store.write(Block.of(readings))
    judge = PeriodJudge(xietang, store)
    judge.redo(at(2026, 5), NOW_MS - 1)
    judge.tick(NOW_MS)
    while judge.behind:
        judge.tick(NOW_MS)
    store.close()
    return address


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, url: str) -> Callable[..., AppTest]:
    clock = ReplayClock(real0_ms=0, start_ms=NOW_MS, end_ms=NOW_MS, speed=1.0)
    monkeypatch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
    monkeypatch.setenv("RIVERCHIEF_STORE", url)
    monkeypatch.setenv("RIVERCHIEF_CLOCK", clock.to_json())

    def opened(lang: str, viewer: dict[str, object] | None = None, **address: str) -> AppTest:
        return page_test("evaluation", lang=lang, viewer=viewer, **{"kind": "month", **address}).run()

    return opened


def cells(app: AppTest, row: int = 0) -> dict[str, dict[str, Any]]:
    """A row of the table by its titles."""
    (table,) = drawn(app, "grid")
    return dict(zip((one["text"] for one in table["head"]), table["rows"][row]["cells"], strict=True))


def test_a_month_with_its_reason(run: Callable[..., AppTest]) -> None:
    app = run("en", period="2026-05")
    assert not app.exception
    assert [metric.value for metric in app.metric][2] == "50.0 %"
    assert cells(app)["On target"]["text"] == "no"
    app = run("en", period="2026-05", of="sections")
    worst = cells(app)
    assert (worst["State"]["text"], worst["State"]["cls"], worst["State"]["tags"]) == (
        "Inferior V", "INFERIOR_V", ["provisional"],
    )  # fmt: skip
    assert worst["Without suspect readings"]["text"] == "Class II"
    assert worst["Deciding or main pollutants"]["text"].startswith("Ammonia nitrogen(")
    assert worst["Source of values"]["text"] == "probe"


def test_what_is_chosen_stands_in_the_address(run: Callable[..., AppTest]) -> None:
    app = run("en", period="2026-05")
    assert app.selectbox[0].value == "2026-05"
    app.selectbox[0].set_value("2026-04").run()
    assert app.query_params["period"] == "2026-04"
    app = run("zh", period="2026-05", kind="no such thing")
    assert not app.exception
    assert app.selectbox[0].value.count("-") == 2


def test_in_chinese_and_of_a_period_without_anything(run: Callable[..., AppTest]) -> None:
    app = run("zh", period="2025-01")
    assert not app.exception
    assert [one.value for one in app.info] == ["2025-01 暂无评价结果。"]


def test_a_chief_sees_the_rivers_that_are_theirs(run: Callable[..., AppTest]) -> None:
    chief: dict[str, object] = {"account": "z", "name": "Z", "role": "chief", "rivers": frozenset({"R01"})}
    assert [row["cells"][0]["text"] for row in drawn(run("en", chief, period="2026-05"), "grid")[0]["rows"]] == [
        "Xietang River"
    ]
    sections = drawn(run("en", chief, period="2026-05", of="sections"), "grid")[0]["rows"]
    assert all(row["cells"][0]["text"].startswith("Xietang River") for row in sections)
