"""One commissioning: find the unit, find its profile, start it if that is wanted, poll it, write down what came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from collectors.bus import Bus, BusError
from deploy.commissioning.fit import Fit, Seen, identify, knock, rank
from deploy.commissioning.noise import noise
from deploy.commissioning.probing import EXCEPTIONS, FROM_GATEWAY, Line, Target, check_reach, identity
from deploy.commissioning.record import Record, Row, make_record, rows
from sensors.decode import Decoder
from sensors.endpoint import Endpoint
from sensors.profile import Profile, ReadBlock, Start, load_profiles, split

#: What is said to the engineer while it goes on.
Say = Callable[[str], None]

#: The functions by which a bus writes.
_WRITES = (5, 6, 15, 16)


#: A DTU calls again after its own pause, most often half a minute [s].
DIAL_S = 120.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What an engineer asked for.

    Attributes
    ----------
    target : Target
    profile : Profile or None
        None: find out.
    timeout_s : float
        Longest wait for an answer [s].
    start : bool
        Tell the probe to measure, if its profile has a start.
    by : str
    notes : tuple of str
    """

    target: Target
    profile: Profile | None
    timeout_s: float
    start: bool
    by: str
    notes: tuple[str, ...] = ()


class Session:
    """A commissioning on an open bus.

    Parameters
    ----------
    wish : Wish
    bus : Bus
    say : callable
    """

    def __init__(self, wish: Wish, bus: Bus, say: Say) -> None:
        assert wish.target.unit is not None, "the command has filled it in"
        self.wish, self._bus, self._say = wish, bus, say
        self.line = Line(bus, wish.target.unit, wish.timeout_s)
        self._search = self.line
        self.presence = ""
        self.advice: tuple[str, ...] = ()
        self.profile: Profile | None = wish.profile
        self.chosen = "given" if wish.profile is not None else ""
        self.fits: tuple[Fit, ...] = ()
        self.identity: dict[str, str] = {}
        self.started = False
        self.values: tuple[Row, ...] = ()
        self.others: tuple[Row, ...] = ()
        self.state = ""
        self._decoder: Decoder | None = None
        self._seen: Seen | None = None
        self._guess = ""
        self._told: set[tuple[str, int | None, bool]] = set()

    async def find(self) -> bool:
        """Find out whether the unit is there and which profile fits; False where nothing can be polled."""
        profiles = [self.wish.profile] if self.wish.profile is not None else list(load_profiles().values())
        self._seen = seen = Seen(self.line)
        try:
            await knock(seen, profiles)
        except BusError as error:
            self.presence, self.advice = "not reachable", unreachable(self.wish.target.endpoint, error)
            return False
        self.presence, self.advice = present(seen, self.wish.target.endpoint)
        if not seen.answers:
            return False
        if self.wish.profile is None:
            self._say(f"Something answers. Trying {len(profiles)} profiles …")
            try:
                self.fits = tuple(await identify(seen, profiles))
            except BusError as error:
                self.presence, self.advice = "not reachable", unreachable(self.wish.target.endpoint, error)
                return False
            self._choose()
        if self.profile is not None:
            self.identity = await identity(self.line, self.profile)
            self._decoder = Decoder(self.profile)
            self._search, self.line = self.line, Line(self._bus, self.line.unit, self.wish.timeout_s)
        return self.profile is not None

    def _choose(self) -> None:
        best = [fit for fit in self.fits if fit.match != "no"]
        if not best:
            self.advice += (
                "no profile fits: is it another model? Its map can be a profile of its own (docs/profiles.md); "
                "--profile NAME decodes by one that is near",
            )
            return
        self.profile, self.chosen = load_profiles()[best[0].profile], best[0].match
        if best[0].match == "possible":
            near = [fit.profile for fit in best[1:] if best[0].points - fit.points < 2]
            others = f"; {', '.join(near)} would fit as well" if near else ""
            self._guess = f"the profile is a guess{others}: read the type plate and give --profile NAME"
            self.advice += (self._guess,)

    async def start(self) -> None:
        """Tell the probe to measure and wait until it has, where that was asked for; else say that it must be."""
        start = self.profile.start if self.profile is not None else None
        if start is None:
            if self.wish.start:
                self.advice += ("--start: this profile has no start, it measures by itself",)
            return
        if not self.wish.start:
            how = "reads" if start.action.reads else "writes to"
            self.advice += (
                f"this model measures only after a start: --start gives it ({how} register {start.action.address})",
            )
            return
        await self._start(start)

    async def _start(self, start: Start) -> None:
        action = start.action
        told_s = None
        try:
            if action.reads:
                await self.line.read(action.function, action.address, action.count)
            else:
                assert action.function in _WRITES, "the profile was checked"
                await self._bus.write(
                    self.line.unit, action.function, action.address, list(action.values), self.wish.timeout_s
                )
            if start.wait_by and self.profile is not None:
                extra = self.profile.extra(start.wait_by)
                [told] = await self.line.read(extra.function, extra.address, extra.width)
                told_s = told * extra.scale
        except BusError as error:
            if not self.started:
                self.advice += (f"the start was not taken: {error}",)
            return
        if not self.started:
            self._say(f"Started; waiting {start.wait(told_s):g} s for the first values …")
        self.started = True
        await asyncio.sleep(start.wait(told_s))

    async def poll(self) -> bool:
        """Read and decode everything once; False where nothing could be read."""
        assert self._decoder is not None, "find has found a profile"
        start = self._decoder.profile.start
        if start is not None and start.each == "poll" and self.started:
            await self._start(start)
        answers: list[list[int] | None] = []
        refusals: list[str] = []
        for block in self._decoder.blocks:
            refusals.append("")
            try:
                answers.append(await self.line.read(block.function, block.address, block.count))
            except BusError as error:
                answers.append(None)
                if error.exception_code == 2 and self._split(block):
                    return await self.poll()
                self._failed(error)
                if error.exception_code is not None:
                    refusals[-1] = f"exception {error.exception_code}"
        self.values, self.others, self.state = rows(self._decoder, answers, refusals)
        if self.started:
            self._rejudge(answers)
        return any(answer is not None for answer in answers)

    def _rejudge(self, answers: Sequence[Sequence[int] | None]) -> None:
        """Rank the profiles by what the probe says since it measures, once: before, most of it was nothing."""
        assert self._decoder is not None
        if self._seen is None or not self.fits or None in answers:
            return
        seen, self._seen = self._seen, None
        for block, words in zip(self._decoder.blocks, answers, strict=True):
            seen.learn(block, words or ())
        self.fits = tuple(rank(seen, list(load_profiles().values())))
        best = next((fit for fit in self.fits if fit.match != "no"), None)
        if best is None:
            return
        told = tuple(text for text in self.advice if text != self._guess)
        if best.profile != self._decoder.profile.id:
            better = f"now that it measures, {best.profile} fits better ({best.match}): --profile {best.profile}"
            self.advice = (*told, better)
            return
        self.chosen = best.match
        if best.match != "possible":
            self.advice = told

    def _split(self, block: ReadBlock) -> bool:
        """Read smaller blocks from now on, where the unit refuses this one and it can be cut."""
        assert self._decoder is not None
        parts = split(self._decoder.profile, block)
        if parts == (block,):
            return False
        blocks: list[ReadBlock] = []
        for old in self._decoder.blocks:
            blocks += parts if old == block else (old,)
        self._decoder = Decoder(self._decoder.profile, blocks)
        return True

    def _failed(self, error: BusError) -> None:
        # The bytes of two noises differ, and there may be one at every poll.
        kind = (error.reason, error.exception_code, error.heard > 0)
        if kind in self._told:
            return
        self._told.add(kind)
        what = EXCEPTIONS.get(error.exception_code or 0, "")
        self.advice += (f"{error}{': ' + what if what else ''}",)

    def record(self) -> Record:
        """What is known now."""
        profile = self.profile
        notes = self.wish.notes
        if profile is not None:
            unverified = [row.determinand for row in self.values if not row.verified]
            notes += profile.notes
            notes += (f"nobody has verified: {', '.join(unverified)}",) if unverified else ()
        return make_record(
            str(self.wish.target.endpoint), self.line.unit, self.presence, self.line.timing, self._search.timing,
            self.wish.by, advice=self.advice, profile=profile.id if profile is not None else None, chosen=self.chosen,
            started=self.started, fits=self.fits, identity=self.identity, state=self.state, values=self.values,
            others=self.others, notes=notes,
        )  # fmt: skip


