"""What bytes that are no answer tell an engineer: wrong baud rate, two units with one id, an echo, another unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from collectors.bus import BusError
from collectors.modbus_frame import crc
from sensors.endpoint import Endpoint

#: Bytes that are shown.
_SHOWN = 16

#: Units that are named where many are heard.
_NAMED = 8


def noise(error: BusError, unit: int, endpoint: Endpoint) -> tuple[str, ...]:
    """What to do about a unit that was asked and of which something else came than an answer.

    Parameters
    ----------
    error : BusError
        With `heard` above 0, or of the reason ``wrong answer`` or ``closed``.
    unit : int
        That was asked.
    endpoint : Endpoint
    """
    if error.heard:
        told = f"{error.heard} bytes came and are no answer of unit {unit}: {_hex(error.noise)}"
    else:
        told = f"something answers, but not as Modbus should: {error}"
    return (told, *_causes(error, unit, endpoint))


def _causes(error: BusError, unit: int, endpoint: Endpoint) -> Iterable[str]:
    other = sender(error, endpoint)
    if other not in (None, unit):
        yield (
            f"it is an answer of unit {other}: is the unit id right, is that unit late (--timeout waits longer), "
            "does another master use the line?"
        )
    elif other == unit and endpoint.rtu and error.heard == 8:
        yield "what was sent comes back: an adapter with an echo, and the unit says nothing"
    if endpoint.kind == "rtu":
        yield (
            f"are baud rate and parity right (baud={endpoint.baud}, parity {endpoint.parity}, {endpoint.stopbits} "
            "stop bits), is the line terminated, do two units have the same id?"
        )
    elif endpoint.rtu:
        yield (
            "behind the serial server: do baud rate and parity fit, is the line terminated, do two units have the same "
            "id? Is it really rtu+tcp:// there, not tcp://? Does a DTU send a heartbeat?"
        )
    else:
        yield (
            "is it really tcp:// there, not rtu+tcp://? Behind a gateway: do baud rate and parity fit, do two units "
            "have the same id?"
        )


def sender(error: BusError, endpoint: Endpoint) -> int | None:
    """Unit whose whole frame was heard instead of the answer; None where it was none."""
    heard = error.noise
    if error.heard != len(heard):
        return None
    if endpoint.rtu:
        return heard[0] if len(heard) >= 4 and crc(heard[:-2]) == heard[-2:] else None
    return heard[6] if len(heard) >= 8 and heard[2:4] == b"\0\0" else None


def remarks(errors: Mapping[int, BusError], endpoint: Endpoint) -> tuple[str, ...]:
    """As `noise`, for the units of a scan: said once for all of them.

    Parameters
    ----------
    errors : mapping of int to BusError
        By the unit that was asked.
    endpoint : Endpoint
    """
    if not errors:
        return ()
    unit, error = next(iter(errors.items()))
    told = noise(error, unit, endpoint)
    if len(errors) == 1:
        return (f"unit {unit}: {'; '.join(told)}",)
    named = ", ".join(map(str, list(errors)[:_NAMED])) + (f" and {len(errors) - _NAMED} more" * (len(errors) > _NAMED))
    return (f"units {named}: something comes that is no answer; of unit {unit}: {'; '.join(told)}",)


def _hex(data: bytes) -> str:
    return data[:_SHOWN].hex(" ") + (" …" if len(data) > _SHOWN else "")
