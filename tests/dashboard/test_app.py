"""The whole page without a browser: it opens in both languages and in every state a store can be in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from collectors.clock import ReplayClock
from collectors.stores import open_store
from sensors.reading import Block, Quality, Reading
from sensors.site import Site
from tests.dashboard import made

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, filled_url: str) -> pytest.MonkeyPatch:
    clock = ReplayClock(real0_ms=0, start_ms=made.NOW_MS, end_ms=made.NOW_MS, speed=1.0)
    monkeypatch.setenv("RIVERCHIEF_SITE", str(made.SITE_FOLDER))
    monkeypatch.setenv("RIVERCHIEF_STORE", filled_url)
    monkeypatch.setenv("RIVERCHIEF_CLOCK", clock.to_json())
    monkeypatch.setenv("RIVERCHIEF_INPUT", "virtual")
    return monkeypatch


def run(lang: str = "") -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=20)
    if lang:
        app.query_params["lang"] = lang
    return app.run()


def texts(app: AppTest) -> str:
    shown = [*app.caption, *app.info, *app.error, *app.markdown, *app.code]
    return "\n".join(str(one.value) for one in shown) + "\n".join(one.label for one in app.expander)


@pytest.mark.parametrize(
    ("lang", "word"), [("", "评价方法与依据"), ("zh", "评价方法与依据"), ("en", "How the class is found")]
)
def test_it_opens(environment: pytest.MonkeyPatch, lang: str, word: str) -> None:
    app = run(lang)
    assert not app.exception
    assert not app.error
    assert not app.info
    assert word in texts(app)
    assert "GB 3838-2002" in texts(app)
    assert app.selectbox[0].value == "ammonia_nitrogen"


def test_another_determinand_and_span(environment: pytest.MonkeyPatch) -> None:
    app = run("en")
    app.selectbox[0].set_value("dissolved_oxygen").run()
    assert not app.exception
    assert any("Dissolved oxygen, last 24 h" in one.value for one in app.caption)


def test_the_store_is_not_there_yet(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("RIVERCHIEF_STORE", f"sqlite:///{tmp_path / 'later.sqlite'}")
    app = run("en")
    assert not app.exception
    assert "Starting" in app.info[0].value
    store = open_store(f"sqlite:///{tmp_path / 'later.sqlite'}")
    app.run()
    store.close()
    assert not app.exception
    assert "No readings yet" in app.info[0].value


def test_probes_that_stopped_answering_are_not_readings_that_never_came(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'dead.sqlite'}"
    environment.setenv("RIVERCHIEF_STORE", url)
    store = open_store(url)
    store.write(Block.of([Reading("S01", "ph", made.NOW_MS - 1000, None, Quality.MISSING)]))
    store.close()
    app = run("en")
    assert not app.exception
    assert not app.info


def test_the_boxes_speak_the_language_that_was_switched_to(environment: pytest.MonkeyPatch) -> None:
    app = run("zh")
    assert "溶解氧" in app.selectbox[0].options
    app.selectbox[0].set_value("dissolved_oxygen").run()
    app.selectbox[1].set_value(app.selectbox[1].options[1]).run()
    section = app.selectbox[1].value
    app.query_params["lang"] = "en"
    app.run()
    assert "Dissolved oxygen" in app.selectbox[0].options
    assert (app.selectbox[0].value, app.selectbox[1].value) == ("dissolved_oxygen", section)
    assert app.selectbox[1].options[0] == "all sections"


def test_a_store_of_a_stranger(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RIVERCHIEF_STORE", "tape:///x")
    app = run("en")
    assert not app.exception
    assert "cannot be read" in app.info[0].value


def test_a_site_with_mistakes_says_which(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("RIVERCHIEF_SITE", str(tmp_path))
    app = run()
    assert not app.exception
    assert app.error[0].value == "看板无法启动。"
    assert "site.toml" in app.code[0].value


@pytest.mark.parametrize(("rivers", "file"), [(0, "rivers.csv"), (28, "stations.csv")])
def test_a_site_without_rivers_or_stations_says_where_they_are_listed(
    environment: pytest.MonkeyPatch, xietang: Site, tmp_path: Path, rivers: int, file: str
) -> None:
    some = dict(list(xietang.rivers.items())[:rivers])
    bare = replace(xietang, rivers=some, stations={}, outfalls={})
    environment.setattr("dashboard.sources.load_site", lambda folder: bare)
    environment.setenv("RIVERCHIEF_SITE", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'bare.sqlite'}"
    open_store(url).close()
    environment.setenv("RIVERCHIEF_STORE", url)
    app = run("en")
    assert not app.exception
    assert [file in one.value for one in app.info] == [True]
