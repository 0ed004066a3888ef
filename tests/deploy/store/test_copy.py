from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.stores import Event, Flag, ReadingStore, open_store
from collectors.stores.base import Assessment
from collectors.stores.retention import Retention
from collectors.stores.sqlite import SqliteStore
from deploy.store.command import command
from deploy.store.copy import Copied, Copy, same_store
from sensors.durations import DAY_MS, HOUR_MS
from sensors.errors import UsageError
from sensors.reading import Block, Quality, Reading, StationState
from tests.collectors.conftest import influx, influx_url  # noqa: F401  (fixtures)

T0 = 1_730_000_000_000 - 1_730_000_000_000 % (24 * HOUR_MS)
ROOT = Path(__file__).resolve().parents[3]


def fill(store: ReadingStore, days: int = 5, minutes: int = 20) -> None:
    """Two stations with gaps, verdicts, flags, late and revised values, and everything beside them."""
    random_ = random.Random(3)
    for day in range(days):
        rows = [
            Reading(station, key, T0 + (day * 24 * 60 + minute) * 60_000, round(random_.uniform(0, 9), 3),
                    random_.choice(list(Quality)), random_.choice("NNNNM"))
            for station in ("S1", "S2") for key in ("ph", "orp") for minute in range(0, 24 * 60, minutes)
            if random_.random() < 0.9
        ]  # fmt: skip
        rows = [
            Reading(r.station, r.determinand, r.time_ms, None if r.quality == 9 else r.value, r.quality,
                    StationState(r.state)) for r in rows
        ]  # fmt: skip
        store.commit(Block.of(rows), "gw1", "abc", (day + 1) * 100)
        store.write(Block.of([Reading("S1", "ph", rows[0].time_ms, 9.5), Reading("S1", "ph", rows[0].time_ms, 9.6)]))
        store.put_flags(
            [Flag(r.station, r.determinand, r.time_ms, "spike", Quality.SUSPECT, {"n": 1}) for r in rows[:9]]
        )
    store.put_flags([Flag("S2", "ph", T0 + 400 * 24 * HOUR_MS, "clock", Quality.SUSPECT)])
    store.commit(Block(), "gw2", "xyz", 7)
    store.put_assessments(
        [Assessment("river", "R1", "window", T0 + n * HOUR_MS, "IV", detail={"hours": n}) for n in range(30)]
        + [Assessment("subdistrict", "xt", "month", T0, None)]
    )
    store.put_events([Event(f"E{n}", "discharge", T0 + n, None, T0, T0, ("S1",), {"p": 0.5}) for n in range(3)])


def told(store: ReadingStore) -> list[object]:
    end_ms = T0 + 800 * 24 * HOUR_MS
    return [
        store.watermarks(), list(store.latest()), store.revisions(0, end_ms), store.events(0, end_ms),
        [(list(store.range(name, ["ph", "orp"], 0, end_ms)), store.flags(name, 0, end_ms)) for name in ("S1", "S2")],
        list(store.summary(["S1", "S2"], ["ph", "orp"], T0, T0 + 6 * 24 * HOUR_MS, 6 * HOUR_MS)),
        store.assessment_history("river", "R1", "window", 0, end_ms), store.assessments("subdistrict", "month"),
    ]  # fmt: skip


def copy(source: ReadingStore, target: ReadingStore) -> Copied:
    return Copy(source, target, lambda *_: None).run()


