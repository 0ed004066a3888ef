"""What every backend must do, whatever it is made of."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from collectors.stores import open_store
from collectors.stores.base import Assessment, Judged, ReadingStore
from sensors.durations import HOUR_MS
from sensors.errors import StoreError
from sensors.reading import USABLE_QUALITIES, Block, Quality, Reading, StationState

DAY_MS = 24 * HOUR_MS
T0 = 1_730_000_000_000 - 1_730_000_000_000 % DAY_MS


def reading(time_ms: int, value: float | None, determinand: str = "ph", station: str = "S1") -> Reading:
    quality = Quality.MISSING if value is None else Quality.NOT_EVALUATED
    return Reading(station, determinand, time_ms, value, quality)


def some_hours(seed: int = 7) -> list[Reading]:
    """Three stations, two determinands, thirty hours, with gaps, flags and states of every kind."""
    random_ = random.Random(seed)
    readings = []
    for station in ("S1", "S2", "S3"):
        for determinand in ("ph", "ammonia_nitrogen"):
            for minute in range(0, 30 * 60, 7):
                if random_.random() < 0.1 or (station == "S2" and 300 < minute < 600):
                    continue
                quality = random_.choice(list(Quality))
                state = random_.choice([StationState.NORMAL] * 5 + list(StationState))
                value = None if quality is Quality.MISSING else round(random_.uniform(0.1, 9), 3)
                readings.append(Reading(station, determinand, T0 + minute * 60_000, value, quality, state))
    return readings


def by_hand(
    readings: list[Reading], start_ms: int, end_ms: int, step_ms: int
) -> dict[tuple[str, str, int], tuple[float, ...]]:
    windows: dict[tuple[str, str, int], list[Reading]] = {}
    for one in {(r.station, r.determinand, r.time_ms): r for r in readings}.values():
        usable = one.quality in USABLE_QUALITIES and one.state is StationState.NORMAL and one.value is not None
        if usable and start_ms <= one.time_ms < end_ms:
            window = start_ms + (one.time_ms - start_ms) // step_ms * step_ms
            windows.setdefault((one.station, one.determinand, window), []).append(one)
    return {
        key: (
            min(values := [r.value for r in group if r.value is not None]),
            max(values),
            sum(values) / len(values),
            len(group),
            sum(r.quality is Quality.SUSPECT for r in group),
        )
        for key, group in windows.items()
    }


def answer(
    store: ReadingStore, start_ms: int, end_ms: int, step_ms: int
) -> dict[tuple[str, str, int], tuple[float, ...]]:
    rows = store.summary(["S1", "S2", "S3"], ["ph", "ammonia_nitrogen"], start_ms, end_ms, step_ms)
    assert [(r.station, r.determinand, r.start_ms) for r in rows] == sorted(
        (r.station, r.determinand, r.start_ms) for r in rows
    )
    return {
        (r.station, r.determinand, r.start_ms): (r.minimum, r.maximum, r.mean, r.count, r.provisional) for r in rows
    }


class TestReadings:
    def test_what_is_written_is_read_back(self, store: ReadingStore) -> None:
        written = [
            Reading("S1", "ph", T0, 7.31, Quality.GOOD),
            Reading("S1", "ph", T0 + 1, 7.0, Quality.SUSPECT, StationState.MAINTENANCE),
            Reading("S1", "ph", T0 + 2, None, Quality.MISSING, StationState.COMMUNICATION),
            Reading("S1", "ph", T0 + 3, None, Quality.FAIL, StationState.FAULT),
            Reading("S1", "ph", T0 + 4, -0.00012345678901234, Quality.NOT_EVALUATED),
        ]
        store.write(Block.of(written))
        assert list(store.range("S1", ["ph"], T0, T0 + 10)) == written

    def test_written_twice_is_there_once(self, store: ReadingStore) -> None:
        block = Block.of([reading(T0, 7.0), reading(T0 + 60_000, 7.2)])
        store.write(block)
        store.write(block)
        assert list(store.range("S1", ["ph"], T0, T0 + HOUR_MS)) == list(block)
        assert store.summary(["S1"], ["ph"], T0, T0 + HOUR_MS, HOUR_MS).count == [2]
        assert store.revisions(T0, T0 + HOUR_MS) == []

    def test_a_later_write_wins_and_the_old_value_is_kept(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(T0, 7.0), reading(T0 + 60_000, 8.0)]))
        store.write(Block.of([reading(T0, 7.5)]))
        assert store.range("S1", ["ph"], T0, T0 + 1).value == [7.5]
        assert store.summary(["S1"], ["ph"], T0, T0 + HOUR_MS, HOUR_MS).mean == [7.75]
        (revision,) = store.revisions(T0, T0 + HOUR_MS)
        assert (revision.station, revision.determinand, revision.time_ms) == ("S1", "ph", T0)
        assert revision.value == 7.0
        assert revision.replaced_ms > T0

    def test_a_reading_may_be_revised_within_one_write(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(T0, 7.0), reading(T0, 7.1), reading(T0, 7.2)]))
        assert store.range("S1", ["ph"], T0, T0 + 1).value == [7.2]
        assert [revision.value for revision in store.revisions(T0, T0 + 1)] == [7.0, 7.1]

    def test_a_revision_to_missing_leaves_no_value_behind(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(T0, 7.0), reading(T0 + 5 * HOUR_MS, 6.0)]))
        store.write(Block.of([reading(T0, None)]))
        assert store.range("S1", ["ph"], T0, T0 + 1).value == [None]
        assert store.summary(["S1"], ["ph"], T0, T0 + DAY_MS, HOUR_MS).start_ms == [T0 + 5 * HOUR_MS]
        assert [revision.value for revision in store.revisions(T0, T0 + 1)] == [7.0]

    def test_flags_of_quality_control_are_no_revision(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(T0, 7.0)]))
        store.write(Block.of([Reading("S1", "ph", T0, 7.0, Quality.GOOD)]))
        assert store.revisions(T0, T0 + 1) == []
        store.write(Block.of([Reading("S1", "ph", T0, 7.0, Quality.FAIL)]))
        assert [revision.quality for revision in store.revisions(T0, T0 + 1)] == [Quality.GOOD]

    def test_what_is_not_finite_is_no_value(self, store: ReadingStore) -> None:
        bad = [float("nan"), float("inf"), float("-inf")]
        store.write(Block.of(Reading("S1", "ph", T0 + n, value, Quality.FAIL) for n, value in enumerate(bad)))
        assert store.range("S1", ["ph"], T0, T0 + 9).value == [None, None, None]

    def test_latest_is_the_newest_of_each_series_in_any_order_of_arrival(self, store: ReadingStore) -> None:
        store.write(Block.of([reading(T0 + 5, 7.5), reading(T0 + 1, 9.0, "turbidity"), reading(T0, 2.0, station="S0")]))
        store.write(Block.of([reading(T0 + 4, 7.4), reading(T0 + 2, None, "turbidity")]))
        assert [(r.station, r.determinand, r.time_ms, r.value) for r in store.latest()] == [
            ("S0", "ph", T0, 2.0),
            ("S1", "ph", T0 + 5, 7.5),
            ("S1", "turbidity", T0 + 2, None),
        ]

    def test_range_is_half_open_and_ordered(self, store: ReadingStore) -> None:
        store.write(
            Block.of([reading(T0 + n, float(n), key) for n in (3, 1, 2, 0) for key in ("ph", "turbidity", "orp")])
        )
        found = store.range("S1", ["turbidity", "ph"], T0 + 1, T0 + 3)
        assert [(r.time_ms - T0, r.determinand) for r in found] == [
            (1, "turbidity"), (1, "ph"), (2, "turbidity"), (2, "ph"),
        ]  # fmt: skip

    def test_names_of_any_script_and_shape(self, store: ReadingStore) -> None:
        odd = ["斜塘河-1", "a b", 'quo"te', "com,ma=x", "back\\slash", "per%cent _"]
        store.write(Block.of(reading(T0, 1.0 + n, station=name) for n, name in enumerate(odd)))
        assert sorted(store.latest().station) == sorted(odd)
        assert [store.range(name, ["ph"], T0, T0 + 1).value for name in odd] == [[1.0 + n] for n in range(len(odd))]

    def test_an_empty_store_answers_with_nothing(self, store: ReadingStore) -> None:
        store.write(Block())
        assert len(store.latest()) == 0
        assert len(store.range("S1", ["ph"], 0, T0)) == 0
        assert len(store.range("S1", [], 0, T0)) == 0
        assert len(store.summary(["S1"], ["ph"], 0, T0, HOUR_MS)) == 0
        assert store.watermarks() == {}
        assert store.assessments("river", "window") == []
        assert store.assessment_history("river", "R1", "window", 0, T0) == []
        assert store.revisions(0, T0) == []


class TestSummary:
    @pytest.mark.parametrize(
        ("start_ms", "end_ms", "step_ms"),
        [
            (T0, T0 + 30 * HOUR_MS, HOUR_MS),
            (T0 - 8 * HOUR_MS, T0 + 40 * HOUR_MS, DAY_MS),  # days of UTC+8
            (T0, T0 + 29 * HOUR_MS + 1_234_567, HOUR_MS),
            (T0 + 1_800_000, T0 + 20 * HOUR_MS, HOUR_MS),
            (T0 + 3 * HOUR_MS, T0 + 9 * HOUR_MS, 600_000),
            (T0, T0 + 30 * HOUR_MS, 90 * 60_000),
            (T0, T0 + 1, HOUR_MS),
            (T0, T0, HOUR_MS),
        ],
    )
    def test_as_counted_by_hand(self, store: ReadingStore, start_ms: int, end_ms: int, step_ms: int) -> None:
        readings = some_hours()
        store.write(Block.of(readings))
        expected = by_hand(readings, start_ms, end_ms, step_ms)
        found = answer(store, start_ms, end_ms, step_ms)
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            assert found[key] == pytest.approx(row, rel=1e-9)

    def test_the_answer_does_not_depend_on_how_the_readings_came(self, open_again: Callable[..., ReadingStore]) -> None:
        readings = some_hours()
        shuffled = readings[:]
        random.Random(3).shuffle(shuffled)
        store = open_again()
        for start in range(0, len(shuffled), 97):
            store.write(Block.of(shuffled[start : start + 97]))
            if start == 970:
                store.close()
                store = open_again()
        expected = by_hand(readings, T0, T0 + 30 * HOUR_MS, HOUR_MS)
        found = answer(store, T0, T0 + 30 * HOUR_MS, HOUR_MS)
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            assert found[key] == pytest.approx(row, rel=1e-9)

    def test_the_mean_of_equal_readings_is_that_reading(self, store: ReadingStore) -> None:
        store.write(Block.of(reading(T0 + n * 60_000, 0.2) for n in range(60)))
        assert store.summary(["S1"], ["ph"], T0, T0 + DAY_MS, DAY_MS).mean == [0.2]

    def test_a_mean_on_the_limit_is_on_the_limit(self, store: ReadingStore) -> None:
        store.write(Block.of(reading(T0 + n * 60_000, value) for n, value in enumerate([0.1, 0.2, 0.3])))
        assert store.summary(["S1"], ["ph"], T0, T0 + DAY_MS, DAY_MS).mean == [0.2]

    def test_a_step_of_nothing_is_refused(self, store: ReadingStore) -> None:
        with pytest.raises(ValueError, match="step_ms"):
            store.summary(["S1"], ["ph"], T0, T0 + DAY_MS, 0)


class TestWatermarks:
    def test_readings_and_watermark_come_together(self, open_again: Callable[..., ReadingStore]) -> None:
        store = open_again()
        store.commit(Block.of([reading(T0, 7.0)]), "gw1", "abc", 12)
        store.commit(Block(), "gw2", "def", 3)
        store.commit(Block.of([reading(T0 + 1, 7.1)]), "gw1", "abc", 15)
        store.close()
        again = open_again()
        assert again.watermarks() == {"gw1": ("abc", 15), "gw2": ("def", 3)}
        assert again.latest().value == [7.1]

    def test_what_is_delivered_again_does_not_undo_quality_control(self, store: ReadingStore) -> None:
        delivered = Block.of([reading(T0, 7.0), reading(T0, None, "orp"), reading(T0 + 60_000, 7.1)])
        store.commit(delivered, "gw1", "abc", 2)
        store.write(Block.of([Reading("S1", "ph", T0, 7.0, Quality.FAIL)]))
        store.commit(delivered, "gw1", "xyz", 2)
        found = store.range("S1", ["ph", "orp"], T0, T0 + HOUR_MS)
        assert found.quality == [Quality.FAIL, Quality.MISSING, Quality.NOT_EVALUATED]
        assert store.watermarks() == {"gw1": ("xyz", 2)}
        assert store.revisions(T0, T0 + HOUR_MS) == []
        assert store.summary(["S1"], ["ph"], T0, T0 + HOUR_MS, HOUR_MS).count == [1]

    def test_a_verdict_of_the_gateway_comes_in_and_another_one_of_it_does_not(self, store: ReadingStore) -> None:
        for verdict, kept in ((Quality.NOT_EVALUATED, 2), (Quality.SUSPECT, 3), (Quality.GOOD, 3)):
            store.commit(Block.of([Reading("S1", "ph", T0, 7.0, verdict)]), "gw1", "abc", 1)
            assert store.range("S1", ["ph"], T0, T0 + 1).quality == [kept]
        store.write(Block.of([reading(T0, 7.0)]))  # whoever judges may take a verdict back
        assert store.range("S1", ["ph"], T0, T0 + 1).quality == [Quality.NOT_EVALUATED]

    @pytest.mark.parametrize(
        "changed",
        [Reading("S1", "ph", T0, 7.5), Reading("S1", "ph", T0, 7.0, Quality.NOT_EVALUATED, StationState.MAINTENANCE)],
    )
    def test_another_value_or_state_is_another_reading(self, store: ReadingStore, changed: Reading) -> None:
        store.commit(Block.of([reading(T0, 7.0)]), "gw1", "abc", 1)
        store.write(Block.of([Reading("S1", "ph", T0, 7.0, Quality.FAIL)]))
        store.commit(Block.of([changed]), "gw1", "abc", 2)
        assert list(store.range("S1", ["ph"], T0, T0 + 1)) == [changed]
        assert [(revision.value, revision.quality) for revision in store.revisions(T0, T0 + 1)] == [(7.0, Quality.FAIL)]

    def test_a_new_epoch_replaces_the_old(self, store: ReadingStore) -> None:
        store.commit(Block(), "gw1", "abc", 1_000)
        store.commit(Block(), "gw1", "xyz", 2)
        assert store.watermarks() == {"gw1": ("xyz", 2)}


class TestAssessments:
    def assessment(self, subject: str, time_ms: int, water_class: str | None, **more: object) -> Assessment:
        return Assessment("river", subject, "window", time_ms, water_class, **more)  # type: ignore[arg-type]

    def test_what_is_put_comes_back(self, store: ReadingStore) -> None:
        full = Assessment(
            "station", "S1", "latest", T0, "IV", True, True, ("ammonia_nitrogen", "ph"),
            {"name": "斜塘河", "means": {"ph": 7.25, "tp": None}, "n": 3, "list": [1, 2.5, "x"], "quote": 'a"b\\c'},
        )  # fmt: skip
        store.put_assessments([full, self.assessment("R1", T0, None)])
        assert store.assessments("station", "latest") == [full]
        assert store.assessments("river", "window") == [self.assessment("R1", T0, None)]
        assert store.assessments("river", "latest") == []

    def test_judged_again_within_the_hour_overwrites(self, store: ReadingStore) -> None:
        store.put_assessments([self.assessment("R1", T0, "III", partial=True, deciding=("ph",))])
        store.put_assessments([self.assessment("R1", T0, None)])
        assert store.assessment_history("river", "R1", "window", T0, T0 + 1) == [self.assessment("R1", T0, None)]

    def test_newest_of_each_subject_and_its_history(self, store: ReadingStore) -> None:
        rows = [
            self.assessment(subject, T0 + hour * HOUR_MS, water_class)
            for subject in ("R2", "R1")
            for hour, water_class in ((2, "V"), (0, "II"), (1, "INFERIOR_V"))
        ]
        store.put_assessments(rows)
        store.put_assessments([])
        assert [(a.subject, a.water_class) for a in store.assessments("river", "window")] == [("R1", "V"), ("R2", "V")]
        history = store.assessment_history("river", "R1", "window", T0, T0 + 2 * HOUR_MS)
        assert [a.water_class for a in history] == ["II", "INFERIOR_V"]

    def test_what_judgements_came_to_without_why(self, store: ReadingStore) -> None:
        word = {"descriptor": "good", "name": "斜塘河"}
        store.put_assessments([
            self.assessment("R2", T0 + HOUR_MS, "V"),
            self.assessment("R2", T0, None, detail=word),
            self.assessment("R1", T0, "II", detail=word),
            self.assessment("R1", T0 + HOUR_MS, None),
            self.assessment("R1", T0 + 2 * HOUR_MS, "III"),
            self.assessment("R3", T0, "III"),
            Assessment("river", "R1", "day", T0, "IV"),
        ])  # fmt: skip
        asked = ["R2", "R1", "unknown"]
        assert store.conditions("river", asked, "window", T0, T0 + 2 * HOUR_MS) == {
            "R2": [Judged(T0, None, "good"), Judged(T0 + HOUR_MS, "V")],
            "R1": [Judged(T0, "II"), Judged(T0 + HOUR_MS, None)],
        }
        assert store.conditions("river", [], "window", T0, T0 + HOUR_MS) == {}


class TestOpening:
    def test_a_reader_sees_what_a_writer_wrote_and_writes_nothing(
        self, open_again: Callable[..., ReadingStore]
    ) -> None:
        writer = open_again()
        writer.write(Block.of([reading(T0, 7.0)]))
        reader = open_again(read_only=True)
        assert reader.latest().value == [7.0]
        writer.write(Block.of([reading(T0 + 60_000, 8.0)]))
        assert reader.latest().value == [8.0]
        assert reader.summary(["S1"], ["ph"], T0, T0 + HOUR_MS, HOUR_MS).mean == [7.5]
        with pytest.raises(StoreError):
            reader.write(Block.of([reading(T0, 1.0)]))
        assert writer.range("S1", ["ph"], T0, T0 + 1).value == [7.0]

    def test_closing_twice_is_harmless(self, store: ReadingStore) -> None:
        store.close()
        store.close()


@pytest.mark.parametrize("url", ["", "readings.sqlite", "oracle://x"])
def test_an_unknown_store_says_what_is_accepted(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite://") as caught:
        open_store(url)
    assert not caught.value.retryable
