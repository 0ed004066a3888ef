"""Which profile fits an instrument that answers: every profile tried with few reads, ranked, each with its reasons.

Points are rough: an identity that matches outweighs everything, a value that makes sense in a float register is worth
more than one in a whole number (most random words are a plausible whole number, few are a plausible float), and what an
instrument does not answer at all excludes every profile that would poll it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from collectors.bus import BusError
from deploy.commissioning.probing import FIRST_REGISTER, FROM_GATEWAY, Line, knocks
from sensors.decode import Decoder, Verdict, content
from sensors.determinand import DETERMINANDS
from sensors.profile import ORDERS, Guarded, Profile, ReadBlock, Register, plan
from sensors.raw import Raw, read
from sensors.reading import Quality

Match = Literal["certain", "likely", "possible", "no"]

#: Where rivers, and the bucket in which a probe is tried, usually are [the determinand's unit].
NATURAL: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "water_temperature": (0.1, 40), "ph": (3, 11), "dissolved_oxygen": (0.05, 20),
        "dissolved_oxygen_saturation": (1, 200), "conductivity": (20, 60000), "turbidity": (0.05, 1500),
        "permanganate_index": (0.2, 100), "ammonia_nitrogen": (0.005, 100), "total_phosphorus": (0.005, 20),
        "total_nitrogen": (0.05, 150), "chlorophyll_a": (0.0001, 0.3), "orp": (-500, 800), "ammonium": (0.01, 200),
        "suspended_solids": (0.5, 3000), "dissolved_solids": (5, 50000), "salinity": (0.01, 45),
        "phycocyanin": (0.01, 300), "cod": (0.5, 500), "nitrate_nitrogen": (0.01, 100), "chloride": (0.5, 20000),
        "water_level": (0.005, 50),
    }
)  # fmt: skip

#: Points; see the module's first lines.
IDENTITY, FLOAT, WHOLE, SAYS, ODD, IMPLAUSIBLE, UNKNOWN_CODE, MANNER = 20.0, 3.0, 1.0, 1.0, -1.0, -3.0, -4.0, -2.0

#: Points from which a profile is likely, and how far the next one must be behind.
LIKELY, LEAD = 3.0, 2.0


#: While profiles are tried, an answer is waited for this many times the slowest round trip so far, or so long [s].
PATIENCE, SHORTEST_S = 5.0, 0.2


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one profile fits.

    Attributes
    ----------
    profile : str
    match : {'certain', 'likely', 'possible', 'no'}
        Certain: the instrument says that it is this one.
    points : float
    reasons : tuple of str
        What speaks for it (+) and against it (-), the weightiest first.
    """

    profile: str
    match: Match
    points: float
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Seen:
    """What a unit has answered so far; every question is asked once.

    Attributes
    ----------
    words : dict of (int, int) to int
        By function and address.
    refused : dict of ReadBlock to BusError
    noise : BusError or None
        The last question to which bytes came that are no answer.
    """

    line: Line
    words: dict[tuple[int, int], int] = field(default_factory=dict)
    refused: dict[ReadBlock, BusError] = field(default_factory=dict)
    noise: BusError | None = None

    @property
    def _timeout_s(self) -> float:
        """Wait for an answer [s]: most silences are those of registers that do not exist, so not for long."""
        slowest_ms = self.line.timing.max_ms
        if slowest_ms is None:
            return self.line.timeout_s
        return min(self.line.timeout_s, max(SHORTEST_S, PATIENCE * slowest_ms / 1000))

    @property
    def answers(self) -> bool:
        """Whether there is a unit: it gave words, or refused by itself."""
        return bool(self.words) or any(
            error.reason == "exception" and error.exception_code not in FROM_GATEWAY for error in self.refused.values()
        )

    @property
    def silent(self) -> bool:
        """Whether it gives no answer to what it does not have."""
        return any(error.reason == "timeout" for error in self.refused.values())

    @property
    def refuses(self) -> bool:
        """Whether it answers exception 2 to what it does not have."""
        return any(error.exception_code == 2 for error in self.refused.values())

    def known(self, block: ReadBlock) -> list[int] | None:
        """Words of a block, where all of them have been read."""
        words = [self.words.get((block.function, at)) for at in range(block.address, block.end)]
        return None if None in words else [word for word in words if word is not None]

    def failed(self, block: ReadBlock) -> BusError | None:
        """Why a block cannot be read: it, or a part of it, was refused, or its function is unknown to the unit."""
        for asked, error in self.refused.items():
            inside = block.address <= asked.address and asked.end <= block.end
            if asked.function == block.function and (inside or error.exception_code == 1):
                return error
        return None

    async def read(self, block: ReadBlock) -> list[int] | None:
        """Words of a block, asked for where they are not known yet; None where they cannot be had."""
        known = self.known(block)
        if known is not None or self.failed(block) is not None:
            return known
        try:
            words = await self.line.read(block.function, block.address, block.count, self._timeout_s)
        except BusError as error:
            if not error.connected:
                raise
            self.refused[block] = error
            if error.heard:
                self.noise = error
            return None
        self.learn(block, words)
        return words

    def learn(self, block: ReadBlock, words: Sequence[int]) -> None:
        """Take what a block holds now in place of what it held."""
        self.words |= {(block.function, block.address + i): word for i, word in enumerate(words)}


