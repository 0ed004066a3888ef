"""Readings as HJ 212 writes them and back: codes, units, decimals, state letters.

Codes are those of HJ 525 in `sensors.determinand`; what has none there is not sent, and what is unknown there is not
taken. Six metals are in ug/L on the wire (HJ 212-2017, table B.1) and in mg/L here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import isfinite

from collectors.hj212.segment import Frame, Group, Pair
from sensors.determinand import DETERMINANDS, determinand_key
from sensors.reading import USABLE_QUALITIES, Observation, Quality, Reading, StationState

#: Determinands that have a code, in the order in which they are sent.
CODED: tuple[str, ...] = tuple(key for key, determinand in DETERMINANDS.items() if determinand.code)

#: Mercury, cadmium, chromium VI, arsenic, lead, selenium: ug/L on the wire. HJ 212-2017, table B.1.
MICROGRAMS = frozenset({"w20111", "w20115", "w20117", "w20119", "w20120", "w20128"})

_PER_UNIT = Decimal(1000)
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_LETTERS = {str(state): state for state in StationState}


def number_text(key: str, value: float) -> str:
    """Value as sent: in the unit of the wire, with as many decimals as the determinand is shown with.

    Parameters
    ----------
    key : str
        Determinand with a code.
    value : float
        Finite, in the determinand's unit.

    Examples
    --------
    >>> number_text("ph", 7.4), number_text("mercury", 0.000052), number_text("total_phosphorus", 0.2445)
    ('7.40', '0.05', '0.244')
    """
    determinand = DETERMINANDS[key]
    number, decimals = Decimal(repr(float(value))), determinand.decimals
    if determinand.code in MICROGRAMS:
        number, decimals = _CONTEXT.multiply(number, _PER_UNIT), max(decimals - 3, 0)
    text = f"{number.quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT):f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def number(key: str, text: str) -> float | None:
    """Value of a text of the wire in the determinand's unit; None where it is no number."""
    if not _NUMBER.fullmatch(text):
        return None
    value = Decimal(text)
    if DETERMINANDS[key].code in MICROGRAMS:
        value = _CONTEXT.divide(value, _PER_UNIT)
    found = float(value)
    return found if isfinite(found) else None


def letter(value: float | None, quality: int, state: str) -> str:
    """State letter of one reading.

    Only readings that are usable here are normal there: one that failed quality control is a fault (D), one that is
    missing although its station is normal a fault of communication (B).
    """
    if state != StationState.NORMAL:
        return str(state)
    if value is None or quality == Quality.MISSING:
        return str(StationState.COMMUNICATION)
    return str(StationState.NORMAL if quality in USABLE_QUALITIES else StationState.FAULT)


def item(key: str, values: Mapping[str, float], flag: str) -> Group:
    """One determinand's group: values by suffix (``Rtd``; ``Min``, ``Avg``, ``Max``), then the state letter."""
    code = DETERMINANDS[key].code
    pairs: list[Pair] = [(f"{code}-{suffix}", number_text(key, value)) for suffix, value in values.items()]
    return (*pairs, (f"{code}-Flag", flag))


def realtime_items(readings: Iterable[Reading]) -> tuple[Group, ...]:
    """Groups of what one station read at one instant; a reading without a value is its state letter alone."""
    found = {reading.determinand: reading for reading in readings}
    return tuple(_realtime_item(found[key]) for key in CODED if key in found)


def _realtime_item(reading: Reading) -> Group:
    values = {} if reading.value is None else {"Rtd": reading.value}
    return item(reading.determinand, values, letter(reading.value, reading.quality, reading.state))


def observations(frame: Frame, station: str, time_ms: int, suffix: str = "Rtd") -> list[Observation]:
    """What a data frame of a station says, one observation for each state letter in it.

    Parameters
    ----------
    frame : Frame
        Real-time, minute, hour or day data.
    station : str
        Id of the station.
    time_ms : int
        Instant of the data [ms since the epoch, UTC].
    suffix : str
        Which value of an item: ``Rtd`` of real-time data, ``Avg`` of the others.

    Returns
    -------
    list of Observation
        A value outside its plausible range FAILs; an item without a number is MISSING; a letter that the standard
        does not know is a fault. Items of unknown code are left out.
    """
    items: dict[str, dict[str, str]] = {}
    for name, value in frame.pairs:
        code, _, kind = name.rpartition("-")
        items.setdefault(code, {})[kind] = value
    by_state: dict[StationState, dict[str, tuple[float | None, Quality]]] = {}
    for code, told in items.items():
        key = determinand_key(code)
        if key is None or DETERMINANDS[key].code != code or not told.keys() & {suffix, "Flag"}:
            continue
        state = _LETTERS.get(told.get("Flag", "N"), StationState.FAULT)
        by_state.setdefault(state, {})[key] = _verdict(key, told.get(suffix))
    return [Observation(station, time_ms, values, state) for state, values in by_state.items()]


def _verdict(key: str, text: str | None) -> tuple[float | None, Quality]:
    value = None if text is None else number(key, text)
    if value is None:
        return None, Quality.MISSING
    determinand = DETERMINANDS[key]
    plausible = determinand.low <= value <= determinand.high
    return value, Quality.NOT_EVALUATED if plausible else Quality.FAIL
