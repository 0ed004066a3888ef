"""Columns say what rows say: the quick way and the careful way are one book of rules."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import wire, wire_columns
from collectors.wire import Batch, Refusal, WireError
from collectors.wire_columns import Columns, Run, parse_columns, put_runs
from sensors.determinand import DETERMINANDS
from sensors.reading import Block, Observation, Quality, Reading, StationState

NOW = 1_790_000_000_000
KEYS = list(DETERMINANDS)

values = st.tuples(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), st.sampled_from(Quality))
observations = st.builds(
    Observation,
    station=st.sampled_from(["S1", "S2", "斜塘-1"]),
    time_ms=st.sampled_from([NOW - 5, NOW - 4, NOW]),  # few instants: rows of a series meet
    values=st.dictionaries(st.sampled_from(KEYS[:4]), values, max_size=3),
    state=st.sampled_from(StationState),
)


def raw_of(*many: Observation, after: int = 40) -> bytes:
    return wire.encode_batch(Batch("gw1", "0123abcd", 7, after, after + len(many), tuple(enumerate(many, after + 1))))


def block_of(runs: Sequence[Run]) -> Block:
    block = Block()
    put_runs(runs, block)
    return block


def latest(readings: Block) -> dict[tuple[str, str, int], Reading]:
    """What a store would keep: the last of each."""
    return {(reading.station, reading.determinand, reading.time_ms): reading for reading in readings}


def rows_of(columns: Columns) -> list[int]:
    return sorted(seq for run in columns.runs for seq in run.seq)


@given(st.lists(observations, min_size=1, max_size=30))
def test_columns_and_rows_say_the_same(many: list[Observation]) -> None:
    raw = raw_of(*many)
    batch, columns = wire.parse_batch(raw, "gw1", NOW), parse_columns(raw, "gw1", NOW)
    block = Block.of(reading for _, row in batch.rows for reading in row.readings())
    assert latest(block_of(columns.runs)) == latest(block)
    assert len(block_of(columns.runs)) == len(block)
    assert (rows_of(columns), columns.refused) == ([seq for seq, _ in batch.rows], batch.refused)


ODD: list[Any] = [
    None, True, -1, 0, 1, 2, 3, 7, 41, 10**400, 1e308, 9e307, 0.5, "", "N", "X", "S1", "S7", [], {}, [1], ["N", "N"],
    [1, 2, 3], [2, 1, 3], [1, 1, 2], [7.0, None, 7], [1e308, 1e308, 1e308], [True, 1, 2], [NOW] * 3, [NOW + 10**9] * 3,
    {"ph": 2}, {"ph": [2, 3, 9]}, {"ph": [7.1, 7.2, None]}, {"mud": [7.1, 7.2, None]}, {"ph": [1, 2, 3], "mud": [1]},
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(["station", "seq", "time_ms", "state", "quality", "values", "more"]),
                       st.sampled_from(ODD), max_size=3), st.booleans())  # fmt: skip
def test_what_is_odd_is_refused_alike(changes: dict[str, Any], known: bool) -> None:
    body = json.loads(raw_of(*(Observation("S1", NOW, {"ph": (7.0, Quality.GOOD)}) for _ in range(3))))
    body["groups"].append({**body["groups"][0], "station": "S2", "seq": [1, 2, 3], **changes})
    body["groups"][0]["seq"], body["last"] = [4, 5, 6], 46
    raw = json.dumps(body).encode()
    stations = {"S1", "S2"} if known else None
    batch, columns = (parse(raw, "gw1", NOW, stations=stations) for parse in (wire.parse_batch, parse_columns))
    block = Block.of(reading for _, row in batch.rows for reading in row.readings())
    assert latest(block_of(columns.runs)) == latest(block)
    assert (rows_of(columns), columns.refused) == ([seq for seq, _ in batch.rows], batch.refused)


def test_sound_groups_take_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_columns, "read_group", lambda *_: pytest.fail("row by row"))
    random_ = random.Random(3)
    many = [
        Observation(
            f"S{n % 4}", NOW - n, {key: (random_.choice([None, 1.5, 0.1]), Quality.MISSING) for key in KEYS[:6]}
        )
        for n in range(200)
    ]
    columns = parse_columns(raw_of(*many), "gw1", NOW, stations={f"S{n}" for n in range(4)})
    assert (columns.rows, len(block_of(columns.runs))) == (200, 1200)
    with pytest.raises(pytest.fail.Exception):
        parse_columns(raw_of(*many), "gw1", NOW, stations={"S0"})


def test_only_what_is_new() -> None:
    many = [Observation("S1", NOW - n, {"ph": (float(n), Quality.GOOD)}) for n in range(5)]
    columns = parse_columns(raw_of(*many), "gw1", NOW)
    assert [run.seq for run in columns.beyond(40)] == [[41, 42, 43, 44, 45]]
    assert block_of(columns.beyond(43)).value == [3.0, 4.0]
    assert columns.beyond(45) == []


def test_of_two_readings_of_one_instant_the_later_number_wins() -> None:
    both = {"ph": (1.0, Quality.GOOD), "orp": (1.0, Quality.GOOD)}
    rows = [Observation("S1", NOW, {"ph": (n, Quality.GOOD)} if n != 2 else both) for n in (0.0, 2, 3.0)]
    block = block_of(parse_columns(raw_of(*rows), "gw1", NOW).runs)
    assert [value for key, value in zip(block.determinand, block.value, strict=True) if key == "ph"] == [0.0, 1.0, 3.0]


def test_a_batch_with_too_many_rows_and_one_with_a_number_twice() -> None:
    many = [Observation(f"S{n % 2}", NOW, {"ph": (1.0, Quality.GOOD)}) for n in range(wire.MAX_ROWS + 1)]
    with pytest.raises(WireError, match="rows"):
        parse_columns(raw_of(*many), "gw1", NOW)
    body = json.loads(raw_of(*many[:4]))
    body["groups"][1]["seq"] = body["groups"][0]["seq"]
    columns = parse_columns(json.dumps(body).encode(), "gw1", NOW)
    assert [(refusal.reason, refusal.rows) for refusal in columns.refused] == [("shape", 2)]
    assert isinstance(columns.refused[0], Refusal)
