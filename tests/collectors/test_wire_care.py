from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.wire import encode_status
from collectors.wire_care import (
    MAX_VALID_MS,
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
from collectors.wire_group import WireError

NOW = 1_790_000_000_000
FILES = {"site.toml": "schema = 1\n", "profiles/probe.toml": "", "stations.csv": "编号\n"}

commands = st.builds(
    Command,
    id=st.from_regex(r"[0-9a-f]{16,64}", fullmatch=True),
    name=st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True),
    sent_ms=st.just(NOW),
    expires_ms=st.integers(NOW + 1, NOW + MAX_VALID_MS),
    station=st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)),
    value=st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    confirm=st.one_of(st.just(""), st.from_regex(r"[0-9a-f]{8}", fullmatch=True)),
    by=st.text(max_size=120),
)


def command(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(encode_command("gw1", Command("0" * 16, "probe", NOW, NOW + 1)))
    return {**made, **changes}


def raw(body: Any) -> bytes:
    return json.dumps(body).encode()


@given(commands)
def test_a_command_survives(made: Command) -> None:
    assert parse_command(encode_command("gw1", made), "gw1") == made


@given(st.sampled_from(["done", "failed", "refused", "confirm", "interrupted"]), st.text(max_size=50))
def test_an_answer_survives(status: Any, detail: str) -> None:
    made = Answer("a" * 16, "zero", status, NOW, "S1", detail, "0badc0de" if status == "confirm" else "", {"now": 1.5})
    assert parse_answer(encode_answer("gw1", made), "gw1") == made


def test_a_slice_survives() -> None:
    part = Slice(slice_hash(FILES), FILES)
    assert parse_slice(encode_slice("gw1", part), "gw1") == part


def test_the_hash_is_that_of_names_and_texts() -> None:
    assert slice_hash(FILES) == slice_hash(dict(reversed(FILES.items())))
    assert len({slice_hash(f) for f in (FILES, {**FILES, "site.toml": ""}, {"a.toml": "b"}, {"b.toml": "a"})}) == 4


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "x"}, "shape"),
        ({"id": "A" * 16}, "shape"),
        ({"name": "Probe"}, "shape"),
        ({"name": None}, "shape"),
        ({"sent_ms": -1}, "shape"),
        ({"sent_ms": 2**53}, "shape"),
        ({"sent_ms": True}, "shape"),
        ({"expires_ms": NOW}, "shape"),
        ({"expires_ms": NOW + MAX_VALID_MS + 1}, "shape"),
        ({"station": "a/b"}, "shape"),
        ({"station": None}, "shape"),
        ({"value": "1"}, "shape"),
        ({"value": True}, "shape"),
        ({"value": 10**400}, "finite"),
        ({"confirm": "token"}, "shape"),
        ({"by": "x" * 121}, "shape"),
        ({"gateway": "gw2"}, "gateway"),
        ({"v": 2}, "version"),
    ],
)
def test_what_is_no_command(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_command(raw(command(**changes)), "gw1")
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("files", "hash_", "reason"),
    [
        ({}, None, "shape"),
        ([], None, "shape"),
        ({"../site.toml": ""}, None, "shape"),
        ({"/etc/passwd": ""}, None, "shape"),
        ({"profiles/../x.toml": ""}, None, "shape"),
        ({"x.sh": ""}, None, "shape"),
        ({"site.toml": 1}, "0" * 16, "shape"),
        ({f"f{n}.csv": "" for n in range(65)}, None, "shape"),
        (FILES, "0" * 16, "hash"),
        (FILES, 7, "shape"),
    ],
)
def test_what_is_no_slice(files: Any, hash_: Any, reason: str) -> None:
    told = slice_hash(files) if hash_ is None and isinstance(files, dict) else hash_
    with pytest.raises(WireError) as caught:
        parse_slice(encode_status("gw1", hash=told, files=files), "gw1")
    assert caught.value.reason == reason


@pytest.mark.parametrize("changes", [{"status": "maybe"}, {"data": []}, {"time_ms": "now"}, {"detail": 1}])
def test_what_is_no_answer(changes: dict[str, Any]) -> None:
    body = json.loads(encode_answer("gw1", Answer("a" * 16, "probe", "done", NOW)))
    parse_answer(raw(body), "gw1")
    with pytest.raises(WireError):
        parse_answer(raw({**body, **changes}), "gw1")
