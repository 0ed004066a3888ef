"""When slots are due: who is waited for, and for how long."""

from __future__ import annotations

from deploy.watch.grid import SLOT_MS
from deploy.watch.pace import BACKLOG_MS, HOLD_MS, PATIENCE_MS, Pace
from sensors.reading import Block, Reading

NOON = 1_790_000_100_000 // SLOT_MS * SLOT_MS
MINUTE = 60_000


def pace_of(**newest_ms: int) -> Pace:
    """Stations that were heard at noon, and what the newest reading of each was."""
    pace = Pace(newest_ms)
    pace.hear(NOON, {name: (time_ms, time_ms) for name, time_ms in newest_ms.items()}, None)
    return pace


def test_a_slot_is_due_as_soon_as_everybody_has_passed_its_end() -> None:
    assert pace_of(A=NOON, B=NOON + 1).due(NOON + 2, NOON - SLOT_MS) == NOON
    assert pace_of(A=NOON, B=NOON - 1).due(NOON + 2, NOON - SLOT_MS) == NOON - SLOT_MS


def test_a_station_that_falls_silent_is_waited_for_until_the_hold_is_over() -> None:
    pace = pace_of(A=NOON, B=NOON - 1)
    for now_ms, due_ms in ((NOON + HOLD_MS - 1, NOON - SLOT_MS), (NOON + HOLD_MS + 1, NOON + HOLD_MS)):
        pace.hear(now_ms, {"A": (now_ms, now_ms)}, None)
        assert pace.due(now_ms, NOON - SLOT_MS) == due_ms // SLOT_MS * SLOT_MS


def test_where_nobody_tells_anything_nothing_is_due() -> None:
    pace = pace_of(A=NOON, B=NOON)
    assert pace.due(NOON + 10 * HOLD_MS, NOON - SLOT_MS) == NOON - SLOT_MS
    assert Pace(["A"]).due(NOON, NOON - SLOT_MS) == NOON - SLOT_MS


def test_after_a_start_the_first_word_of_each_station_is_waited_for_a_minute() -> None:
    pace = Pace(["A", "B"])
    pace.hear(NOON, {"A": (NOON, NOON)}, None)
    assert not pace.complete(NOON + PATIENCE_MS)
    assert pace.due(NOON + PATIENCE_MS, NOON - SLOT_MS) == NOON - SLOT_MS
    assert pace.complete(NOON + PATIENCE_MS + 1)
    assert pace.due(NOON + PATIENCE_MS + 1, NOON - SLOT_MS) == NOON


def test_what_was_kept_while_the_line_was_down_is_waited_for_while_it_comes() -> None:
    old, before = NOON - 30 * SLOT_MS, NOON - 40 * SLOT_MS
    pace = pace_of(A=NOON, B=old)
    assert pace.due(NOON + PATIENCE_MS, before) == old
    assert pace.due(NOON + PATIENCE_MS + 1, before) == NOON, "nothing came for a minute"


def test_a_backlog_that_never_ends_does_not_hold_the_others_up_for_ever() -> None:
    pace, old = pace_of(A=NOON, B=NOON - 300 * SLOT_MS), NOON - 300 * SLOT_MS
    judged_ms = NOON - 400 * SLOT_MS
    now_ms = NOON
    while pace.due(now_ms, judged_ms) <= old and now_ms < NOON + 2 * BACKLOG_MS:
        now_ms, old = now_ms + MINUTE, old + MINUTE
        pace.hear(now_ms, {"A": (now_ms, now_ms), "B": (old, old)}, judged_ms)
    assert BACKLOG_MS < now_ms - NOON <= BACKLOG_MS + 2 * MINUTE


def test_what_is_far_behind_the_judged_slots_holds_nobody_up() -> None:
    pace = pace_of(A=NOON, B=NOON - 300 * SLOT_MS)
    assert pace.due(NOON, NOON - SLOT_MS) == NOON


def test_slots_can_be_made_to_settle() -> None:
    pace = Pace(["A"], settle_ms=2 * SLOT_MS)
    pace.hear(NOON, {"A": (NOON, NOON)}, None)
    assert pace.due(NOON, NOON - 5 * SLOT_MS) == NOON - 2 * SLOT_MS


def test_late_readings_are_told_once_and_none_from_before_the_limit() -> None:
    pace = pace_of(A=NOON, B=NOON)
    pace.hear(NOON, {"A": (NOON - 7, NOON), "B": (NOON + 1, NOON + 1), "elsewhere": (0, 0)}, NOON)
    pace.hear(NOON, {"A": (NOON - 3, NOON)}, NOON)
    assert pace.late(NOON - 100) == {"A": NOON - 7}
    assert pace.late(NOON - 5) == {"A": NOON - 5}
    pace.let_go()
    assert pace.late(0) == {}


def test_the_newest_readings_of_the_store_are_known_but_nobody_was_heard() -> None:
    pace = Pace(["A"])
    pace.know(Block.of([Reading("A", "ph", NOON, 7.0), Reading("elsewhere", "ph", NOON, 7.0)]))
    assert not pace.complete(NOON)
    pace.hear(NOON, {"A": (NOON - SLOT_MS, NOON - SLOT_MS)}, None)
    assert not pace.complete(NOON), "an old reading that changed is no sign of life"
