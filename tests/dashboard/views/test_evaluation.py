"""The evaluation page without a browser, over a store with an evaluated month."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collectors.clock import ReplayClock
from collectors.stores import open_store
from deploy.period_judge import PeriodJudge
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.test_evaluations import GOOD, HOUR_MS, at
from tests.dashboard.views.conftest import PageTest

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
def run(monkeypatch: pytest.MonkeyPatch, page_test: PageTest, url: str) -> Callable[[str], AppTest]:
    clock = ReplayClock(real0_ms=0, start_ms=NOW_MS, end_ms=NOW_MS, speed=1.0)
    monkeypatch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
    monkeypatch.setenv("RIVERCHIEF_STORE", url)
    monkeypatch.setenv("RIVERCHIEF_CLOCK", clock.to_json())

    def opened(lang: str) -> AppTest:
        app = page_test("evaluation", lang=lang)
        app.session_state[f"kind-{lang}"] = "month"
        return app.run()

    return opened


def test_a_month_with_its_reason(run: Callable[[str], AppTest]) -> None:
    app = run("en")
    assert not app.exception
    app.selectbox[0].set_value("2026-05").run()
    assert not app.exception
    assert [metric.value for metric in app.metric][2] == "50.0 %"
    rivers, sections = (table.value for table in app.dataframe)
    worst = sections.iloc[0]
    assert (worst["State"], worst["Without suspect readings"], worst["Marks"]) == (
        "Inferior V", "Class II", "provisional",
    )  # fmt: skip
    assert worst["Deciding or main pollutants"].startswith("Ammonia nitrogen(")
    assert worst["Source of values"] == "probe"
    assert rivers.iloc[0]["On target"] == "no"


def test_in_chinese_and_of_a_period_without_anything(run: Callable[[str], AppTest]) -> None:
    app = run("zh")
    assert not app.exception
    app.selectbox[0].set_value("2025-01").run()
    assert [one.value for one in app.info] == ["2025-01 暂无评价结果。"]
