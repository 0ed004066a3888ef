"""The schemas in ``docs/schema`` against the code: what it writes they take, what they refuse it refuses."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from collectors import wire
from collectors.wire import Batch, Watermark, WireError
from collectors.wire_care import (
    Answer,
    Command,
    Slice,
    encode_answer,
    encode_command,
    encode_slice,
    parse_answer,
    parse_command,
    parse_slice,
    slice_hash,
)
from collectors.wire_columns import parse_columns
from deploy.broker.config import FROM_GATEWAY, TO_GATEWAY
from sensors.determinand import DETERMINANDS
from sensors.reading import Observation, Quality, StationState

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOW = 1_790_000_000_000
EPOCH = "0123abcd"


@cache
def schema(name: str) -> Draft202012Validator:
    raw = json.loads((DOCS / "schema" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(raw)
    return Draft202012Validator(raw)


def observations() -> list[Observation]:
    return [
        Observation("S1", NOW, {"ph": (7.1, Quality.NOT_EVALUATED), "turbidity": (None, Quality.MISSING)}),
        Observation("S1", NOW + 1, {"ph": (7.2, Quality.FAIL), "turbidity": (3, Quality.GOOD)}, synchronised=False),
        Observation("斜塘-1", NOW, {}, StationState.COMMUNICATION),
        Observation("S1", NOW + 2, {"ph": (7.3, Quality.GOOD)}, StationState.MAINTENANCE),
    ]


FILES = {"site.toml": "schema = 1", "profiles/x.toml": ""}
WRITTEN: dict[str, bytes] = {
    "obs": wire.encode_batch(Batch("gw1", EPOCH, 7, 40, 44, tuple(enumerate(observations(), 41)))),
    "ack": wire.encode_watermark("gw1", Watermark(EPOCH, 5)),
    "birth": wire.encode_status("gw1", online=True, epoch=EPOCH, time_ms=NOW, software="0.1", config="a", clock={}),
    "state": wire.encode_status(
        "gw1", time_ms=NOW, epoch=EPOCH, backlog=1, bytes=2, waiting=3, dropped=4, gaps=[], spool_error="", damaged="",
        connections=1, mqtt=None, nobody_listens=False, uplink_error="", silent={"S1": "x"}, refused={}, hj212={},
    ),
    "cmd": encode_command("gw1", Command("a" * 16, "zero", NOW, NOW + 1, "S1", 0.5, "0badc0de", "x@y")),
    "ans": encode_answer("gw1", Answer("a" * 16, "zero", "confirm", NOW, "S1", "why", "0badc0de", {"now": 1})),
    "cfg": encode_slice("gw1", Slice(slice_hash(FILES), FILES)),
}  # fmt: skip


def _batch(parse: Callable[..., Any]) -> Callable[[bytes, str], None]:
    def read(payload: bytes, gateway: str) -> None:
        batch = parse(payload, gateway, NOW)
        if batch.refused:
            raise WireError("part", batch.refused[0].detail)

    return read


READERS: dict[str, Callable[[bytes, str], Any]] = {
    "obs": _batch(wire.parse_batch), "ack": wire.parse_watermark, "birth": wire.parse_status,
    "state": wire.parse_status, "cmd": parse_command, "ans": parse_answer, "cfg": parse_slice,
}  # fmt: skip


def test_every_channel_has_one() -> None:
    assert {path.stem for path in (DOCS / "schema").glob("*")} == {*wire.CHANNELS} == {*WRITTEN} == {*READERS}


@pytest.mark.parametrize("channel", wire.CHANNELS)
def test_what_is_written_is_taken(channel: str) -> None:
    schema(channel).validate(json.loads(WRITTEN[channel]))
    READERS[channel](WRITTEN[channel], "gw1")


observed = st.builds(
    Observation,
    station=st.sampled_from(["S1", "斜塘-1"]),
    time_ms=st.integers(wire.OLDEST_MS, NOW),
    values=st.dictionaries(
        st.sampled_from(list(DETERMINANDS)),
        st.tuples(st.none() | st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(Quality)),
        max_size=4,
    ),
    state=st.sampled_from(StationState),
    synchronised=st.booleans(),
)


@given(st.lists(observed, min_size=1, max_size=8))
def test_every_batch_is_taken(rows: list[Observation]) -> None:
    payload = wire.encode_batch(Batch("gw1", EPOCH, 0, 0, len(rows), tuple(enumerate(rows, 1))))
    schema("obs").validate(json.loads(payload))
    assert [row for _, row in wire.parse_batch(payload, "gw1", NOW).rows] == rows


def places(body: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path in a payload."""
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
    | st.sampled_from(["N", "ph", "gw1", EPOCH, 2, 9, -1, NOW, 2**63]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@settings(max_examples=300)
@given(st.data())
@pytest.mark.parametrize("channel", wire.CHANNELS)
def test_what_they_refuse_is_refused(channel: str, data: st.DataObject) -> None:
    body = copy.deepcopy(json.loads(WRITTEN[channel]))
    for _ in range(data.draw(st.integers(1, 2))):
        paths = list(places(body))
        if not paths:
            break
        *way, last = data.draw(st.sampled_from(paths))
        there = body
        for key in way:
            there = there[key]
        if data.draw(st.booleans()):
            there[last] = data.draw(anything)
        elif isinstance(there, dict):
            del there[last]
        else:
            there.append(data.draw(anything))
    if not schema(channel).is_valid(body):
        payload = json.dumps(body).encode()
        with pytest.raises(WireError):
            READERS[channel](payload, "gw1")
        if channel == "obs":
            with pytest.raises(WireError):
                _batch(parse_columns)(payload, "gw1")


def test_the_schema_of_observations_knows_what_the_code_knows() -> None:
    group = schema("obs").schema["$defs"]["group"]["properties"]
    assert group["values"]["propertyNames"]["enum"] == list(DETERMINANDS)
    assert group["state"]["anyOf"][0]["enum"] == list(StationState)
    assert group["time_ms"]["items"]["minimum"] == wire.OLDEST_MS


def test_the_asyncapi_file_has_every_channel_with_its_schema_and_direction() -> None:
    yaml = pytest.importorskip("yaml")
    api = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert api["asyncapi"] == "3.0.0"
    assert api["info"]["version"] == str(wire.VERSION)
    assert {*api["channels"]} == {*wire.CHANNELS}
    for name, channel in api["channels"].items():
        assert channel["address"] == f"rc1/{{site}}/{{shard}}/{{gateway}}/{name}"
        assert channel["messages"] == {name: {"$ref": f"#/components/messages/{name}"}}
        path = api["components"]["messages"][name]["payload"]["$ref"]
        assert (DOCS / path).is_file()
    said: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in api["operations"].values():
        said[operation["action"]].add(operation["channel"]["$ref"].rpartition("/")[2])
        if "reply" in operation:
            said["send"].add(operation["reply"]["channel"]["$ref"].rpartition("/")[2])
    assert said == {"send": {*FROM_GATEWAY}, "receive": {*TO_GATEWAY}}
    for reference in re.findall(r'\$ref: "#/([^"]+)"', (DOCS / "asyncapi.yaml").read_text(encoding="utf-8")):
        there = api
        for key in reference.split("/"):
            there = there[key]