async def knock(seen: Seen, profiles: Sequence[Profile]) -> None:
    """Find out whether anybody is there; a silence is doubted once."""
    for attempt in (1, 2):
        for function, address, count in (*knocks(profiles), FIRST_REGISTER):
            await seen.read(ReadBlock(function, address, count))
            if seen.answers:
                return
        if any(error.reason != "timeout" for error in seen.refused.values()):
            return
        if attempt == 1:
            seen.refused.clear()


async def identify(seen: Seen, profiles: Sequence[Profile]) -> list[Fit]:
    """Rank profiles by how well they fit, the best first.

    Parameters
    ----------
    seen : Seen
        The questions are asked through it. Whatever acts when it is read, with any of the profiles, is left alone.
    profiles : sequence of Profile

    Raises
    ------
    BusError
        Where the bus itself is gone.
    """
    acting = [block for profile in profiles for block in profile.untouchable]
    named = await _by_identity(seen, profiles, acting)
    # Who says who it is need not be asked for the maps of all others.
    for profile in named or profiles:
        for block in plan(profile):
            if not _touches(block, acting):
                await seen.read(block)
    fits = rank(seen, profiles)
    if fits[0].match == "possible":
        # Neighbours: what a poll does not read may tell them apart.
        near = {fit.profile for fit in fits if fit.match == "possible" and fits[0].points - fit.points < LEAD}
        for profile in profiles:
            for extra in profile.extras if profile.id in near else ():
                block = ReadBlock(extra.function, extra.address, extra.width)
                if not _touches(block, acting):
                    await seen.read(block)
        fits = rank(seen, profiles)
    return fits


def rank(seen: Seen, profiles: Sequence[Profile]) -> list[Fit]:
    """Profiles by how well they fit what has been read, the best first; nothing is asked."""
    return _ranked([judge(seen, profile) for profile in profiles])


async def _by_identity(seen: Seen, profiles: Sequence[Profile], acting: Sequence[ReadBlock]) -> list[Profile]:
    """Profiles whose identity the instrument tells."""
    found = []
    for profile in profiles:
        for extra in profile.extras:
            block = ReadBlock(extra.function, extra.address, extra.width)
            if extra.matches and extra.type == "string" and not _touches(block, acting):
                words = await seen.read(block)
                if words is not None and _matches(extra, words):
                    found.append(profile)
    return found