@pytest.fixture
def source(tmp_path: Path) -> Iterator[ReadingStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/source.sqlite")) as store:
        yield store


@pytest.fixture
def target(tmp_path: Path) -> Iterator[ReadingStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/target.sqlite")) as store:
        yield store


def test_everything_is_there_and_a_second_copy_writes_nothing(source: ReadingStore, target: ReadingStore) -> None:
    fill(source)
    copied = copy(source, target)
    assert copied.whole
    assert told(target) == told(source)
    assert copied.counts["readings"] > 1000
    assert copied.written["readings"] == copied.counts["readings"]
    again = copy(source, target)
    assert again.whole
    assert again.counts == copied.counts
    assert again.digest == copied.digest
    assert again.written.total() == 0
    assert told(target) == told(source)


def test_flags_can_be_withdrawn_in_the_copy(source: ReadingStore, target: ReadingStore) -> None:
    source.write(Block.of([Reading("S1", "ph", T0, 7.0)]))
    source.put_flags([Flag("S1", "ph", T0, "spike", Quality.FAIL)])
    copy(source, target)
    assert target.range("S1", ["ph"], T0, T0 + 1).quality == [Quality.FAIL]
    target.put_flags([Flag("S1", "ph", T0, "spike", Quality.GOOD)])
    assert target.range("S1", ["ph"], T0, T0 + 1).quality == [Quality.NOT_EVALUATED]


def test_what_came_later_is_copied_by_the_next_copy(source: ReadingStore, target: ReadingStore) -> None:
    fill(source, days=2)
    copy(source, target)
    source.commit(Block.of([Reading("S1", "ph", T0 + 1, 5.0), Reading("S3", "ph", T0 + 2, 5.5)]), "gw3", "new", 1)
    copied = copy(source, target)
    assert copied.whole
    assert +copied.written == {"readings": 2, "watermarks": 1}
    assert told(target) == told(source)


def test_the_target_keeps_its_own_watermark(source: ReadingStore, target: ReadingStore) -> None:
    fill(source, days=1)
    target.commit(Block(), "gw1", "later", 9)
    copied = copy(source, target)
    assert copied.whole
    assert copied.kept_marks == {"gw1": ("later", 9)}
    assert target.watermarks() == {"gw1": ("later", 9), "gw2": ("xyz", 7)}


def test_the_next_copy_raises_a_watermark_of_the_same_epoch(source: ReadingStore, target: ReadingStore) -> None:
    """Else a hub on the copy would take what it has for lost, because the gateway has let it go."""
    fill(source, days=1)
    copy(source, target)
    source.commit(Block.of([Reading("S1", "ph", T0 + 1, 5.0)]), "gw1", "abc", 191)
    copied = copy(source, target)
    assert copied.whole
    assert copied.kept_marks == {}
    assert +copied.written == {"readings": 1, "watermarks": 1}
    assert target.watermarks() == {"gw1": ("abc", 191), "gw2": ("xyz", 7)}


def test_a_watermark_never_goes_back(source: ReadingStore, target: ReadingStore) -> None:
    fill(source, days=1)
    target.commit(Block(), "gw1", "abc", 101)
    copied = copy(source, target)
    assert copied.whole
    assert copied.kept_marks == {"gw1": ("abc", 101)}
    assert target.watermarks()["gw1"] == ("abc", 101)


def test_no_watermark_is_raised_over_readings_that_did_not_arrive(
    source: ReadingStore, target: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, days=1)
    copy(source, target)
    source.commit(Block.of([Reading("S1", "ph", T0 + 1, 5.0)]), "gw1", "abc", 191)
    monkeypatch.setattr(target, "load", lambda chunk: None)
    copied = copy(source, target)
    assert not copied.whole
    assert target.watermarks()["gw1"] == copied.kept_marks["gw1"] == ("abc", 100)


def test_no_watermark_covers_what_was_written_behind_the_copy(source: ReadingStore, target: ReadingStore) -> None:
    """A hub writes on while the copy runs, and raises the watermark over readings of a part that is done."""
    fill(source, days=1)

    def progress(kind: str, done: int, count: int) -> None:
        if (kind, done) == ("readings", count):
            source.commit(Block.of([Reading("S1", "ph", T0 + 1, 5.0)]), "gw1", "abc", 191)

    assert Copy(source, target, progress).run().whole
    assert T0 + 1 not in target.range("S1", ["ph"], T0, T0 + 2).time_ms
    assert target.watermarks()["gw1"] == ("abc", 100)
    assert copy(source, target).whole
    assert T0 + 1 in target.range("S1", ["ph"], T0, T0 + 2).time_ms
    assert target.watermarks()["gw1"] == ("abc", 191)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("sqlite:///a.sqlite", "sqlite:///a.sqlite?raw=3y", True),
        ("sqlite:///a.sqlite", "sqlite:///{here}/sub/../a.sqlite", True),
        ("sqlite:///a.sqlite", "sqlite:///link.sqlite", True),
        ("sqlite:///a.sqlite", "sqlite:///hard.sqlite", True),
        ("sqlite:///none.sqlite", "sqlite:///./none.sqlite", True),
        ("sqlite:///a.sqlite", "sqlite:///none.sqlite", False),
        ("influx://DB/water/one", "influxs://db:8086/water/one/?raw=3y", True),
        ("influx://db/water/one", "influx://db/water/two", False),
        ("influx://db:8086/water/one", "influx://db:8087/water/one", False),
        ("sqlite:///a.sqlite", "influx://db/water/a", False),
    ],
)
def test_the_same_store_is_known_by_any_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one: str, other: str, same: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.sqlite").touch()
    (tmp_path / "link.sqlite").symlink_to("a.sqlite")
    (tmp_path / "hard.sqlite").hardlink_to("a.sqlite")
    other = other.format(here=tmp_path)
    assert same_store(one, other) is same_store(other, one) is same


