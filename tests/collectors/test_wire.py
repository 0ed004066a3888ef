from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import wire
from collectors.wire import Batch, Watermark, WireError
from sensors.determinand import DETERMINANDS
from sensors.reading import Observation, Quality, StationState

NOW = 1_790_000_000_000
KEYS = list(DETERMINANDS)

values = st.tuples(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), st.sampled_from(Quality))
observations = st.builds(
    Observation,
    station=st.sampled_from(["S1", "S2", "斜塘-1"]),
    time_ms=st.integers(wire.OLDEST_MS, NOW),
    values=st.dictionaries(st.sampled_from(KEYS[:5]), values, max_size=5),
    state=st.sampled_from(StationState),
    synchronised=st.booleans(),
)


def batch(*observations: Observation, after: int = 40, base: int = 7) -> Batch:
    rows = tuple(enumerate(observations, start=after + 1))
    return Batch("gw1", "0123abcd", base, after, after + max(len(rows), 1), rows)


def observation(time_ms: int = NOW, station: str = "S1", **values: float | None) -> Observation:
    return Observation(
        station, time_ms, {key: (value, Quality.NOT_EVALUATED) for key, value in (values or {"ph": 7.1}).items()}
    )


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(wire.encode_batch(batch(observation(), observation(ph=None))))
    made.update(changes)
    return made


def group(**changes: Any) -> dict[str, Any]:
    made = body()
    made["groups"][0].update(changes)
    return made


def parse(payload: Any, **more: Any) -> Batch:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return wire.parse_batch(raw, "gw1", NOW, **more)


class TestTopics:
    def test_round_trip(self) -> None:
        text = wire.topic("xietang", 3, "gw-b.7_x", "birth")
        assert text == "rc1/xietang/3/gw-b.7_x/birth"
        assert wire.parse_topic(text) == wire.Topic("xietang", 3, "gw-b.7_x", "birth")
        assert wire.shard_filter("xietang", 3, "obs") == "rc1/xietang/3/+/obs"
        assert wire.shard_filter("x", 0, "obs") == "rc1/x/0/+/obs"

    @pytest.mark.parametrize("gateway", ["", "gw/obs", "+", "#", "$SYS", "a b", "网关", "x" * 65, "-gw", "gw\n"])
    def test_an_id_stays_in_its_place(self, gateway: str) -> None:
        with pytest.raises(WireError, match="topic"):
            wire.topic("xietang", 0, gateway, "obs")

    @pytest.mark.parametrize(
        "text",
        [
            "", "rc1", "rc2/x/0/gw/obs", "rc1/x/0/gw", "rc1/x/0/gw/obs/y", "rc1/x/-1/gw/obs", "rc1/x/a/gw/obs",
            "rc1/x/²/gw/obs", "rc1/x/0/gw/secrets", "rc1/x/0//obs", "rc1/+/0/gw/obs", "rc1/x/0/gw/obs\n",
        ],
    )  # fmt: skip
    def test_foreign_topics_are_refused(self, text: str) -> None:
        with pytest.raises(WireError):
            wire.parse_topic(text)