def present(seen: Seen, endpoint: Endpoint) -> tuple[str, tuple[str, ...]]:
    """Whether a unit is there, in a word, and what to do where it is not."""
    errors = list(seen.refused.values())
    codes = {error.exception_code for error in errors}
    if seen.answers:
        return "answers", ()
    if codes & FROM_GATEWAY:
        code = min(code for code in codes & FROM_GATEWAY if code is not None)
        return "gateway says absent", (f"exception {code}: {EXCEPTIONS[code]}",)
    wrong = [error for error in errors if error.reason in ("wrong answer", "closed")]
    if not wrong and seen.noise is not None:
        wrong = [seen.noise]
    if wrong:
        return "wrong answers", noise(wrong[-1], seen.line.unit, endpoint)
    return "silent", silence(endpoint, seen.line.timeout_s)


def silence(endpoint: Endpoint, timeout_s: float) -> tuple[str, ...]:
    """What to do about a unit that says nothing for so long [s]."""
    url = f"{endpoint}"
    late = f"is it slow, is the way to it long? --timeout {min(60.0, 3 * timeout_s):g} waits longer"
    if endpoint.kind == "rtu":
        line = f"baud={endpoint.baud}, parity {endpoint.parity}, {endpoint.stopbits} stop bits"
        return (
            "the port opens, nothing answers: is the probe powered, are A and B the right way round?",
            f"is its line {line}?",
            f"is this its unit id? riverchief scan '{url}' tries all",
            late,
        )
    return (
        f"{endpoint.bus} is reachable, the unit says nothing: another unit id? riverchief scan {url} tries all",
        "behind a serial server: is the probe powered, are A and B the right way round, do baud rate and parity fit?",
        "is it rtu+tcp:// (a serial server that passes bytes through)?" if endpoint.kind == "tcp"
        else "is it tcp:// (a serial server that speaks Modbus TCP)?",
        "does another master hold the only connection?",
        late,
    )  # fmt: skip


