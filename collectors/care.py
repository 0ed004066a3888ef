"""The gateway's side of remote care: takes its slice of the site from the hub, and does what it is told, once.

A slice is checked before anything changes; a bad one is refused and the hub is told why. A command is written down
before it is done and answered afterwards; one that comes again gets the same answer and is not done again. Calibration
needs two messages: the first is answered with what is there, what would be written, and a token for the second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal, Protocol, Self

from collectors import wire
from collectors.audit import Audit
from collectors.broker import Message, Session
from collectors.clock import Now
from collectors.tasks import guarded
from collectors.wire import WireError
from collectors.wire_care import Answer, Command, Slice, Status, encode_answer, parse_command, parse_slice
from sensors.errors import LinkError, StoreError, UsageError

log = logging.getLogger(__name__)

#: How long the token of a confirmation is good for [s].
CONFIRM_S = 300.0

#: A command from a clock that differs by more than this is not done where it writes to an instrument [ms].
CLOCKS_MS = 600_000

#: Commands that wait their turn; more are refused.
MAX_WAITING = 32

#: Answers that wait for the broker; the oldest give way. Whoever asks again under the same id gets them all the same.
MAX_ANSWERS = 100

#: Pause before an answer that the broker did not take is published again [s].
AGAIN_S = 1.0

#: Longest time that one command may take [s].
MOST_S = 120.0

#: Confirmations that may be open at a time.
MAX_PENDING = 16

Kind = Literal["look", "action", "setting", "calibration"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command came to.

    Attributes
    ----------
    ok : bool
    detail : str
        For people.
    data : mapping
    """

    ok: bool
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Hands(Protocol):
    """What does the work; see `deploy.gateway.hands`. Each raises `UsageError` where the command cannot be met."""

    def kind(self, command: Command) -> Kind:
        """What sort of thing a command is; ``look`` writes to no instrument."""
        ...

    async def preview(self, command: Command) -> Mapping[str, Any]:
        """What would be written where, and what is there now; changes nothing."""
        ...

    async def do(self, command: Command) -> Done:
        """Do it."""
        ...

    async def take(self, part: Slice) -> Sequence[str]:
        """Run on another slice from now on; else go on with the old one and give every reason why."""
        ...


@dataclass(frozen=True, slots=True)
class _Pending:
    command: Command
    until_s: float


