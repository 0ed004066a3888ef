"""Goals are what an independent few lines make of the raw books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from collectors.stores import open_store
from collectors.stores.base import Assessment, ReadingStore
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.goals import (
    GoalState,
    change_goal,
    goal_states,
    progress,
    record_progress,
    record_progress_in,
    seed_goals,
)
from dashboard.casework.grades import last_month, month_grades, month_of
from dashboard.casework.lifecycle import StepRefusedError
from dashboard.casework.measures import MEASURES
from dashboard.casework.tables.goals import Goal, GoalProgress
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop
from dashboard.casework.tables.works import Pipe, SedimentClearing
from tests.dashboard.casework.made import at

DAY = date(2026, 6, 10)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def graded(store: ReadingStore, desk: Desk, month: str = "2026-05") -> None:
    """Monthly grades: R01 V, R02 inferior, R03 partial, R04 none at all, R05 without a class, the others II."""
    start_ms = month_of(desk.site, month).start_ms
    classes = {"R01": "V", "R02": "INFERIOR_V", "R03": "IV", "R05": None}
    store.put_assessments(
        [
            Assessment("river", river, "month", start_ms, classes.get(river, "II"), partial=river == "R03")
            for river in desk.site.rivers
            if river != "R04"
        ]
    )


@pytest.fixture
def filled(books: Books, desk: Desk) -> Books:
    site = desk.site
    with books.change("li", 1) as session:
        seed_goals(session, 2026)
        for index, outfall in enumerate(site.outfalls.values()):
            if index % 3:
                stage = ("unsurveyed", "surveyed", "closed")[index % 3]
                session.add(OutfallRecord(id=outfall.id, river=outfall.river, stage=stage))
        session.add(OutfallRecord(id="NEW1", river="R01", stage="surveyed"))
        session.add(OutfallRecord(id="NEW2", river="R01", stage="unsurveyed"))
        for index in range(50):
            state = ("unsurveyed", "in_order", "to_rectify", "rectified", "closed")[index % 5]
            session.add(Shop(id=f"S{index:02}", name="x", river="R01", state=state))
        for index in range(12):
            state = ("found", "rectified", "confirmed")[index % 3]
            session.add(LeakPoint(id=f"L{index:02}", river="R02", state=state, found_on=DAY))
            pipe = ("uninspected", "sound", "to_dredge", "to_repair", "done", "to_dredge")[index % 6]
            session.add(Pipe(id=f"P{index:02}", length_m=10.0 * (index + 1), state=pipe,
                             dredged_on=DAY if index == 8 else None))  # fmt: skip
        for number, (reach, from_m, to_m, done_on) in enumerate(
            [
                ("R01-1", 0, 300, date(2026, 3, 1)),
                ("R01-1", 350, 200, date(2026, 4, 1)),
                ("R01-2", 0, 10_000, date(2026, 4, 1)),
                ("R01-3", 0, 800, date(2025, 12, 31)),
                ("R01-3", 0, 100, None),
                ("gone", 0, 100, date(2026, 4, 1)),
            ]
        ):
            session.add(SedimentClearing(id=f"C{number}", river="R01", reach=reach, from_m=from_m, to_m=to_m,
                                         done_on=done_on))  # fmt: skip
        for reach in site.reaches_of("R07"):
            session.add(SedimentClearing(id=f"C-{reach.id}", river="R07", reach=reach.id, from_m=0,
                                         to_m=reach.length_m * 0.96, done_on=DAY))  # fmt: skip
    return books


def states(books: Books, desk: Desk, store: ReadingStore, day: date = DAY) -> dict[str, GoalState]:
    grades = month_grades(store, desk.site, last_month(desk, day))
    with books.read() as session:
        return {state.goal.id: state for state in goal_states(session, desk, day, grades)}


def test_the_goals_a_site_begins_with(books: Books) -> None:
    with books.change("li", 1) as session:
        assert len(seed_goals(session, 2026)) == 7
        goal = session.get(Goal, "year-end")
        assert goal is not None
        goal.target = 0.5
    with books.change("li", 2) as session:
        assert seed_goals(session, 2027) == []
        kept = session.get(Goal, "year-end")
        assert kept is not None
        assert (kept.target, kept.due_on) == (0.5, date(2026, 12, 31))


def test_figures_are_those_of_the_raw_books(filled: Books, desk: Desk, store: ReadingStore) -> None:
    graded(store, desk)
    found = states(filled, desk, store)
    site = desk.site
    with filled.read() as session:

        def rows(query: str) -> list:
            return list(session.execute(text(query)))

        surveyed = {row[0] for row in rows("SELECT id FROM outfall WHERE stage <> 'unsurveyed'")}
        all_outfalls = set(site.outfalls) | {row[0] for row in rows("SELECT id FROM outfall")}
        [[shops, shops_seen]] = rows("SELECT count(*), sum(CASE state WHEN 'unsurveyed' THEN 0 ELSE 1 END) FROM shop")
        [[leaks, found_only]] = rows("SELECT count(*), sum(CASE state WHEN 'found' THEN 1 ELSE 0 END) FROM leak_point")
        pipes = rows("SELECT length_m, dredged_on, state FROM pipe")
        clearings = rows("SELECT reach, from_m, to_m FROM sediment_clearing WHERE done_on >= '2026-01-01'")
    metres = {reach.id: set() for reach in site.reaches.values()}
    for reach, from_m, to_m in clearings:
        if reach in metres:
            low, high = sorted((from_m, to_m))
            metres[reach].update(metre for metre in range(round(site.reaches[reach].length_m)) if low <= metre < high)
    cleared = sum(map(len, metres.values()))
    clean = [
        river
        for river in site.rivers
        if all(len(metres[reach.id]) >= 0.95 * reach.length_m for reach in site.reaches_of(river))
    ]
    expected = {
        "near-outfalls": (len(surveyed), len(all_outfalls)),
        "mid-shops": (shops_seen, shops),
        "mid-leaks": (leaks - found_only, leaks),
        "long-pipes": (
            sum(m for m, day, state in pipes if day or state in ("sound", "done")),
            sum(p[0] for p in pipes),
        ),
        "year-end": (len(site.rivers) - 5, len(site.rivers)),
        "years-rivers": (len(clean), len(site.rivers)),
    }
    assert {key: (found[key].measured.value, found[key].measured.total) for key in expected} == expected
    assert clean == ["R07"]
    sediment = found["long-sediment"].measured
    assert sediment.total == sum(reach.length_m for reach in site.reaches.values())
    assert sediment.value == pytest.approx(cleared, abs=len(site.reaches))
    assert cleared > 0


def test_what_stands_in_the_way_adds_up(filled: Books, desk: Desk, store: ReadingStore) -> None:
    graded(store, desk)
    for state in states(filled, desk, store).values():
        measured = state.measured
        assert measured.obstacles
        assert sum(item.amount for item in measured.obstacles) == pytest.approx(measured.total - measured.value)
    why = {item.id: item.why for item in states(filled, desk, store)["year-end"].measured.obstacles}
    assert why == {"R01": "bad", "R02": "bad", "R03": "partial", "R04": "ungraded", "R05": "ungraded"}
    assert states(filled, desk, store)["year-end"].measured.basis == "2026-05"


def test_only_a_month_that_is_over_counts(filled: Books, desk: Desk, store: ReadingStore) -> None:
    graded(store, desk)
    assert states(filled, desk, store, date(2026, 5, 31))["year-end"].measured.value == 0
    assert states(filled, desk, store, date(2026, 6, 1))["year-end"].measured.value == len(desk.site.rivers) - 5


def test_nothing_to_measure_is_not_success(books: Books, desk: Desk, store: ReadingStore) -> None:
    with books.change("li", 1) as session:
        seed_goals(session, 2026)
    found = states(books, desk, store)
    for key in ("mid-shops", "mid-leaks", "long-pipes"):
        assert (found[key].standing, found[key].forecast.why) == ("unknown", "nothing_known")
    assert found["year-end"].measured.value == 0


def with_history(books: Books, desk: Desk, store: ReadingStore, **days: tuple[float, float]) -> GoalState:
    """Shops of which 40 of 50 are surveyed, after a history by days before."""
    with books.change("li", 1) as session:
        for ago, (value, total) in days.items():
            session.add(
                GoalProgress(goal="mid-shops", day=DAY - timedelta(days=int(ago[1:])), value=value, total=total)
            )
    return states(books, desk, store)["mid-shops"]


def test_a_forecast_at_this_pace(filled: Books, desk: Desk, store: ReadingStore) -> None:
    state = with_history(filled, desk, store, d100=(0, 50), d40=(20, 50), d10=(35, 50))
    # 30 were open 40 days ago, 10 are now: half a shop a day.
    assert (state.forecast.why, state.forecast.pace_per_day, state.forecast.since) == (
        "pace", 0.5, DAY - timedelta(days=40),
    )  # fmt: skip
    assert state.forecast.reached_on == DAY + timedelta(days=20)
    assert state.standing == "on_track"


def test_what_is_found_meanwhile_slows_the_pace(filled: Books, desk: Desk, store: ReadingStore) -> None:
    state = with_history(filled, desk, store, d40=(20, 35))
    assert state.forecast.pace_per_day == (15 - 10) / 40
    assert state.forecast.reached_on == DAY + timedelta(days=80)


@pytest.mark.parametrize(
    ("days", "why", "standing"),
    [
        ({}, "no_history", "unknown"),
        ({"d13": (20, 50)}, "no_history", "unknown"),
        ({"d20": (40, 50)}, "no_progress", "at_risk"),
        ({"d20": (45, 50)}, "no_progress", "at_risk"),
        ({"d80": (39, 50)}, "pace", "at_risk"),
    ],
)
def test_how_a_goal_stands(filled: Books, desk: Desk, store: ReadingStore, days: dict, why: str, standing: str) -> None:
    state = with_history(filled, desk, store, **days)
    assert (state.forecast.why, state.standing) == (why, standing)


def test_a_goal_may_ask_for_a_part_and_may_be_missed(filled: Books, desk: Desk, store: ReadingStore) -> None:
    with filled.change("li", 1) as session:
        goal = session.get(Goal, "mid-shops")
        assert goal is not None
        goal.target = 0.8
    reached = states(filled, desk, store)["mid-shops"]
    assert (reached.standing, reached.needed) == ("reached", 40)
    with filled.change("li", 1) as session:
        goal = session.get(Goal, "mid-shops")
        assert goal is not None
        goal.target, goal.due_on = 1.0, DAY - timedelta(days=1)
    assert states(filled, desk, store)["mid-shops"].standing == "missed"


def test_progress_of_a_day_is_kept_once(filled: Books, desk: Desk, store: ReadingStore) -> None:
    now_ms = at("2026-06-10 23:30")
    record_progress_in(filled, desk, store, now_ms)
    with filled.change("li", 1) as session:
        shop = session.get(Shop, "S00")
        assert shop is not None
        shop.state = "in_order"
        record_progress(session, desk, DAY, {})
    record_progress_in(filled, desk, store, now_ms + 3_600_000)
    with filled.read() as session:
        kept = progress(session, "mid-shops", DAY - timedelta(days=9), DAY + timedelta(days=9))
        assert [(row.day, row.value, row.total) for row in kept] == [(DAY, 41, 50), (DAY + timedelta(days=1), 41, 50)]


def test_where_it_lies_adds_up(filled: Books, desk: Desk, store: ReadingStore) -> None:
    with filled.change("li", 1) as session:
        session.get_one(Shop, "S00").grid = "G001"
        session.get_one(LeakPoint, "L00").shop = "S00"
    graded(store, desk)
    found = states(filled, desk, store)
    for state in found.values():
        shares = state.measured.shares
        assert sum(share.value for share in shares) == pytest.approx(state.measured.value)
        assert sum(share.total for share in shares) == pytest.approx(state.measured.total)
    assert [(one.river, one.value, one.total) for one in found["mid-shops"].measured.shares if one.grid == "G001"] == [
        ("R01", 0, 1)
    ]
    assert [one.grid for one in found["mid-leaks"].measured.obstacles if one.id == "L00"] == ["G001"]


def test_what_nobody_evaluated_has_no_figure_and_leaves_no_history(
    filled: Books, desk: Desk, store: ReadingStore
) -> None:
    found = states(filled, desk, store)["year-end"]
    assert (found.measured.unknown, found.forecast.why, found.standing) == ("not_evaluated", "not_evaluated", "unknown")
    late = states(filled, desk, store, date(2027, 1, 3))["year-end"]
    assert late.standing == "unknown"
    record_progress_in(filled, desk, store, at("2026-06-10 12:00"))
    with filled.read() as session:
        kept = {row.goal for row in session.query(GoalProgress)}
    assert "year-end" not in kept
    assert "mid-shops" in kept
    graded(store, desk)
    record_progress_in(filled, desk, store, at("2026-06-10 13:00"))
    with filled.read() as session:
        assert session.get_one(GoalProgress, ("year-end", DAY)).value == len(desk.site.rivers) - 5


def test_a_forecast_says_what_it_rests_on(filled: Books, desk: Desk, store: ReadingStore) -> None:
    one = with_history(filled, desk, store, d40=(20, 50)).forecast
    assert (one.left_then, one.left) == (30, 10)
    assert one.since == DAY - timedelta(days=40)


def test_a_forecast_says_since_when_nothing_moved(filled: Books, desk: Desk, store: ReadingStore) -> None:
    flat = with_history(filled, desk, store, d80=(20, 50), d60=(40, 50), d40=(40, 50), d3=(40, 50))
    assert flat.forecast.still_since == DAY - timedelta(days=60)
    moved = with_history(filled, desk, store, d1=(39, 50))
    assert moved.forecast.still_since is None


def test_the_office_changes_a_goal_with_its_reason(filled: Books) -> None:
    shown = (1.0, date(2026, 12, 31))
    with filled.change("wang", 5, "asked by the street") as session:
        change_goal(session, "mid-shops", target=0.9, due_on=date(2027, 3, 31), note="n", shown=shown)
    with filled.read() as session:
        last = session.query(AuditEntry).order_by(AuditEntry.seq.desc()).first()
        assert last is not None
        assert (last.actor, last.reason, last.before) == (
            "wang", "asked by the street", {"target": 1.0, "due_on": "2026-12-31", "note": ""},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("goal", "target", "due_on", "shown", "why"),
    [
        ("mid-x", 0.9, date(2027, 3, 31), (1.0, date(2026, 12, 31)), "there is no goal"),
        ("mid-shops", 0.9, date(2027, 3, 31), (0.5, date(2026, 12, 31)), "changed meanwhile"),
        ("mid-shops", 0.0, date(2027, 3, 31), (1.0, date(2026, 12, 31)), "a target is a share"),
        ("mid-shops", 1.01, date(2027, 3, 31), (1.0, date(2026, 12, 31)), "a target is a share"),
        ("mid-shops", 0.9, date(2026, 1, 1), (1.0, date(2026, 12, 31)), "the date must come after"),
    ],
)
def test_a_goal_that_cannot_be_so(
    filled: Books, goal: str, target: float, due_on: date, shown: tuple[float, date], why: str
) -> None:
    with pytest.raises(StepRefusedError, match=why), filled.change("wang", 5) as session:
        change_goal(session, goal, target=target, due_on=due_on, note="", shown=shown)


def test_every_measure_has_its_goal(books: Books) -> None:
    with books.change("li", 1) as session:
        seed_goals(session, 2026)
        assert {goal.measure for goal in session.query(Goal)} == set(MEASURES)