class TestBatch:
    @given(st.lists(observations, min_size=1, max_size=30))
    def test_round_trip(self, many: list[Observation]) -> None:
        sent = batch(*many)
        assert parse(wire.encode_batch(sent)) == sent

    def test_a_run_may_have_holes_and_no_rows(self) -> None:
        empty = Batch("gw1", "0123abcd", 50, 50, 90, ())
        assert parse(wire.encode_batch(empty)) == empty
        holes = Batch("gw1", "0123abcd", 5, 50, 90, ((60, observation()), (89, observation())))
        assert parse(wire.encode_batch(holes)) == holes

    def test_columns_are_small(self) -> None:
        random_ = random.Random(1)
        rows = [
            observation(NOW - minute * 60_000, f"S{n}", **{key: round(random_.uniform(0, 9), 2) for key in KEYS[:9]})
            for minute in range(5)
            for n in range(40)
        ]
        assert len(wire.encode_batch(batch(*rows))) / (200 * 9) < 13

    def test_times_of_a_clock_that_nobody_keeps_are_marked(self) -> None:
        rows = [observation(), replace(observation(NOW - 1), synchronised=False), observation(NOW - 2)]
        [sent] = json.loads(wire.encode_batch(batch(*rows)))["groups"]
        assert sent["adrift"] == [1]
        assert "adrift" not in json.loads(wire.encode_batch(batch(*rows[::2])))["groups"][0]
        assert [row.synchronised for _, row in parse(wire.encode_batch(batch(*rows))).rows] == [True, False, True]

    @pytest.mark.parametrize("adrift", [1, [2], [-1], [True], [0.0], ["0"], [0, 0], None])
    def test_marks_that_are_none(self, adrift: Any) -> None:
        [refused] = parse(group(adrift=adrift)).refused
        assert (refused.reason, refused.rows) == ("shape", 2)

    def test_a_mark_stays_with_a_row_that_is_refused(self) -> None:
        [refused] = parse(group(adrift=[1], time_ms=[NOW, NOW + 10**9])).refused
        assert json.loads(refused.payload)["adrift"] == [0]

    def test_a_row_from_the_future_does_not_take_the_others_with_it(self) -> None:
        ahead = NOW + wire.FUTURE_MS
        found = parse(wire.encode_batch(batch(observation(ahead), observation(ahead + 1), observation(1_000))))
        assert [seq for seq, _ in found.rows] == [41]
        assert [refusal.reason for refusal in found.refused] == ["future", "past"]
        assert found.last == 43

    def test_stations_of_other_gateways_are_refused(self) -> None:
        found = parse(wire.encode_batch(batch(observation(), observation(station="S2"))), stations={"S2"})
        assert [one.station for _, one in found.rows] == ["S2"]
        assert [refusal.reason for refusal in found.refused] == ["station"]

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (b"", "json"),
            (b"\xff\xfe", "json"),
            (b"{", "json"),
            (b"[" * 100_000, "json"),
            (b"9" * 10_000, "json"),
            (b'{"v":NaN}', "json"),
            (b'{"v":Infinity}', "json"),
            (b" " * (wire.MAX_BYTES + 1), "size"),
            (b"[]", "shape"),
            (b"null", "shape"),
            (body(v=2), "version"),
            (body(v=True), "version"),
            (body(v=1.0), "version"),
            (body(gateway="gw2"), "gateway"),
            (body(gateway=None), "gateway"),
            (body(epoch="not hex!"), "shape"),
            (body(epoch=""), "shape"),
            (body(base=-1), "shape"),
            (body(base=41), "shape"),
            (body(after="40"), "shape"),
            (body(last=40), "shape"),
            (body(last=2**63), "shape"),
            (body(last=True), "shape"),
            (body(groups=None), "shape"),
            (body(groups={}), "shape"),
        ],
    )
    def test_what_cannot_be_trusted_at_all(self, payload: Any, reason: str) -> None:
        with pytest.raises(WireError) as caught:
            parse(payload)
        assert caught.value.reason == reason

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (body(groups=[[]]), "shape"),
            (group(station=""), "shape"),
            (group(station=7), "shape"),
            (group(station="a\nb"), "shape"),
            (group(station="\ud800"), "shape"),
            (group(station="x" * 65), "shape"),
            (group(seq=[]), "shape"),
            (group(seq=[1]), "shape"),
            (group(seq=[1, 1]), "shape"),
            (group(seq=[1, 9]), "shape"),
            (group(seq=[0, 1]), "shape"),
            (group(seq=[1, 1.5]), "shape"),
            (group(time_ms=NOW), "shape"),
            (group(time_ms=[NOW]), "shape"),
            (group(quality={"ph": [2]}), "shape"),
            (group(quality=[2, 2, 2]), "shape"),
            (group(values=[]), "shape"),
            (group(values={"ph": [7.0]}), "shape"),
            (group(values={"ph": 7.0}), "shape"),
        ],
    )
    def test_a_bad_group_is_refused_whole_and_alone(self, payload: dict[str, Any], reason: str) -> None:
        good = json.loads(wire.encode_batch(batch(observation(station="S9"), after=42)))["groups"][0]
        good["seq"] = [5]
        payload = {**payload, "last": 45, "groups": [*payload["groups"], good]}
        found = parse(payload)
        assert [(seq, one.station) for seq, one in found.rows] == [(45, "S9")]
        (refusal,) = found.refused
        assert refusal.reason == reason
        assert json.loads(refusal.payload) == payload["groups"][0]

    @pytest.mark.parametrize(
        ("payload", "reason", "refused"),
        [
            (group(time_ms=[NOW, float(NOW)]), "shape", [2]),
            (group(time_ms=[True, NOW]), "shape", [1]),
            (group(time_ms=[NOW, 10**30]), "future", [2]),
            (group(state="Q"), "state", [1, 2]),
            (group(state=["N", None]), "state", [2]),
            (group(quality=5), "quality", [1, 2]),
            (group(quality=True), "quality", [1, 2]),
            (group(quality={"orp": 2}), "quality", [1, 2]),
            (group(quality={"ph": [2, 7]}), "quality", [2]),
            (group(values={"ph": ["7", 7]}), "shape", [1]),
            (group(values={"ph": [True, 7]}), "shape", [1]),
            (group(values={"ph": [10**400, 7]}), "finite", [1]),
        ],
    )
    def test_a_bad_row_is_refused_alone_and_kept_whole(
        self, payload: dict[str, Any], reason: str, refused: list[int]
    ) -> None:
        found = parse(payload)
        (sent,) = payload["groups"]
        assert [seq - 40 for seq, _ in found.rows] == [seq for seq in (1, 2) if seq not in refused]
        assert [(refusal.reason, refusal.rows) for refusal in found.refused] == [(reason, 1)] * len(refused)
        for seq, refusal in zip(refused, found.refused, strict=True):
            kept = json.loads(refusal.payload)
            assert (kept["station"], kept["seq"], kept["time_ms"]) == ("S1", [seq], [sent["time_ms"][seq - 1]])
            assert kept["values"] == {key: [column[seq - 1]] for key, column in sent["values"].items()}

    def test_what_was_refused_for_its_clock_can_be_fed_again(self) -> None:
        odd = Observation(
            "S1", NOW + 10**9, {"ph": (7.3, Quality.GOOD), "orp": (None, Quality.MISSING)}, StationState.FAULT
        )
        (refusal,) = parse(wire.encode_batch(batch(odd))).refused
        ((_, again),) = wire.parse_batch(
            json.dumps(body(groups=[json.loads(refusal.payload)])).encode(), "gw1", NOW + 10**9
        ).rows
        assert again == odd

    def test_an_unknown_determinand_is_refused_alone(self) -> None:
        found = parse(group(values={"vibes": [1, 2], "ph": [7.0, 7.1]}, quality={"vibes": [1, 9], "ph": 2}))
        assert [one.values for _, one in found.rows] == [{"ph": (7.0, Quality(2))}, {"ph": (7.1, Quality(2))}]
        (refusal,) = found.refused
        assert (refusal.reason, refusal.rows) == ("determinand", 0)
        kept = json.loads(refusal.payload)
        assert (kept["seq"], kept["values"], kept["quality"]) == ([1, 2], {"vibes": [1, 2]}, {"vibes": [1, 9]})

    def test_the_same_refusal_again_has_the_same_text(self) -> None:
        raw = wire.encode_batch(batch(observation(NOW + 10**9)))
        assert wire.parse_batch(raw, "gw1", NOW).refused == wire.parse_batch(raw, "gw1", NOW + 60_000).refused

    def test_numbers_too_large_for_a_float_are_refused(self) -> None:
        raw = json.dumps(group(values={"ph": [1, 7]})).replace("[1, 7]", "[1e400, 7]").encode()
        assert [refusal.reason for refusal in parse(raw).refused] == ["finite"]

    def test_two_groups_may_not_claim_one_row(self) -> None:
        payload = body()
        payload["groups"].append(payload["groups"][0] | {"station": "S2"})
        found = parse(payload)
        assert len(found.rows) == 2
        assert [refusal.reason for refusal in found.refused] == ["shape"]

    def test_noise_raises_nothing_but_ours(self) -> None:
        random_ = random.Random(5)
        sound = wire.encode_batch(batch(*(observation(NOW - n, f"S{n % 3}") for n in range(9))))
        survived = 0
        for _ in range(2_000):
            raw = bytearray(sound)
            for _ in range(random_.randint(1, 4)):
                place = random_.randrange(len(raw))
                raw[place : place + random_.randint(0, 3)] = random_.randbytes(random_.randint(0, 3))
            try:
                found = parse(bytes(raw))
            except WireError:
                continue
            survived += 1
            assert all(found.after < seq <= found.last for seq, _ in found.rows)
        assert survived > 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("make", [body, group])
