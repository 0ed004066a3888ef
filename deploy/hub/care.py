"""The hub's side of remote care: publishes each gateway's slice of the site, and knows what each gateway runs.

It decides nothing for a gateway: what is published is a wish, what a gateway answers in birth and state is the truth.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from collectors import wire
from collectors.broker import Message, Session
from collectors.clock import Now, machine_ms
from collectors.tasks import guarded
from collectors.wire import WireError
from collectors.wire_care import Answer, Slice, encode_slice, parse_answer
from deploy.gateway.config import GatewayConfig, gateway_config
from sensors.errors import LinkError
from sensors.site import Site

log = logging.getLogger(__name__)

#: Pause before slices that the broker refused are published again [s].
AGAIN_S = 30.0

#: Answers that are remembered of each gateway.
ANSWERS = 20


@dataclass(slots=True)
class GatewayCare:
    """What is known of one gateway.

    Attributes
    ----------
    gateway : str
    wanted : str
        Hash of the slice that the hub has for it.
    running : str
        Hash of what it runs, as it says; empty where it has not said yet.
    online : bool or None
        None where nothing was heard of it.
    epoch, software : str
    heard_ms : int or None
        When it last said something, by the hub's clock [ms since the epoch, UTC].
    refused : mapping or None
        What it would not take: ``source``, ``hash``, ``problems``, ``time_ms``.
    clock : mapping
        See `collectors.clock_state.ClockState`.
    backlog, bytes, dropped : int
        Of its spool.
    silent : mapping of str to str
        Stations that do not answer, and why.
    state : mapping
        All that its last state said.
    answers : deque of Answer
        To commands, the newest last.
    """

    gateway: str
    wanted: str
    running: str = ""
    online: bool | None = None
    epoch: str = ""
    software: str = ""
    heard_ms: int | None = None
    refused: Mapping[str, Any] | None = None
    clock: Mapping[str, Any] = field(default_factory=dict)
    backlog: int = 0
    bytes: int = 0
    dropped: int = 0
    silent: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    answers: deque[Answer] = field(default_factory=lambda: deque(maxlen=ANSWERS))

    @property
    def settled(self) -> bool:
        """Whether it runs what the hub wants."""
        return self.running == self.wanted


class Care:
    """Looks after gateways; an async context manager inside or outside that of its session.

    Parameters
    ----------
    session : Session
        Not entered yet: this makes subscriptions.
    site : Site
    now_ms : callable
        [ms since the epoch, UTC]
    shards : collection of int, optional
        Gateways of these only; of all where empty.
    record : Path, optional
        File to which every answer to a command is appended, one JSON object each.

    Attributes
    ----------
    gateways : dict of str to GatewayCare
    refused : dict of str to int
        Messages that were none of ours, by reason.
    error : str
        Why slices cannot be published; empty where all is well.
    """

    def __init__(
        self,
        session: Session,
        site: Site,
        now_ms: Now = machine_ms,
        *,
        shards: Collection[int] = (),
        record: Path | None = None,
    ) -> None:
        self._session, self._now_ms, self._shards, self._record = session, now_ms, frozenset(shards), record
        self.gateways: dict[str, GatewayCare] = {}
        self.refused: dict[str, int] = {}
        self.error = ""
        self._configs: dict[str, GatewayConfig] = {}
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self.publish(site)
        for shard in sorted({config.gateway.shard for config in self._configs.values()}):
            for channel in ("birth", "state", "ans"):
                session.subscribe(wire.shard_filter(site.id, shard, channel), self._on_message)
        session.on_up.append(self._wake.set)

    def configs(self, site: Site) -> dict[str, GatewayConfig]:
        """Slices of a site for the gateways that are looked after here; about a millisecond each."""
        wanted = [one for one in site.gateways.values() if not self._shards or one.shard in self._shards]
        return {gateway.id: gateway_config(site, gateway.id) for gateway in wanted}

    def publish(self, site: Site, configs: Mapping[str, GatewayConfig] | None = None) -> None:
        """Have the gateways run on this site; what did not change for a gateway changes nothing at it.

        Parameters
        ----------
        site : Site
        configs : mapping of str to GatewayConfig, optional
            What `configs` gives for it, where that was made already.
        """
        self._configs = dict(self.configs(site) if configs is None else configs)
        self.gateways = {
            name: self.gateways.get(name) or GatewayCare(name, config.hash) for name, config in self._configs.items()
        }
        for name, config in self._configs.items():
            self.gateways[name].wanted = config.hash
        self._wake.set()

    async def __aenter__(self) -> Self:
        self._task = guarded(self._run, "care", log.error)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await self._session.connected()
            self._wake.clear()
            try:
                for config in list(self._configs.values()):
                    await self._send(config)
                self.error = ""
            except LinkError as error:
                log.warning("slices: %s", error)
                self.error = str(error)
                await asyncio.sleep(AGAIN_S)
                self._wake.set()

    async def _send(self, config: GatewayConfig) -> None:
        gateway = config.gateway
        topic = wire.topic(config.site, gateway.shard, gateway.id, "cfg")
        payload = encode_slice(gateway.id, Slice(config.hash, config.files))
        await self._session.publish(topic, payload, retain=True)

    def _on_message(self, message: Message) -> None:
        message.ack()
        if not message.payload:
            return  # somebody took the retained message back
        try:
            topic = wire.parse_topic(message.topic)
            care = self.gateways.get(topic.gateway)
            if care is None:
                raise WireError("gateway", f"found {topic.gateway!r}; accepted: {', '.join(self.gateways)}")
            if topic.channel == "ans":
                self._on_answer(care, parse_answer(message.payload, topic.gateway))
            else:
                body = wire.parse_status(message.payload, topic.gateway)
                (self._on_birth if topic.channel == "birth" else self._on_state)(care, body, message)
        except WireError as error:
            self.refused[error.reason] = self.refused.get(error.reason, 0) + 1
            log.error("%s: %s", message.topic, error)

    def _on_birth(self, care: GatewayCare, body: Mapping[str, Any], message: Message) -> None:
        online, epoch = body.get("online") is True, _text(body.get("epoch"))
        if not online and care.online and epoch != care.epoch:
            return  # the last will of an earlier life, which may come after the gateway has come back
        care.online, care.epoch = online, epoch
        if online:
            care.software = _text(body.get("software"))
            self._take(care, body, message)

    def _on_state(self, care: GatewayCare, body: Mapping[str, Any], message: Message) -> None:
        care.state = body
        care.backlog, care.bytes, care.dropped = (_count(body.get(name)) for name in ("backlog", "bytes", "dropped"))
        silent = body.get("silent")
        care.silent = silent if isinstance(silent, dict) else {}
        self._take(care, body, message)

    def _take(self, care: GatewayCare, body: Mapping[str, Any], message: Message) -> None:
        """What birth and state both say."""
        if not message.retained:
            care.heard_ms = self._now_ms()
        elif care.heard_ms is None and isinstance(body.get("time_ms"), int):
            care.heard_ms = body["time_ms"]
        if care.running != (running := _text(body.get("config"))):
            log.info("%s runs %s; wanted is %s", care.gateway, running, care.wanted)
            care.running = running
        refused, clock = body.get("refused"), body.get("clock")
        before, care.refused = care.refused, refused if isinstance(refused, dict) else None
        if care.refused is not None and _why(care.refused) != _why(before):
            source, hash_, problems = _why(care.refused)
            log.error("%s refuses the configuration (%s) %s:\n%s", care.gateway, source, hash_, "\n".join(problems))
        care.clock = clock if isinstance(clock, dict) else {}

    def _on_answer(self, care: GatewayCare, answer: Answer) -> None:
        care.answers.append(answer)
        care.heard_ms = self._now_ms()
        log.info("%s: %s %s: %s %s", care.gateway, answer.name, answer.station, answer.status, answer.detail)
        if self._record is not None:
            line = {"heard_ms": care.heard_ms, "gateway": care.gateway, **asdict(answer)}
            try:
                with self._record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line, ensure_ascii=False) + "\n")
            except OSError as error:
                log.error("%s: %s", self._record, error)


def _why(refused: Mapping[str, Any] | None) -> tuple[str, str, tuple[str, ...]]:
    """Source, hash and problems of a refusal; another time of the same is no news."""
    refused = refused or {}
    problems = refused.get("problems")
    return (
        _text(refused.get("source")), _text(refused.get("hash")),
        tuple(map(str, problems)) if isinstance(problems, list) else (),
    )  # fmt: skip


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
