"""The watch as a function of messages: what one process tells, however often it is put together again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.city.basin import Basin
from deploy.city.message import Message, MessageError
from sensors.reading import Block
from tests.deploy.city.streams import Stream, Told


class Pieces(dict[str, bytes]):
    """Pieces in memory."""

    def get_bytes(self, key: str) -> bytes | None:
        return self.get(key)

    def set_bytes(self, key: str, value: bytes) -> None:
        assert len(value) < 900_000
        self[key] = value

    def delete(self, key: str) -> None:
        del self[key]


def played(messages: list[bytes], *, forget: int) -> tuple[Told, Pieces]:
    """What comes of messages, by a basin that is put together again after every so many of them."""
    keep, told, basin = Pieces(), Told(), Basin()
    for i, payload in enumerate(messages):
        if i % forget == 0:
            basin = Basin.load(keep)
        for found in basin.take(keep, b"%d" % i, Message.decode(payload)):
            told.events += found.events
            told.flags += found.flags
    return told, keep


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    messages: list[bytes] = []
    stream = Stream("small", tmp_path_factory.mktemp("city") / "a", 3, (106.0, 114.5), messages.append)
    for _ in stream.ticks():
        pass
    yield stream, messages
    stream.close()


@pytest.mark.parametrize("forget", [1, 1_000_000])
def test_it_tells_what_the_watch_of_one_process_tells(stream, forget) -> None:
    one, messages = stream
    told, _ = played(messages, forget=forget)
    assert len([event for event in told.events if event.kind == "discharge"]) >= 2
    assert len(told.flags) > 50
    assert told.plain() == one.store.told.plain()


def test_readings_before_a_beginning_are_refused_in_words() -> None:
    with pytest.raises(MessageError, match="--again"):
        Basin().take(Pieces(), b"1", Message(Block(), 5))


def test_the_same_beginning_twice_is_one(stream) -> None:
    _, messages = stream
    doubled = [one for payload in messages[:40] for one in ([payload] * 2 if b'"begin"' in payload else [payload])]
    assert len(doubled) == 41
    assert played(doubled, forget=1_000)[1].keys() == played(messages[:40], forget=1_000)[1].keys()


def test_another_beginning_starts_from_nothing(stream) -> None:
    _, messages = stream
    keep, basin = Pieces(), Basin()
    for i, payload in enumerate(messages[:40]):
        basin.take(keep, b"%d" % i, Message.decode(payload))
    assert basin.report["judged_ms"]
    first = Message.decode(messages[0]).begin
    assert first is not None
    basin.take(keep, b"x", Message(begin=replace(first, token="another")))
    assert basin.report == {}
    assert not [key for key in keep if key.startswith(("slot/", "state/"))]
    assert [key for key in keep if key.startswith("site/")] == ["site/0"]


def test_time_never_goes_back(stream) -> None:
    _, messages = stream
    keep, basin = Pieces(), Basin()
    for i, payload in enumerate(messages[:40]):
        basin.take(keep, b"%d" % i, Message.decode(payload))
    latest_ms = max(now_ms for payload in messages[:40] if (now_ms := Message.decode(payload).now_ms))
    other, same = Basin.load(keep), Pieces(keep)
    basin.take(keep, b"x", Message(now_ms=5))
    other.take(same, b"x", Message(now_ms=latest_ms))
    assert keep == same


def test_what_is_kept_does_not_grow(stream) -> None:
    _, messages = stream
    keep, basin, sizes = Pieces(), Basin(), []
    for i, payload in enumerate(messages):
        basin.take(keep, b"%d" % i, Message.decode(payload))
        sizes.append(len(keep))
    assert max(sizes[-60:]) < 40


def test_a_state_that_another_program_left_waits_for_the_next_beginning(stream, monkeypatch) -> None:
    _, messages = stream
    _, keep = played(messages[:40], forget=1_000)
    monkeypatch.setattr("deploy.watch.watch.HOLD_MS", 1)
    basin = Basin.load(keep)
    with pytest.raises(MessageError, match=r"cannot be used \(.*configuration.*--again"):
        basin.take(keep, b"x", Message.decode(messages[40]))
    monkeypatch.undo()
    first = Message.decode(messages[0]).begin
    assert first is not None
    basin.take(keep, b"y", Message(begin=replace(first, token="another")))
    assert not [name for name in keep if name.startswith("slot/")], "nothing of it is left"
    assert Basin.load(keep).take(keep, b"z", Message(Block(), 5)) == []