def judge(seen: Seen, profile: Profile) -> Fit:
    """What speaks for and against one profile, by what has been read."""
    evidence: list[tuple[float, str]] = []
    answers = []
    for block in plan(profile):
        words = seen.known(block)
        answers.append(words)
        if words is None:
            error = seen.failed(block)
            why = "not asked" if error is None else _refusal(error)
            return Fit(profile.id, "no", -math.inf, (f"- registers {block.address} to {block.end - 1}: {why}",))
    evidence += _identity(seen, profile)
    decoder = Decoder(profile)
    raws, verdicts = decoder.verdicts(answers)
    registers = {register.name: register for register in profile.registers}
    for key, verdict in verdicts.items():
        evidence += _value(key, registers.get(key), verdict, raws)
    for register in profile.registers:
        evidence += _code(register, raws)
    evidence += _manner(seen, profile)
    evidence += _beyond(seen, profile)
    evidence += _other_order(profile, seen)
    points = sum(points for points, _ in evidence)
    match: Match = "no" if any(p <= -IDENTITY for p, _ in evidence) else "possible"
    if any(p >= IDENTITY for p, _ in evidence):
        match = "certain"
    told = sorted((item for item in evidence if item[1]), key=lambda item: -abs(item[0]))
    return Fit(profile.id, match, points, tuple(f"{'+' if p > 0 else '-'} {text}" for p, text in told))


def _ranked(fits: Sequence[Fit]) -> list[Fit]:
    """The best first; it is likely where the others are behind."""
    order = {"certain": 0, "likely": 1, "possible": 2, "no": 3}
    ranked = sorted(fits, key=lambda fit: (order[fit.match], -fit.points))
    if ranked and ranked[0].match == "possible" and ranked[0].points >= LIKELY:
        behind = [fit.points for fit in ranked[1:] if fit.match == "possible"]
        if not behind or ranked[0].points - behind[0] >= LEAD:
            ranked[0] = Fit(ranked[0].profile, "likely", ranked[0].points, ranked[0].reasons)
    return ranked


def _identity(seen: Seen, profile: Profile) -> Iterable[tuple[float, str]]:
    for extra in profile.extras:
        words = seen.known(ReadBlock(extra.function, extra.address, extra.width)) if extra.matches else None
        if words is not None:
            told = content(extra, words)
            if not isinstance(told, str):  # a number that identifies could be there by chance
                yield (FLOAT, f"{extra.name} is {told}") if _matches(extra, words) else (0, "")
            elif _matches(extra, words):
                yield IDENTITY, f"{extra.name} {told!r} is one of this model"
            elif told:
                yield -IDENTITY, f"{extra.name} {told!r} is one of another model"


def _matches(extra: Register, words: Sequence[int]) -> bool:
    told = content(extra, words)
    if isinstance(told, tuple):
        return False
    return re.match(extra.matches, told if isinstance(told, str) else f"{told:g}") is not None


def _value(
    key: str, register: Register | None, verdict: Verdict, raws: Mapping[str, Raw | None]
) -> Iterable[tuple[float, str]]:
    value, quality, reason = verdict
    told = f"{key} {value:g} {DETERMINANDS[key].unit}" if value is not None else key
    wide = register is None or register.type.startswith("float")
    if quality is Quality.FAIL:
        yield IMPLAUSIBLE, f"{told}: {reason}"
    elif value is None:
        if register is not None and raws.get(key) in register.sentinels:
            yield SAYS, f"{key}: {reason}"
        elif "tells no" in reason:
            yield UNKNOWN_CODE, f"{key}: {reason}"
        elif register is not None or reason != "not in any slot":
            yield -0.1, f"{key}: {reason}"
    elif value == 0:
        yield -0.01, f"{told}: a zero tells nothing"
    elif natural(key, value):
        yield (FLOAT if wide else WHOLE), f"{told} makes sense"
    else:
        yield (IMPLAUSIBLE if wide else ODD), f"{told} is odd for a river"