def test_a_store_is_not_copied_onto_itself(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.sqlite"
    with pytest.raises(UsageError, match="the same store"):
        CliRunner().invoke(command, ["copy", url, f"sqlite:///{tmp_path}/./a.sqlite"], catch_exceptions=False)
    assert not (tmp_path / "a.sqlite").exists()


def test_what_does_not_arrive_is_told(
    source: ReadingStore, target: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(source, days=1)
    monkeypatch.setattr(target, "load", lambda chunk: None)
    copied = copy(source, target)
    assert not copied.whole
    assert copied.missing["readings"] == copied.counts["readings"] > 0
    assert copied.digest != copied.target_digest


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("a", "b")]
    with closing(open_store(urls[0])) as store:
        fill(store, days=1)
    run = CliRunner().invoke(command, ["copy", *urls])
    assert run.exit_code == 0, run.output
    assert "watermarks" in run.output
    run = CliRunner().invoke(command, ["prepare", urls[1] + "?raw=3y"])
    assert (run.exit_code, "ready" in run.output) == (0, True)


#: Says before each part that it begins, so that it can be killed within one.
COPIER = """
import sys
from deploy.store import copy as store_copy
from deploy.store.command import command
chunk = store_copy.Copy._chunk
def told(self, *part):
    print(*part, flush=True)
    chunk(self, *part)
store_copy.Copy._chunk = told
command()
"""


def test_a_copy_that_is_killed_goes_on(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/{name}.sqlite" for name in ("a", "b")]
    with closing(open_store(urls[0])) as store:
        fill(store, days=40, minutes=10)
    for parts in (5, 9, 14):
        with subprocess.Popen(
            [sys.executable, "-c", COPIER, "copy", *urls],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for _ in range(parts):
                assert process.stdout.readline()
            process.kill()
    with closing(open_store(urls[0], read_only=True)) as source, closing(open_store(urls[1])) as target:
        before = sum(len(target.range(name, ["ph", "orp"], 0, T0 * 2)) for name in ("S1", "S2"))
        copied = copy(source, target)
        assert copied.whole
        assert 0 < before < copied.counts["readings"]
        assert 0 < copied.written["readings"] <= copied.counts["readings"] - before
        assert told(target) == told(source)


def aged(folder: Path) -> ReadingStore:
    """A store that has let go readings of its first days, and hours of its first one."""
    retention = Retention(raw=40 * DAY_MS, hour=42 * DAY_MS)
    now_ms = [T0 + 6 * DAY_MS]
    store = SqliteStore(folder / "aged.sqlite", retention=retention, now_ms=lambda: now_ms[0])
    fill(store, minutes=60)
    store.write(Block.of([Reading("S0", "ph", T0 + n * HOUR_MS, 7.1) for n in range(24)]))
    now_ms[0] = T0 + 44 * DAY_MS
    while store.tidy():
        pass
    return store


def days_and_hours(store: ReadingStore) -> list[object]:
    names = ["S0", "S1", "S2"]
    start_ms = T0 - 8 * HOUR_MS
    return [list(store.summary(names, ["ph"], start_ms, T0 + 9 * DAY_MS, step_ms)) for step_ms in (HOUR_MS, DAY_MS)]


def test_roll_ups_of_readings_that_were_let_go_are_copied(tmp_path: Path, target: ReadingStore) -> None:
    with closing(aged(tmp_path)) as source:
        assert len(source.range("S0", ["ph"], T0, T0 + 9 * DAY_MS)) == 0
        before = days_and_hours(source)
        copied = copy(source, target)
        assert copied.whole
        assert copied.counts["roll-ups"] > 0
        assert days_and_hours(target) == before
        assert +copy(source, target).written == {}
        assert days_and_hours(target) == before


@pytest.mark.influxdb
def test_roll_ups_of_readings_that_were_let_go_go_to_influxdb_and_back(
    tmp_path: Path,
    target: ReadingStore,
    influx_url: Callable[[], str],  # noqa: F811
) -> None:
    with closing(aged(tmp_path)) as source, closing(open_store(influx_url())) as middle:
        before = days_and_hours(source)
        assert copy(source, middle).whole
        assert copy(middle, target).whole
        assert days_and_hours(middle) == before
        assert days_and_hours(target) == before


@pytest.mark.influxdb
def test_to_influxdb_and_back(source: ReadingStore, target: ReadingStore, influx_url: Callable[[], str]) -> None:  # noqa: F811
    fill(source, days=3, minutes=60)
    with closing(open_store(influx_url())) as middle:
        there = copy(source, middle)
        back = copy(middle, target)
        assert there.whole
        assert back.whole
        assert there.digest == back.digest
        assert told(middle)[:5] == told(source)[:5]
    assert told(target) == told(source)