class Care:
    """Listens to ``cmd`` and ``cfg``; an async context manager inside that of its session.

    Parameters
    ----------
    session : Session
        Not entered yet: this makes the subscriptions.
    hands : Hands
    audit : Audit
    site, gateway : str
    shard : int
    now_ms : callable
        [ms since the epoch, UTC]
    decided : str
        Hash of the slice of the hub that was decided on last: the same one, which the broker hands over with each
        connection, is not looked at again.
    confirm_s : float
        How long the token of a confirmation is good for [s].

    Attributes
    ----------
    refused : dict of str to int
        What came on these channels and was none of ours, by reason.
    """

    def __init__(
        self,
        session: Session,
        hands: Hands,
        audit: Audit,
        *,
        site: str,
        shard: int,
        gateway: str,
        now_ms: Now,
        decided: str = "",
        confirm_s: float = CONFIRM_S,
    ) -> None:
        self._session, self._hands, self._audit, self._gateway, self._now_ms = session, hands, audit, gateway, now_ms
        self._confirm_s, self._decided = confirm_s, decided
        self._answer_topic = wire.topic(site, shard, gateway, "ans")
        self._commands: deque[Command] = deque()
        self._slice: Slice | None = None
        self._pending: dict[str, _Pending] = {}
        self._answers: deque[Answer] = deque(maxlen=MAX_ANSWERS)
        self._wake, self._said = asyncio.Event(), asyncio.Event()
        self._silent = asyncio.Event()
        self._silent.set()
        self._tasks: list[asyncio.Task[None]] = []
        self.refused: dict[str, int] = {}
        session.subscribe(wire.topic(site, shard, gateway, "cmd"), self._on_command)
        session.subscribe(wire.topic(site, shard, gateway, "cfg"), self._on_slice)

    async def __aenter__(self) -> Self:
        self._tasks = [
            guarded(self._work, f"care {self._gateway}", log.error),
            guarded(self._speak, f"answers {self._gateway}", log.error),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def answered(self, most_s: float) -> None:
        """Wait until every answer is with the broker, or so long [s]."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(most_s):
                await self._silent.wait()

    def _on_command(self, message: Message) -> None:
        message.ack()
        try:
            if message.retained:
                # It would be done again after every break of the line, by whoever is there then.
                raise WireError("retained", "a command must not be retained")
            command = parse_command(message.payload, self._gateway)
        except WireError as error:
            self._refuse("command", error)
            return
        if len(self._commands) >= MAX_WAITING:
            self._say(self._answer(command, "refused", f"{MAX_WAITING} commands are waiting already"))
            return
        self._commands.append(command)
        self._wake.set()

    def _on_slice(self, message: Message) -> None:
        message.ack()
        if not message.payload:
            return  # somebody took the retained message back
        try:
            part = parse_slice(message.payload, self._gateway)
        except WireError as error:
            self._refuse("slice", error)
            return
        if part.hash != self._decided:
            self._slice = part  # of several the newest counts
            self._wake.set()

    def _refuse(self, what: str, error: WireError) -> None:
        self.refused[error.reason] = self.refused.get(error.reason, 0) + 1
        log.error("%s: %s refused: %s", self._gateway, what, error)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            part, self._slice = self._slice, None
            if part is not None:
                await self._take(part)
            while self._commands:
                await self._handle(self._commands.popleft())

    async def _take(self, part: Slice) -> None:
        problems = await self._hands.take(part)
        self._decided = part.hash
        event = "slice refused" if problems else "slice taken"
        with contextlib.suppress(StoreError):  # a full disk is no reason to stay on an old slice
            self._audit.note(event, self._now_ms(), hash=part.hash, problems=list(problems))
        log.log(logging.ERROR if problems else logging.INFO, "%s: %s: %s", self._gateway, event, part.hash)

    async def _handle(self, command: Command) -> None:
        answer = self._audit.answer(command.id)
        if answer is None and self._audit.begun(command.id):
            answer = self._answer(command, "interrupted", "it was begun when this gateway stopped; look before again")
        if answer is None:
            answer = await self._decide(command)
        self._say(answer)

    async def _decide(self, command: Command) -> Answer:
        """Answer to a command that was never seen before, after doing it where it is to be done."""
        try:
            kind = self._hands.kind(command)
            self._check_time(command, kind)
            if kind == "calibration" and not command.confirm:
                answer = await self._ask_back(command)
            else:
                if kind == "calibration":
                    self._check_confirmation(command)
                # Not done unless it is written down that it was begun.
                self._audit.begin(command, self._now_ms())
                answer = await self._do(command)
        except (UsageError, StoreError) as error:
            answer = self._answer(command, "refused", str(error))
        except Exception as error:
            log.exception("%s: %s", self._gateway, command)
            answer = self._answer(command, "failed", f"{type(error).__name__}: {error}")
        try:
            self._audit.end(command, answer)
        except StoreError as error:
            answer = replace(answer, detail=f"{answer.detail} (not in the audit file: {error})".strip())
        return answer

    def _check_time(self, command: Command, kind: Kind) -> None:
        now_ms = self._now_ms()
        if now_ms > command.expires_ms:
            raise UsageError(f"it expired {(now_ms - command.expires_ms) / 1000:.0f} s ago")
        if kind != "look" and command.sent_ms - now_ms > CLOCKS_MS:
            raise UsageError(f"the clock here is {(command.sent_ms - now_ms) / 1000:.0f} s behind the sender's")

    async def _ask_back(self, command: Command) -> Answer:
        """The first of the two steps: what is there and what would be, and a token to have it done."""
        plan = await self._hands.preview(command)
        now_s = asyncio.get_running_loop().time()
        self._pending = {token: pending for token, pending in self._pending.items() if pending.until_s > now_s}
        if len(self._pending) >= MAX_PENDING:
            raise UsageError(f"{MAX_PENDING} confirmations are open already; wait {self._confirm_s:.0f} s")
        token = secrets.token_hex(4)
        self._pending[token] = _Pending(command, now_s + self._confirm_s)
        detail = f"nothing was written; confirm with the token within {self._confirm_s:.0f} s"
        return replace(self._answer(command, "confirm", detail), token=token, data=plan)

    def _check_confirmation(self, command: Command) -> None:
        """The second of the two steps; a token is good once, for what it was given for."""
        pending = self._pending.pop(command.confirm, None)
        if pending is None:
            raise UsageError("no such confirmation is open: used already, or this gateway began anew; ask again")
        if pending.until_s <= asyncio.get_running_loop().time():
            raise UsageError(f"the confirmation is older than {self._confirm_s:.0f} s; ask again")
        first = pending.command
        if (first.name, first.station, first.value) != (command.name, command.station, command.value):
            asked = f"{first.name} of {first.station} with {first.value}"
            raise UsageError(f"the confirmation was for {asked}; ask again")

    async def _do(self, command: Command) -> Answer:
        try:
            async with asyncio.timeout(MOST_S):
                done = await self._hands.do(command)
        except UsageError as error:
            return self._answer(command, "refused", str(error))
        except TimeoutError:
            return self._answer(command, "failed", f"not done within {MOST_S:.0f} s")
        return replace(self._answer(command, "done" if done.ok else "failed", done.detail), data=done.data)

    def _answer(self, command: Command, status: Status, detail: str) -> Answer:
        return Answer(command.id, command.name, status, self._now_ms(), command.station, detail[:2000])

    def _say(self, answer: Answer) -> None:
        self._silent.clear()
        self._answers.append(answer)
        self._said.set()

    async def _speak(self) -> None:
        while True:
            if not self._answers:
                self._silent.set()
                await self._said.wait()
            self._said.clear()
            await self._session.connected()
            answer = self._answers[0]
            try:
                await self._session.publish(self._answer_topic, encode_answer(self._gateway, answer))
            except LinkError as error:
                log.warning("%s: answer to %s: %s", self._gateway, answer.name, error)
                await asyncio.sleep(AGAIN_S)
                continue
            with contextlib.suppress(ValueError):  # it has given way to newer ones meanwhile
                self._answers.remove(answer)