def natural(key: str, value: float) -> bool:
    """Whether a river, or a bucket of its water, has such a value."""
    low, high = NATURAL.get(key, (DETERMINANDS[key].low, DETERMINANDS[key].high))
    return low <= value <= high and (value == 0 or abs(value) > 1e-6)


def _code(register: Register, raws: Mapping[str, Raw | None]) -> Iterable[tuple[float, str]]:
    """What a register says in which only a few numbers have a meaning."""
    raw = raws.get(register.name)
    meanings = {**register.meanings, **register.states}
    if not meanings or not isinstance(raw, int | float):
        return
    if raw not in meanings:
        yield UNKNOWN_CODE, f"{register.name} is {raw:g}, which means nothing"
    elif raw:
        yield SAYS, f"{register.name} is {raw:g} ({meanings[int(raw)]})"


def _manner(seen: Seen, profile: Profile) -> Iterable[tuple[float, str]]:
    if profile.max_gap == 0 and seen.refuses:
        yield MANNER, "it refuses registers that it does not have; this model would say nothing"
    if profile.max_gap > 0 and seen.silent and seen.words:
        yield MANNER, "it says nothing to registers that it does not have; this model would refuse them"


def _beyond(seen: Seen, profile: Profile) -> Iterable[tuple[float, str]]:
    """What its map has besides the registers that are polled, and what it has not."""
    parts: tuple[Register | Guarded, ...] = (*profile.registers, *profile.extras, *profile.guarded)
    known: set[tuple[int, int]] = set()
    for part in parts:
        known.update((part.function, at) for at in range(part.address, part.end))
    if stray := sorted(at for at, word in seen.words.items() if word and at not in known):
        yield MANNER, f"register {stray[0][1]} holds something; this model has no such register"
    elif seen.refuses and known:
        reach = {(function, at + gap) for function, at in known for gap in range(-profile.max_gap, profile.max_gap + 1)}
        if beyond := sorted(seen.words.keys() - reach):
            yield ODD, f"it has a register {beyond[0][1]}; the map of this model ends before"
    for extra in profile.extras:
        block = ReadBlock(extra.function, extra.address, extra.width)
        if not extra.matches and any(seen.known(block) or ()):  # zeros are also what lies between registers
            yield SAYS / 2, f"it answers for {extra.name}"
        elif not extra.matches and seen.failed(block) is not None and extra.verified:
            yield ODD, f"it does not answer for {extra.name}"


def _other_order(profile: Profile, seen: Seen) -> Iterable[tuple[float, str]]:
    """Whether the values would make sense in another byte order: the map is right then, and a setting is not."""
    floats = [r for r in profile.registers if r.name in DETERMINANDS and r.type == "float32" and not r.order_by]
    floats = [r for r in floats if any(seen.known(ReadBlock(r.function, r.address, r.width)) or ())]
    if len(floats) < 2:
        return
    counts = {order: sum(_sensible(register, order, seen) for register in floats) for order in ORDERS}
    own = floats[0].order
    best = max(counts, key=lambda order: (counts[order], order == own))
    if counts[own] < counts[best] and counts[best] >= len(floats) / 2:
        yield ODD, f"its values would make sense in byte order {best}, not in {own}: a setting of the instrument?"


def _sensible(register: Register, order: str, seen: Seen) -> bool:
    words = seen.known(ReadBlock(register.function, register.address, register.width))
    raw = read(register, words, order) if words is not None else math.nan
    value = raw * register.scale + register.offset if isinstance(raw, int | float) else math.nan
    return value != 0 and natural(register.name, value)


def _refusal(error: BusError) -> str:
    if error.reason == "exception":
        return f"exception {error.exception_code}"
    return "no answer" if error.reason == "timeout" else error.reason


def _touches(block: ReadBlock, others: Iterable[ReadBlock]) -> bool:
    return any(
        block.function == other.function and block.address < other.end and other.address < block.end for other in others
    )
