"""Registers to values: what an instrument's answer means, with a quality for everything that is not a number."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence

from sensors.decode_ordinary import Found, compile_ordinary
from sensors.determinand import DETERMINANDS
from sensors.errors import RiverChiefError
from sensors.profile import Profile, ReadBlock, Register, plan
from sensors.raw import Raw, Reader, read, reader, scaler, shortest
from sensors.reading import Quality, StationState
from sensors.register import SlotKind, Status

__all__ = ["AnswerError", "Decoder", "Verdict", "content", "shortest"]

#: A value, its quality, and why it is not a good one (empty where it is).
Verdict = tuple[float | None, Quality, str]

Answers = Sequence[Sequence[int] | None]
_Scaler = Callable[[float], float]


class AnswerError(RiverChiefError, ValueError):
    """Answers that no instrument can have given to these reads: the caller let a wrong one through."""


class Decoder:
    """Decodes the answers to the reads of `sensors.profile.plan`.

    Parameters
    ----------
    profile : Profile
    blocks : sequence of ReadBlock, optional
        What is read, where it is not the plan: split because the instrument refused, for example. A register that no
        block holds is missing.

    Examples
    --------
    >>> from sensors.profile import load_profiles
    >>> decoder = Decoder(load_profiles()["yosemitech_y4000"])
    >>> words = [0x0000, 0xBC41] * 7
    >>> values, state = decoder.decode([words])
    >>> values["dissolved_oxygen"], state
    ((23.5, <Quality.NOT_EVALUATED: 2>), <StationState.NORMAL: 'N'>)
    """

    def __init__(self, profile: Profile, blocks: Sequence[ReadBlock] | None = None) -> None:
        self.profile = profile
        self.blocks = plan(profile) if blocks is None else tuple(blocks)
        self._registers = {register.name: register for register in profile.registers}
        self._places = dict(self._placed())
        self._readers = {name: _readers(self._registers[name], at) for name, (_, at) in self._places.items()}
        # Where a register decides about the order of others, it is read before them.
        self._sequence = sorted(profile.registers, key=lambda register: bool(register.order_by))
        self._scalers: dict[str, Mapping[int | None, _Scaler]] = {
            register.name: _scalers(register) for register in profile.registers
        }
        self._decode = compile_ordinary(profile, self.blocks, self._places, self._alone, self._general)

    def _placed(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Block and word in it of every register that is read."""
        for register in self.profile.registers:
            for index, block in enumerate(self.blocks):
                inside = block.address <= register.address and register.end <= block.end
                if block.function == register.function and inside:
                    yield register.name, (index, register.address - block.address)
                    break

    def decode(self, answers: Answers) -> tuple[Found, StationState]:
        """Turn the answers into values.

        Parameters
        ----------
        answers : sequence of (sequence of int or None)
            One per block, in its order; None where the block could not be read.

        Returns
        -------
        values : dict of str to (float or None, Quality)
            Keyed by determinand. MISSING without a value where the instrument says that it measured nothing, or
            where nobody knows what its number means; FAIL, value kept, outside the determinand's plausible range or
            where the instrument itself objects.
        state : StationState
            NORMAL unless the instrument says otherwise; COMMUNICATION where no block could be read, or not the one
            with the state.

        Raises
        ------
        AnswerError
            If an answer has another length than its block, or words that are no 16-bit numbers.
        """
        return self._decode(answers)

    def _general(self, answers: Answers) -> tuple[Found, StationState]:
        raws = self._checked(answers)
        values = {name: verdict[:2] for name, verdict in self._verdicts(raws).items()}
        return values, self._state(raws, answers)

    def verdicts(self, answers: Answers) -> tuple[dict[str, Raw | None], dict[str, Verdict]]:
        """As `decode`, for people: the raw content of every register, and why a value does not count.

        Returns
        -------
        raws : dict of str to (Raw or None)
            Keyed by register; None where it could not be read.
        verdicts : dict of str to Verdict
            Keyed by determinand.
        """
        raws = self._checked(answers)
        return raws, self._verdicts(raws)

    def _checked(self, answers: Answers) -> dict[str, Raw | None]:
        try:
            return self._raws(answers)
        except (struct.error, TypeError, ValueError) as error:
            raise AnswerError(f"{self._wrong(answers)}: {error}") from None

    def _wrong(self, answers: Answers) -> str:
        """What is wrong with answers that could not be unpacked."""
        if len(answers) != len(self.blocks):
            return f"{len(answers)} answers for {len(self.blocks)} reads"
        for block, words in zip(self.blocks, answers, strict=True):
            if words is not None and len(words) != block.count:
                return f"{len(words)} registers for a read of {block.count} at {block.address}"
        return "words that are no 16-bit numbers"

    def _raws(self, answers: Answers) -> dict[str, Raw | None]:
        """Content of every register; None where it was not read or nobody knows its byte order."""
        images: list[tuple[Sequence[int], bytes, bytes] | None] = []
        for block, words in zip(self.blocks, answers, strict=True):
            if words is None:
                images.append(None)
            else:
                form = f"{block.count}H"
                images.append((words, struct.pack(">" + form, *words), struct.pack("<" + form, *words)))
        raws: dict[str, Raw | None] = {}
        for register in self._sequence:
            place = self._places.get(register.name)
            image = images[place[0]] if place is not None else None
            raws[register.name] = None
            if image is not None:
                read = self._readers[register.name].get(_number(raws, register.order_by))
                if read is not None:
                    raws[register.name] = read(*image)
        return raws

    def _verdicts(self, raws: Mapping[str, Raw | None]) -> dict[str, Verdict]:
        slots = self._slots(raws)
        found = {}
        for name in self.profile.determinands:
            register = self._registers.get(name)
            found[name] = slots[name] if register is None else self._verdict(register, raws)
        return found

    def _alone(self, register: Register, raw: float) -> tuple[float | None, Quality]:
        """Value and quality where no other register has a say; depends on the kind of value alone."""
        if not math.isfinite(raw) or raw in register.sentinels:
            return None, Quality.MISSING
        usual = next(iter(register.units), None)
        return _plausible(register.name, self._scalers[register.name][usual](raw), Quality.NOT_EVALUATED, "")[:2]

    def _verdict(self, register: Register, raws: Mapping[str, Raw | None]) -> Verdict:
        raw = raws[register.name]
        if raw is None:
            unknown = register.order_by and register.name in self._places
            return None, Quality.MISSING, f"{register.order_by} tells no byte order" if unknown else "not read"
        assert not isinstance(raw, str | tuple), "the profile was checked: a determinand is one number"
        if not math.isfinite(raw):
            return None, Quality.MISSING, "not a finite number"
        if raw in register.sentinels:
            return None, Quality.MISSING, "the sentinel of the instrument"
        quality, reason = _judged(register.statuses, lambda status: _number(raws, status.by))
        if quality is Quality.MISSING:
            return None, quality, reason
        sentinel = raws.get(register.sentinel_by)
        if sentinel is not None and raw == sentinel and (reason or not register.statuses):
            return None, Quality.MISSING, f"the sentinel in {register.sentinel_by}"
        if register.zero_with and raw <= 0 and not _not_above_zero(raws.get(register.zero_with)):
            return None, Quality.MISSING, f"{raw:g} although {register.zero_with} is above 0"
        scaled = self._scalers[register.name].get(_number(raws, register.unit_by))
        if scaled is None:
            return None, Quality.MISSING, f"{register.unit_by} tells no known unit"
        return _plausible(register.name, scaled(raw), quality, reason)

    def _state(self, raws: Mapping[str, Raw | None], answers: Answers) -> StationState:
        if all(answer is None for answer in answers):
            return StationState.COMMUNICATION
        if "state" not in self._registers:
            return StationState.NORMAL
        raw = raws.get("state")
        if raw is None:
            # Whether somebody is working on the station is not known: nothing of it may grade.
            return StationState.COMMUNICATION
        # A number that the map does not know is no reason to trust the values.
        return self._registers["state"].states.get(_whole(raw), StationState.FAULT)

    def _slots(self, raws: Mapping[str, Raw | None]) -> dict[str, Verdict]:
        """What a self-describing instrument has in its slots; by determinand the best of all that carry it."""
        slots = self.profile.slots
        if slots is None:
            return {}
        found: dict[str, Verdict] = {kind.name: (None, Quality.MISSING, "not in any slot") for kind in slots.kinds}
        codes, values = raws.get(slots.codes), raws.get(slots.values)
        if not isinstance(codes, tuple) or not isinstance(values, tuple):
            return dict.fromkeys(found, (None, Quality.MISSING, "not read"))
        judges = raws.get(slots.status.by) if slots.status is not None else None
        used = codes[: codes.index(slots.unused)] if slots.unused in codes else codes
        for kind in slots.kinds:
            for index, code in enumerate(used):
                if code == kind.code and found[kind.name][1] is not Quality.NOT_EVALUATED:
                    judge = _whole(judges[index]) if isinstance(judges, tuple) else None
                    verdict = self._slot(kind, values[index], slots.status, judge)
                    if verdict[1] is Quality.NOT_EVALUATED or found[kind.name][0] is None:
                        found[kind.name] = verdict
        return found

    def _slot(self, kind: SlotKind, raw: float, status: Status | None, judge: int | None) -> Verdict:
        assert self.profile.slots is not None
        if not math.isfinite(raw):
            return None, Quality.MISSING, "not a finite number"
        quality, reason = _judged(() if status is None else (status,), lambda _: judge)
        if quality is Quality.MISSING:
            return None, quality, reason
        scaled = scaler(self._registers[self.profile.slots.values], kind.scale, kind.offset)
        return _plausible(kind.name, scaled(raw), quality, reason)


