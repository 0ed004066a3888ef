"""Payloads that nobody meant: whatever comes, nothing crashes and nothing is taken that the payload does not say.

20,000 of them; ``RIVERCHIEF_FUZZ=100000`` for more.
"""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import wire
from collectors.wire import Batch, WireError
from collectors.wire_columns import parse_columns
from sensors.determinand import DETERMINANDS
from sensors.reading import Observation, Quality, StationState

COUNT = int(os.environ.get("RIVERCHIEF_FUZZ", "20000"))
NOW = 1_790_000_000_000
KEYS = list(DETERMINANDS)[:6]
STATIONS = ("S1", "S2", "斜塘-1")

#: A row as plain values.
Row = tuple[str, int, str, bool, tuple[tuple[str, float | None, int], ...]]

ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2**31, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, "", "S1", "N", "NaN", [], {}, [1],
    [None], {"ph": 1}, "ph", "\u0000", "x" * 100, NOW, NOW + 10**9,
)  # fmt: skip


def payload(source: random.Random) -> bytes:
    """What a gateway sends."""
    rows = []
    for seq in range(1, source.randint(2, 12)):
        keys = source.sample(KEYS, source.randint(0, 4))
        values = {
            key: (source.choice((None, round(source.gauss(7, 3), 3))), source.choice(list(Quality))) for key in keys
        }
        rows.append(
            (
                seq,
                Observation(
                    source.choice(STATIONS), NOW - source.randint(0, 10**6), values,
                    source.choice(list(StationState)), source.random() < 0.8,
                ),
            )
        )  # fmt: skip
    return wire.encode_batch(Batch("gw1", "0123abcd", 0, 0, len(rows), tuple(rows)))


def flip(raw: bytes, source: random.Random) -> bytes:
    made = bytearray(raw)
    for _ in range(source.randint(1, 4)):
        made[source.randrange(len(made))] ^= 1 << source.randrange(8)
    return bytes(made)


def cut(raw: bytes, source: random.Random) -> bytes:
    start, end = sorted(source.sample(range(len(raw)), 2))
    return raw[:start] + raw[end:] if source.random() < 0.5 else raw[start:end]


def splice(raw: bytes, source: random.Random) -> bytes:
    other = payload(source)
    return raw[: source.randrange(len(raw))] + other[source.randrange(len(other)) :]


def digits(raw: bytes, source: random.Random) -> bytes:
    made = bytearray(raw)
    places = [i for i, byte in enumerate(made) if 48 <= byte <= 57]
    for _ in range(source.randint(1, 3)):
        made[source.choice(places)] = source.choice(b"0123456789-.eE,")
    return bytes(made)


def bend(raw: bytes, source: random.Random) -> bytes:
    """Something else in one place of the structure."""
    body = json.loads(raw)
    there: Any = body
    while True:
        keys = list(there) if isinstance(there, dict) else list(range(len(there)))
        key = source.choice(keys)
        inner = there[key]
        if isinstance(inner, dict | list) and inner and source.random() < 0.8:
            there = inner
            continue
        chance = source.random()
        if chance < 0.6:
            there[key] = source.choice(ODD)
        elif chance < 0.8:
            del there[key]
        elif isinstance(there, list):
            there.insert(source.randrange(len(there) + 1), inner)
        else:
            there[source.choice(KEYS)] = inner
        return json.dumps(body).encode()


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, cut, splice, digits, bend, bend, bend)


def said(raw: bytes) -> dict[int, list[Row]]:
    """Rows that a payload spells out, read without any check by another way than the code's."""
    body = json.loads(raw)
    found: dict[int, list[Row]] = {}
    for group in body["groups"]:
        try:
            for i, seq in enumerate(group["seq"]):
                state = group["state"][i] if isinstance(group["state"], list) else group["state"]
                cells = []
                for key, column in group["values"].items():
                    if key not in DETERMINANDS:
                        continue
                    flag = group.get("quality")
                    flag = flag[key] if isinstance(flag, dict) else flag
                    cells.append((key, column[i], flag[i] if isinstance(flag, list) else flag))
                row = (group["station"], group["time_ms"][i], state, i not in group.get("adrift", []), tuple(cells))
                found.setdefault(body["after"] + seq, []).append(row)
        except (TypeError, KeyError, IndexError, AttributeError):
            continue
    return found


def row_of(observation: Observation) -> Row:
    cells = tuple((key, value, int(quality)) for key, (value, quality) in observation.values.items())
    return observation.station, observation.time_ms, str(observation.state), observation.synchronised, cells


def check(raw: bytes) -> bool:
    """Read it both ways; whether anything of it was taken."""
    try:
        batch = wire.parse_batch(raw, "gw1", NOW, stations=STATIONS)
    except WireError:
        batch = None
    try:
        columns = parse_columns(raw, "gw1", NOW, stations=STATIONS)
    except WireError:
        columns = None
    assert (batch is None) == (columns is None)
    if batch is None or columns is None:
        return False
    spelled = said(raw)
    for seq, observation in batch.rows:
        assert batch.after < seq <= batch.last
        assert row_of(observation) in spelled[seq]
        assert observation.station in STATIONS
        assert wire.OLDEST_MS <= observation.time_ms <= NOW + wire.FUTURE_MS
        assert all(value is None or math.isfinite(value) for value, _ in observation.values.values())
    assert len({seq for seq, _ in batch.rows}) == len(batch.rows)
    assert columns.rows == len(batch.rows)
    assert len(columns.refused) == len(batch.refused)
    return bool(batch.rows)


def test_a_corpus_of_real_ones_bent() -> None:
    source = random.Random(212)
    corpus = [payload(source) for _ in range(200)]
    assert all(map(check, corpus))
    taken = 0
    for n in range(COUNT):
        raw = corpus[n % len(corpus)]
        for _ in range(1 if source.random() < 0.7 else 3):
            if len(raw) > 2:
                try:
                    raw = source.choice(WAYS)(raw, source)
                except (ValueError, IndexError, TypeError):
                    break  # no longer JSON, or nothing left to bend: bent enough
        taken += check(raw)
    # Most are refused, and not all: the test looks at both sides.
    assert 0.05 * COUNT < taken < 0.7 * COUNT


@settings(max_examples=max(200, COUNT // 50))
@given(st.binary(max_size=200))
def test_bytes(raw: bytes) -> None:
    assert not check(raw)


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=max(200, COUNT // 50))
@given(jsons, st.sampled_from(["groups", "epoch", "base", "after", "last", "v", "gateway"]))
def test_any_json_in_any_place(made: Any, name: str) -> None:
    body = json.loads(payload(random.Random(1)))
    body[name] = made
    check(json.dumps(body).encode())
    check(json.dumps(made).encode())
