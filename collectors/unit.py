"""One unit on a bus: started where it has to be, read block by block, and what was learned about it.

What a unit refuses (exception 2: no such register) is asked for in smaller pieces from then on, so that one register
that this instrument lacks does not cost its neighbours. That is remembered for as long as the gateway runs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol
from weakref import WeakValueDictionary

from collectors.breaker import Breaker, Settings
from collectors.bus import BusError
from sensors.decode import Decoder, content
from sensors.endpoint import Endpoint
from sensors.place import Station
from sensors.profile import Action, Profile, ReadBlock, plan, split

log = logging.getLogger(__name__)

Answers = list[list[int] | None]

#: Exceptions by which a device refuses a read that is too wide for it: illegal data address, and illegal data value,
#: which is what the number of registers is (Modbus Application Protocol V1.1b3, 7).
TOO_WIDE = frozenset({2, 3})


class Reader(Protocol):
    """What a poller needs of a bus; see `collectors.bus.Bus`."""

    endpoint: Endpoint

    async def read(
        self, unit: int, function: int, address: int, count: int, timeout_s: float | None = None
    ) -> list[int]:
        """Ask for registers; raises `BusError`."""
        ...

    async def write(
        self, unit: int, function: int, address: int, values: Sequence[int], timeout_s: float | None = None
    ) -> None:
        """Write registers or coils; raises `BusError`."""
        ...


_DECODERS: WeakValueDictionary[tuple[int, tuple[ReadBlock, ...]], Decoder] = WeakValueDictionary()


def decoder_of(profile: Profile, blocks: tuple[ReadBlock, ...]) -> Decoder:
    """The decoder for a profile in these blocks; units of a model share it, which has hundreds of them fit in a box."""
    # A profile cannot be hashed; its decoder keeps it alive, so that no other gets its id meanwhile.
    found = _DECODERS.get((id(profile), blocks))
    if found is None:
        found = _DECODERS[id(profile), blocks] = Decoder(profile, blocks)
    return found


class Unit:
    """A station's unit.

    Parameters
    ----------
    station : Station
    profile : Profile
    settings : Settings

    Attributes
    ----------
    decoder : Decoder
        For the blocks that it is read in.
    breaker : Breaker
    answered_ms : int or None
        When it last answered [ms since the epoch, UTC].
    reason : str
        Why the last poll failed; empty after an answer.
    told_absent_s : float or None
        When its absence was last published [s, event loop]; None while it is there.
    ready_s : float or None
        When what was started has its values [s, event loop]; None where it has to be started first.
    due_s, slot_s : float
        When something is to be done next, and the poll of the schedule that this is for [s, event loop].
    polled : bool
        Whether its first poll, out of the schedule, is over.
    """

    def __init__(self, station: Station, profile: Profile, settings: Settings) -> None:
        self.station, self.profile, self._settings = station, profile, settings
        self.decoder = decoder_of(profile, plan(profile))
        self.breaker = Breaker(settings, station.period_s)
        self.answered_ms: int | None = None
        self.reason = ""
        self.told_absent_s: float | None = None
        self.ready_s: float | None = None
        self.due_s = self.slot_s = 0.0
        self.polled = False
        self._blocks: dict[ReadBlock, Breaker] = {}
        self._told_wait_s: float | None = None

    @property
    def must_start(self) -> bool:
        """Whether it measures nothing before it is told to."""
        return self.profile.start is not None and self.ready_s is None

    def learn_from(self, other: Unit) -> None:
        """Take over what is known about the same unit: edited was only its station."""
        self.breaker, self.told_absent_s = other.breaker, other.told_absent_s
        self.answered_ms, self.reason, self.ready_s = other.answered_ms, other.reason, other.ready_s
        self.decoder, self._blocks, self._told_wait_s = other.decoder, other._blocks, other._told_wait_s

    async def start(self, bus: Reader) -> None:
        """Make it measure; `ready_s` says when the values are there.

        Raises
        ------
        BusError
        """
        start = self.profile.start
        assert start is not None
        if start.wait_by and self._told_wait_s is None:
            self._told_wait_s = await self._told(bus, start.wait_by)
        await act(bus, self.station.unit, start.action, self.profile.timeout_s)
        self.ready_s = asyncio.get_running_loop().time() + start.wait(self._told_wait_s)

    async def _told(self, bus: Reader, name: str) -> float | None:
        """Content of an extra register; None where the instrument does not have it."""
        extra = self.profile.extra(name)
        try:
            words = await bus.read(
                self.station.unit, extra.function, extra.address, extra.width, self.profile.timeout_s
            )
        except BusError as error:
            if error.reason == "exception":
                return None
            raise
        told = content(extra, words)
        return told if isinstance(told, int | float) else None

    def silent(self) -> None:
        """It answers nothing: what was started may have lost its power, and has to be started again."""
        self.ready_s = self._told_wait_s = None

    async def read(self, bus: Reader, now_s: float) -> tuple[Answers, BusError | None]:
        """Answers to the blocks of `decoder`, None where there is none, and the last thing that went wrong."""
        if self.profile.start is not None and self.profile.start.each == "poll":
            self.ready_s = None
        unit, timeout_s = self.station.unit, self.profile.timeout_s
        answers: Answers = []
        trouble: BusError | None = None
        if not self._blocks:
            try:
                for block in self.decoder.blocks:
                    answers.append(await bus.read(unit, block.function, block.address, block.count, timeout_s))
                return answers, None
            except BusError as error:
                trouble = error
        return await self._read_with_care(bus, now_s, answers, trouble)

    async def _read_with_care(
        self, bus: Reader, now_s: float, answers: Answers, trouble: BusError | None
    ) -> tuple[Answers, BusError | None]:
        """As `read`, where something went wrong before, or just now with the block after those that were answered."""
        blocks = list(self.decoder.blocks)
        found: dict[ReadBlock, list[int] | None] = dict(zip(blocks, answers, strict=False))
        over = False
        # What has failed comes last: a unit that says nothing to one block may well answer the others. One that failed
        # altogether is asked for anything, for it may have come back.
        alive = not self.breaker.failures
        todo = sorted(blocks[len(answers) :], key=self._failures)
        if trouble is not None:
            todo.remove(refused := blocks[len(answers)])
            over = self._note(refused, trouble, blocks, todo, now_s)
        while todo and not over:
            block = todo.pop(0)
            breaker = self._blocks.get(block)
            if alive and breaker is not None and not breaker.may_try(now_s):
                continue
            try:
                found[block] = await bus.read(
                    self.station.unit, block.function, block.address, block.count, self.profile.timeout_s
                )
                self._blocks.pop(block, None)
            except BusError as error:
                trouble = error
                over = self._note(block, error, blocks, todo, now_s)
        # Where smaller pieces brought nothing either, it is not the pieces.
        self._remember(tuple(blocks) if found or over else plan(self.profile))
        return [found.get(block) for block in self.decoder.blocks], trouble

    def _failures(self, block: ReadBlock) -> int:
        return self._blocks[block].failures if block in self._blocks else 0

    def _note(
        self, block: ReadBlock, error: BusError, blocks: list[ReadBlock], todo: list[ReadBlock], now_s: float
    ) -> bool:
        """Learn from a block that was not answered; True where the unit is silent.

        Asking a silent unit for the rest would only keep the others on the bus waiting.
        """
        if error.exception_code in TOO_WIDE and len(parts := split(self.profile, block)) > 1:
            at = blocks.index(block)
            blocks[at : at + 1] = todo[:0] = parts
            self._blocks.pop(block, None)
            return False
        if error.exception_code in TOO_WIDE or error.reason != "exception":
            # Some instruments answer nothing at all for registers that they do not have: left alone as a dead unit is,
            # or every poll of this one would cost its neighbours a time-out.
            breaker = self._blocks.setdefault(block, Breaker(self._settings, self.station.period_s))
            breaker.failed(now_s)
        return error.reason != "exception"

    def _remember(self, blocks: tuple[ReadBlock, ...]) -> None:
        """Read in these blocks from now on."""
        if blocks != self.decoder.blocks:
            log.info("%s is read in %d blocks: it refuses some registers", self.station.id, len(blocks))
            self.decoder = decoder_of(self.profile, blocks)
            self._blocks = {block: breaker for block, breaker in self._blocks.items() if block in blocks}


async def act(bus: Reader, unit: int, action: Action, timeout_s: float) -> None:
    """Have a unit do what an action says.

    Raises
    ------
    BusError
    """
    if action.reads:
        await bus.read(unit, action.function, action.address, action.count, timeout_s)
    else:
        await bus.write(unit, action.function, action.address, action.values, timeout_s)
