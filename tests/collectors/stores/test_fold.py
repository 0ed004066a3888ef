from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collectors.stores.base import DAY_OFFSET_MS
from collectors.stores.fold import Piece, day_of, pieces, union
from sensors.durations import DAY_MS, HOUR_MS

#: Midnight of UTC+8.
T0 = 1_730_000_000_000 // DAY_MS * DAY_MS - DAY_OFFSET_MS

spans = st.lists(
    st.tuples(st.integers(-5, 200), st.integers(1, 30)).map(
        lambda one: (T0 + one[0] * HOUR_MS, T0 + sum(one) * HOUR_MS)
    ),
    max_size=4,
)


@given(
    st.integers(0, 100).map(lambda n: T0 + n * HOUR_MS),
    st.integers(0, 20 * DAY_MS),
    st.sampled_from([HOUR_MS, 3 * HOUR_MS, DAY_MS, 7 * DAY_MS, 60_000]),
    st.integers(-10, 300).map(lambda n: T0 + n * HOUR_MS),
    spans,
)
def test_pieces_cover_a_span_once_and_no_roll_up_is_asked_where_it_is_wrong(
    start_ms: int, length_ms: int, step_ms: int, settled_ms: int, pending: list[tuple[int, int]]
) -> None:
    end_ms = start_ms + length_ms
    found = pieces(start_ms, end_ms, step_ms, settled_ms, pending)
    at_ms = start_ms
    for piece in found:
        assert piece.start_ms == at_ms < piece.end_ms
        at_ms = piece.end_ms
        if piece.level != "reading":
            assert step_ms % HOUR_MS == 0
            assert piece.end_ms <= settled_ms
            assert not any(low < piece.end_ms and piece.start_ms < high for low, high in pending)
            assert piece.start_ms % HOUR_MS == piece.end_ms % HOUR_MS == 0
        if piece.level == "day":
            assert step_ms % DAY_MS == 0
            assert (day_of(piece.start_ms), day_of(piece.end_ms)) == (piece.start_ms, piece.end_ms)
    assert at_ms == end_ms


def test_a_year_of_days_comes_from_days() -> None:
    end_ms = T0 + 366 * DAY_MS + HOUR_MS // 2
    found = pieces(T0, end_ms, DAY_MS, T0 + 366 * DAY_MS, [(T0 + 5 * HOUR_MS, T0 + 6 * HOUR_MS)])
    assert found == (
        Piece("hour", T0, T0 + 5 * HOUR_MS),
        Piece("reading", T0 + 5 * HOUR_MS, T0 + 6 * HOUR_MS),
        Piece("hour", T0 + 6 * HOUR_MS, T0 + DAY_MS),
        Piece("day", T0 + DAY_MS, T0 + 366 * DAY_MS),
        Piece("reading", T0 + 366 * DAY_MS, end_ms),
    )


def test_spans_are_put_together_where_they_touch() -> None:
    assert union([(5, 7), (1, 3), (3, 4), (6, 9), (11, 11)]) == [(1, 4), (5, 9)]
