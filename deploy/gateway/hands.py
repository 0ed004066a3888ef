"""What a gateway can be told to do from afar, and how it does it; what is done at all is for `collectors.care` to say.

Three commands every gateway has: ``probe`` (how is a station, or the gateway), ``sample`` (poll now) and ``restart``
(the gateway, or the bus of a station). All others are declared by the profile of a station.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from collectors.care import Done, Kind
from collectors.commands import command_of
from collectors.wire_care import Command, Slice
from deploy.gateway.lines import Line, Lines
from sensors.errors import UsageError
from sensors.profile import Profile
from sensors.reading import Observation, StationState

#: What every gateway can do, without a profile.
BUILT_IN = ("probe", "sample", "restart")


class Box(Protocol):
    """What the hands need of their gateway; see `deploy.gateway.gateway.Gateway`."""

    lines: Lines
    restarting: asyncio.Event

    async def about(self) -> Mapping[str, Any]:
        """What the gateway says about itself."""
        ...

    async def take(self, part: Slice) -> Sequence[str]:
        """Run on another slice."""
        ...


class GatewayHands:
    """See `collectors.care.Hands`.

    Parameters
    ----------
    box : Box
    """

    def __init__(self, box: Box) -> None:
        self._box = box

    def kind(self, command: Command) -> Kind:
        """What sort of thing a command is."""
        if command.name in BUILT_IN:
            if command.value is not None:
                raise UsageError(f"{command.name} takes no value")
            if command.station or command.name == "sample":
                self._line(command)
            return "look"
        if not command.station:
            raise UsageError(f"{command.name} is done at a station; without one: {', '.join(BUILT_IN)}")
        declared, _ = command_of(self._profile(command), command.name, command.value)
        return declared.kind

    async def preview(self, command: Command) -> Mapping[str, Any]:
        """What would be written where, and what is there now."""
        outcome = await self._line(command).poller.look(command.station, command.name, command.value)
        if not outcome.ok:
            raise UsageError(f"what is there now cannot be read: {outcome.reason}")
        declared, _ = command_of(self._profile(command), command.name, command.value)
        return {
            "kind": outcome.kind, "address": outcome.address, "value": command.value, "would_write": outcome.wrote,
            "now": outcome.before, "note": declared.note,
        }  # fmt: skip

    async def do(self, command: Command) -> Done:
        """Do it."""
        match command.name:
            case "probe":
                return await self._probe(command)
            case "sample":
                return await self._sample(command)
            case "restart":
                return await self._restart(command)
        outcome = await self._line(command).poller.execute(command.station, command.name, command.value)
        return Done(outcome.ok, outcome.reason, asdict(outcome))

    async def take(self, part: Slice) -> Sequence[str]:
        """Run on another slice from now on."""
        return await self._box.take(part)

    async def _probe(self, command: Command) -> Done:
        """How is a station, and what can be done there; how is the gateway."""
        if not command.station:
            return Done(True, "", await self._box.about())
        done = await self._sample(command)
        [state] = [state for state in self._box.lines.states if state.station == command.station]
        profile = self._profile(command)
        more = {"profile": profile.id, "failures": state.failures, "commands": declared_by(profile)}
        return Done(done.ok, done.detail, {**done.data, **more})

    async def _sample(self, command: Command) -> Done:
        found = await self._line(command).poller.sample(command.station)
        silent = found.state is StationState.COMMUNICATION
        [state] = [state for state in self._box.lines.states if state.station == command.station]
        return Done(not silent, (state.reason or "it does not answer") if silent else "", told(found))

    async def _restart(self, command: Command) -> Done:
        if command.station:
            await self._box.lines.restart(command.station)
            return Done(True, "its bus was closed and begun anew")
        self._box.restarting.set()
        return Done(True, "the gateway begins anew; its spool stays")

    def _line(self, command: Command) -> Line:
        try:
            return self._box.lines.of(command.station)
        except KeyError:
            found = command.station or "no station"
            raise UsageError(f"found {found}; accepted: a station that this gateway polls") from None

    def _profile(self, command: Command) -> Profile:
        _, profile = self._line(command).members[command.station]
        return profile


def declared_by(profile: Profile) -> dict[str, str]:
    """Names of what can be done at an instrument, with what sort of thing each is and what it takes."""
    return {
        command.name: command.kind if command.kind == "action" else f"{command.kind}: {command.accepted}"
        for command in profile.commands
    }


def told(observation: Observation) -> dict[str, Any]:
    """Observation as an answer tells it."""
    return {
        "time_ms": observation.time_ms,
        "state": str(observation.state),
        "values": {key: [value, int(quality)] for key, (value, quality) in observation.values.items()},
    }
