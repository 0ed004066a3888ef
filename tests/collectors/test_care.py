"""Remote care at the gateway, without a broker: what is done, what is not, and never twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collectors.audit import Audit
from collectors.broker import Message
from collectors.care import Care, Done, Kind
from collectors.wire_care import Answer, Command, Slice, encode_command, encode_slice, parse_answer, slice_hash
from sensors.errors import UsageError
from tests.collectors.brokers import until
from tests.collectors.sessions import FakeSession

NOW = 1_790_000_000_000
CMD, CFG, ANS = (f"rc1/x/0/gw1/{channel}" for channel in ("cmd", "cfg", "ans"))


class FakeHands:
    def __init__(self) -> None:
        self.did: list[Command] = []
        self.took: list[Slice] = []
        self.problems: list[str] = []
        self.fails: Exception | None = None
        self.hold: asyncio.Event | None = None

    def kind(self, command: Command) -> Kind:
        if command.name == "unknown":
            raise UsageError("found unknown; accepted: others")
        return {"zero": "calibration", "interval": "setting", "clean": "action"}.get(command.name, "look")  # type: ignore[return-value]

    async def preview(self, command: Command) -> Mapping[str, Any]:
        return {"now": 1.5, "would_write": [command.value]}

    async def do(self, command: Command) -> Done:
        if self.hold is not None:
            await self.hold.wait()
        if self.fails is not None:
            raise self.fails
        self.did.append(command)
        return Done(True, "", {"n": len(self.did)})

    async def take(self, part: Slice) -> Sequence[str]:
        self.took.append(part)
        return self.problems


class Place:
    def __init__(self, folder: Path, **more: Any) -> None:
        self.session, self.hands, self.now_ms = FakeSession(), FakeHands(), NOW
        self.audit = Audit(folder / "audit.jsonl")
        self.care = Care(
            self.session, self.hands, self.audit, site="x", shard=0, gateway="gw1",  # type: ignore[arg-type]
            now_ms=lambda: self.now_ms, **more,
        )  # fmt: skip
        self._count = 0

    def answers(self) -> list[Answer]:
        return [parse_answer(payload, "gw1") for topic, payload in self.session.published if topic == ANS]

    def command(self, name: str, **fields: Any) -> Command:
        self._count += 1
        made = {"id": f"{self._count:016x}", "name": name, "sent_ms": NOW, "expires_ms": NOW + 60_000, "station": "S1"}
        return Command(**{**made, **fields})

    async def tell(self, command: Command) -> Answer:
        seen = len(self.answers())
        self.session.deliver(CMD, encode_command("gw1", command))
        await until(lambda: len(self.answers()) > seen)
        answer = self.answers()[-1]
        assert answer.id == command.id
        return answer

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.audit.path.read_text().splitlines()]


@asynccontextmanager
async def place(folder: Path, **more: Any):  # type: ignore[no-untyped-def]
    made = Place(folder, **more)
    async with made.care:
        yield made


Work = Callable[[Place], Coroutine[Any, Any, None]]


def run(folder: Path, work: Work, **more: Any) -> None:
    async def all_() -> None:
        async with place(folder, **more) as here:
            await work(here)

    asyncio.run(asyncio.wait_for(all_(), 20))


def test_a_command_is_done_answered_and_written_down(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        command = here.command("clean", by="ann@hub")
        answer = await here.tell(command)
        assert (answer.status, answer.station, answer.data) == ("done", "S1", {"n": 1})
        assert here.hands.did == [command]
        begun, answered = here.lines()
        assert (begun["event"], begun["command"]["by"]) == ("begun", "ann@hub")
        assert (answered["event"], answered["answer"]["status"]) == ("answered", "done")

    run(tmp_path, work)


def test_what_comes_again_is_answered_again_and_not_done(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        command = here.command("clean")
        first = await here.tell(command)
        assert await here.tell(command) == first
        assert len(here.hands.did) == 1

    run(tmp_path, work)

    async def after_a_restart(here: Place) -> None:
        assert (await here.tell(here.command("clean"))).status == "done"
        assert here.hands.did == []

    run(tmp_path, after_a_restart)


def test_what_was_under_way_when_it_died_is_not_done_again(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.hands.hold = asyncio.Event()
        here.session.deliver(CMD, encode_command("gw1", here.command("clean")))
        await until(lambda: here.audit.begun(f"{1:016x}"))

    run(tmp_path, work)

    async def after(here: Place) -> None:
        answer = await here.tell(here.command("clean"))
        assert answer.status == "interrupted"
        assert here.hands.did == []

    run(tmp_path, after)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"expires_ms": NOW + 1, "late": 2}, "expired 0 s ago"),
        ({"expires_ms": NOW + 1000, "late": 61_000}, "expired 60 s ago"),
        ({"name": "unknown"}, "found unknown; accepted: others"),
        ({"late": -600_001}, "clock here is 600 s behind"),
    ],
)
def test_what_is_refused_is_not_done_but_written_down(tmp_path: Path, fields: dict[str, Any], text: str) -> None:
    async def work(here: Place) -> None:
        here.now_ms += fields.pop("late", 0)
        answer = await here.tell(here.command(fields.pop("name", "clean"), **fields))
        assert answer.status == "refused"
        assert text in answer.detail
        assert here.hands.did == []
        assert [line["event"] for line in here.lines()] == ["answered"]

    run(tmp_path, work)


def test_a_box_whose_clock_is_wrong_can_still_be_looked_at(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.now_ms = 0
        assert (await here.tell(here.command("restart"))).status == "done"

    run(tmp_path, work)


def test_a_calibration_takes_two_messages(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        asked = await here.tell(here.command("zero", value=0.5))
        assert (asked.status, asked.data) == ("confirm", {"now": 1.5, "would_write": [0.5]})
        assert here.hands.did == []
        done = await here.tell(here.command("zero", value=0.5, confirm=asked.token))
        assert done.status == "done"
        assert [command.value for command in here.hands.did] == [0.5]

    run(tmp_path, work)


@pytest.mark.parametrize("name", ["clean", "interval"])
def test_others_take_one(tmp_path: Path, name: str) -> None:
    async def work(here: Place) -> None:
        assert (await here.tell(here.command(name))).status == "done"

    run(tmp_path, work)


@pytest.mark.parametrize("changed", [{"value": 0.6}, {"value": None}, {"station": "S2"}])
def test_a_token_is_good_for_what_it_was_given_for(tmp_path: Path, changed: dict[str, Any]) -> None:
    async def work(here: Place) -> None:
        asked = await here.tell(here.command("zero", value=0.5))
        wrong = await here.tell(here.command("zero", **{"value": 0.5, "confirm": asked.token, **changed}))
        assert (wrong.status, "the confirmation was for zero of S1 with 0.5" in wrong.detail) == ("refused", True)
        # And it is used up: whoever gets it wrong begins again.
        again = await here.tell(here.command("zero", value=0.5, confirm=asked.token))
        assert again.status == "refused"
        assert here.hands.did == []

    run(tmp_path, work)


def test_a_token_is_good_once(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        asked = await here.tell(here.command("zero", value=0.5))
        assert (await here.tell(here.command("zero", value=0.5, confirm=asked.token))).status == "done"
        answer = await here.tell(here.command("zero", value=0.5, confirm=asked.token))
        assert (answer.status, "no such confirmation" in answer.detail) == ("refused", True)
        assert len(here.hands.did) == 1

    run(tmp_path, work)


def test_a_token_ends(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        asked = await here.tell(here.command("zero", value=0.5))
        answer = await here.tell(here.command("zero", value=0.5, confirm=asked.token))
        assert (answer.status, "older than 0 s" in answer.detail) == ("refused", True)
        assert here.hands.did == []

    run(tmp_path, work, confirm_s=0.0)


def test_a_made_up_token(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        await here.tell(here.command("zero", value=0.5))
        assert (await here.tell(here.command("zero", value=0.5, confirm="00000000"))).status == "refused"
        assert here.hands.did == []

    run(tmp_path, work)


def test_not_everybody_can_open_confirmations_for_ever(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        statuses = [(await here.tell(here.command("zero", value=0.5))).status for _ in range(17)]
        assert statuses == ["confirm"] * 16 + ["refused"]

    run(tmp_path, work)


def test_nothing_is_done_that_cannot_be_written_down(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.audit.path.mkdir()
        answer = await here.tell(here.command("clean"))
        assert answer.status == "refused"
        assert "audit" in answer.detail
        assert here.hands.did == []

    run(tmp_path, work)


def test_a_fault_in_a_command_is_an_answer(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.hands.fails = RuntimeError("a bug")
        answer = await here.tell(here.command("clean"))
        assert (answer.status, answer.detail) == ("failed", "RuntimeError: a bug")
        here.hands.fails = UsageError("no")
        assert (await here.tell(here.command("clean"))).status == "refused"
        here.hands.fails = None
        assert (await here.tell(here.command("clean"))).status == "done"

    run(tmp_path, work)


def test_a_command_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.care.MOST_S", 0.01)

    async def work(here: Place) -> None:
        here.hands.hold = asyncio.Event()
        answer = await here.tell(here.command("clean"))
        assert (answer.status, "not done within" in answer.detail) == ("failed", True)

    run(tmp_path, work)


def test_what_is_none_of_ours_is_counted(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.session.deliver(CMD, b"{}")
        here.session.deliver(CMD, encode_command("gw2", here.command("clean")))
        here.session.deliver(CFG, b"[]")
        kept = Message(CMD, encode_command("gw1", here.command("clean")), True, False, lambda: None)
        here.session.handlers[CMD](kept)
        assert here.care.refused == {"version": 1, "gateway": 1, "shape": 1, "retained": 1}
        assert len(here.session.acked) == 3
        assert (await here.tell(here.command("clean"))).data == {"n": 1}

    run(tmp_path, work)


def test_too_many_at_once(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.hands.hold = asyncio.Event()
        for _ in range(40):
            here.session.deliver(CMD, encode_command("gw1", here.command("clean")))
        here.hands.hold.set()
        await until(lambda: len(here.answers()) == 40)
        statuses = [answer.status for answer in here.answers()]
        assert (statuses.count("done"), statuses.count("refused")) == (32, 8)
        assert len(here.hands.did) == 32

    run(tmp_path, work)


def test_answers_wait_for_the_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.care.AGAIN_S", 0.01)

    async def work(here: Place) -> None:
        here.session.fails = 1
        answer = await here.tell(here.command("clean"))
        assert answer.status == "done"
        await here.care.answered(5)
        assert len(here.answers()) == 1

    run(tmp_path, work)


def slice_of(text: str) -> Slice:
    files = {"site.toml": text}
    return Slice(slice_hash(files), files)


def test_a_slice_is_looked_at_once(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        first, second = slice_of("1"), slice_of("2")
        for part in (first, first, second, second, first):
            here.session.deliver(CFG, encode_slice("gw1", part))
            await until(lambda part=part: here.hands.took and here.hands.took[-1] == part)  # type: ignore[misc]
        assert here.hands.took == [first, second, first]
        assert [line["event"] for line in here.lines()] == ["slice taken"] * 3

    run(tmp_path, work)


def test_a_slice_that_was_decided_on_before_is_not_looked_at(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.session.deliver(CFG, encode_slice("gw1", slice_of("1")))
        here.session.deliver(CFG, b"")
        assert (await here.tell(here.command("clean"))).status == "done"
        assert here.hands.took == []

    run(tmp_path, work, decided=slice_of("1").hash)


def test_a_slice_that_is_refused_is_written_down_with_every_reason(tmp_path: Path) -> None:
    async def work(here: Place) -> None:
        here.hands.problems = ["a", "b"]
        here.session.deliver(CFG, encode_slice("gw1", slice_of("1")))
        await until(here.audit.path.exists)
        await until(here.lines)
        [line] = here.lines()
        assert (line["event"], line["problems"]) == ("slice refused", ["a", "b"])

    run(tmp_path, work)