@given(
    key=st.sampled_from(["v", "gateway", "epoch", "base", "after", "last", "groups", "station", "seq", "time_ms",
                         "state", "quality", "values"]),
    value=json_values,
)  # fmt: skip
def test_any_value_anywhere_is_an_answer_or_our_error(make: Callable[..., Any], key: str, value: Any) -> None:
    try:
        found = parse(make(**{key: value}))
    except WireError:
        return
    assert all(found.after < seq <= found.last for seq, _ in found.rows)


class TestWatermark:
    def test_round_trip(self) -> None:
        mark = Watermark("0123abcd", 2**40)
        assert wire.parse_watermark(wire.encode_watermark("gw1", mark), "gw1") == mark

    @pytest.mark.parametrize("changes", [{"gateway": "gw2"}, {"seq": -1}, {"seq": 1.5}, {"epoch": "x"}, {"v": 2}])
    def test_anything_else_is_refused(self, changes: dict[str, Any]) -> None:
        sound = json.loads(wire.encode_watermark("gw1", Watermark("0123abcd", 1)))
        with pytest.raises(WireError):
            wire.parse_watermark(json.dumps(sound | changes).encode(), "gw1")


class TestStatus:
    def test_round_trip(self) -> None:
        raw = wire.encode_status("gw1", epoch="0123abcd", online=True, spool={"depth": 3})
        assert wire.parse_status(raw, "gw1") == {
            "v": 1, "gateway": "gw1", "epoch": "0123abcd", "online": True, "spool": {"depth": 3},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("online", 1),
            ("backlog", "5"),
            ("backlog", True),
            ("mqtt", 5.0),
            ("gaps", {}),
            ("clock", []),
            ("config", None),
        ],
    )
    def test_what_we_know_has_to_be_what_it_is(self, name: str, value: Any) -> None:
        with pytest.raises(WireError, match=name):
            wire.parse_status(json.dumps({"v": 1, "gateway": "gw1", name: value}).encode(), "gw1")

    def test_only_its_own(self) -> None:
        with pytest.raises(WireError, match="gateway"):
            wire.parse_status(wire.encode_status("gw2"), "gw1")
        with pytest.raises(WireError, match="epoch"):
            wire.parse_status(wire.encode_status("gw1", epoch="?"), "gw1")