def content(register: Register, words: Sequence[int]) -> Raw:
    """Scaled number, text or table of a register that was read alone: an extra of a profile, most often.

    Raises
    ------
    AnswerError
        If `words` are not as many as the register has, or no 16-bit numbers.
    """
    try:
        raw = read(register, words)
    except (struct.error, TypeError) as error:
        raise AnswerError(f"{len(words)} registers for {register.name}, which has {register.width}: {error}") from None
    if isinstance(raw, str):
        return raw
    scaled = scaler(register, register.scale, register.offset)
    return tuple(map(scaled, raw)) if isinstance(raw, tuple) else scaled(raw)


def _readers(register: Register, at: int) -> dict[int | None, Reader]:
    if not register.order_by:
        return {None: reader(register, at)}
    return {number: reader(register, at, order) for number, order in register.orders.items()}


def _scalers(register: Register) -> dict[int | None, _Scaler]:
    if not register.unit_by:
        return {None: scaler(register, register.scale, register.offset)}
    return {number: scaler(register, *pair) for number, pair in register.units.items()}


def _number(raws: Mapping[str, Raw | None], name: str) -> int | None:
    """The code in a register; None without a name, and where it was not read."""
    raw = raws.get(name)
    return None if raw is None else _whole(raw)


def _whole(raw: Raw) -> int:
    assert not isinstance(raw, str | tuple), "the profile was checked: a code is one number"
    return int(raw)


def _judged(statuses: Sequence[Status], number: Callable[[Status], int | None]) -> tuple[Quality, str]:
    """Worst verdict of the registers that judge a value, and whose it is."""
    worst, reason = Quality.NOT_EVALUATED, ""
    for status in statuses:
        said = number(status)
        quality = status.quality(said)
        if quality > worst:
            worst, reason = quality, f"{status.by} {'was not read' if said is None else f'says {said}'}"
    return worst, reason


def _not_above_zero(raw: Raw | None) -> bool:
    return isinstance(raw, int | float) and raw <= 0


def _plausible(name: str, value: float, quality: Quality, reason: str) -> Verdict:
    determinand = DETERMINANDS[name]
    if determinand.low <= value <= determinand.high:
        return value + 0.0, quality, reason  # a probe's -0.0 is 0
    if not math.isfinite(value):  # scaled beyond what a double can hold
        return None, Quality.MISSING, "not a finite number"
    limits = f"outside {determinand.low:g} to {determinand.high:g} {determinand.unit}"
    return value, Quality.FAIL, reason or limits