def unreachable(endpoint: Endpoint, error: BusError) -> tuple[str, ...]:
    """What to do about a bus that cannot be opened."""
    if endpoint.kind == "rtu":
        return (
            f"{endpoint.device} cannot be opened ({error}): is another program using it? (fuser {endpoint.device})",
        )
    if error.reason == "not dialled in":
        return (
            f"{error}: is it powered, is its SIM card online, does it call this machine and port?",
            "does it send the registration that stands behind dtu=, and nothing before it?",
        )
    if error.reason == "refused":
        return (
            f"{endpoint.host} is there and nothing listens on port {endpoint.port}: is the port right, "
            "is the Modbus service switched on, is the one connection taken?",
        )
    return (
        f"no way to {endpoint.bus} ({error}): is it powered, is the SIM card online, is this network the right one?",
    )


async def commission(wish: Wish, say: Say, reads: int, shown: Callable[[Session], None]) -> Record:
    """One whole commissioning.

    Parameters
    ----------
    wish : Wish
    say : callable
    reads : int
        Polls for the values and the timing.
    shown : callable
        Called after the unit was looked for, and after every poll.
    """
    async with await _bus(wish, say) as bus:
        session = Session(wish, bus, say)
        if await session.find():
            await session.start()
            for _ in range(reads):
                await session.poll()
        shown(session)
        return session.record()


async def _bus(wish: Wish, say: Say) -> Bus:
    endpoint = wish.target.endpoint
    await check_reach(endpoint)
    if endpoint.kind != "rtu+listen":
        return Bus(endpoint, wish.timeout_s)
    say(f"Waiting up to {DIAL_S:g} s for the DTU to call …")
    return Bus(endpoint, wish.timeout_s, connect_s=DIAL_S)


async def watch(wish: Wish, say: Say, period_s: float, shown: Callable[[Session], None], stop: asyncio.Event) -> Record:
    """As `commission`, polling until `stop` is set."""
    loop = asyncio.get_running_loop()
    async with await _bus(wish, say) as bus:
        session = Session(wish, bus, say)
        found = await session.find()
        if found:
            await session.start()
        else:
            shown(session)
        while found and not stop.is_set():
            due_s = loop.time() + period_s
            await session.poll()
            shown(session)
            try:
                async with asyncio.timeout_at(due_s):
                    await stop.wait()
            except TimeoutError:
                continue
        return session.record()
