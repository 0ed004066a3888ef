"""How a service answers those who look after it: ``/healthz``, ``/readyz`` and ``/metrics``.

``/healthz`` says that the process lives: its event loop has answered. ``/readyz`` says 200 where it does its work and
503 where it does not, with every reason. There is no login, and names of stations and gateways stand in it: listen on
the loopback or on a network of the operators.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deploy.metrics.text import Measure, page
from sensors.errors import UsageError

if TYPE_CHECKING:
    from starlette.routing import Route

log = logging.getLogger(__name__)

PATHS = ("/healthz", "/readyz", "/metrics")

#: Largest request that is read [bytes], how long it may take [s], and how many are answered at a time.
MOST_BYTES, MOST_S, MOST_CONNECTIONS = 8_192, 10.0, 32

_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a service needs to do its work.

    Attributes
    ----------
    name : str
        ``store``, ``broker``, ``backlog``, ...
    ok : bool
    detail : str
        What was found, for people.
    """

    name: str
    ok: bool
    detail: str = ""


async def _nothing() -> None:
    return


@dataclass(frozen=True)
class Face:
    """What a service shows to those who look after it.

    Attributes
    ----------
    service : str
        hub, gateway, alert, board.
    checks : callable
        What it needs, as it is now.
    measure : callable
        Adds its samples; see `deploy.metrics.text`.
    refresh : coroutine function
        Awaited before either, where something has to be looked up.
    """

    service: str
    checks: Callable[[], Sequence[Check]] = field(default=lambda: ())
    measure: Measure = field(default=lambda samples: None)
    refresh: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, content type and body."""

    status: int
    kind: str
    body: bytes


async def answer(face: Face, path: str) -> Reply:
    """Answer to a path; a fault in what is measured is an answer as well."""
    if path not in PATHS:
        return Reply(404, "text/plain; charset=utf-8", f"accepted: {' '.join(PATHS)}\n".encode())
    if path == "/healthz":
        return _json(200, {"service": face.service, "version": version("riverchief")})
    try:
        await face.refresh()
        if path == "/metrics":
            return Reply(200, *page(face.service, face.measure))
        checks = face.checks()
    except Exception as error:
        log.exception("%s", path)
        return _json(500, {"service": face.service, "error": type(error).__name__})
    ready = all(check.ok for check in checks)
    told = {"service": face.service, "ready": ready, "checks": [asdict(check) for check in checks]}
    return _json(200 if ready else 503, told)


def _json(status: int, told: dict[str, Any]) -> Reply:
    return Reply(status, _JSON, json.dumps(told, ensure_ascii=False).encode() + b"\n")


def routes(face: Face) -> list[Route]:
    """The three paths as routes of Starlette, for a service that serves pages anyway."""
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def serve(request: Request) -> Response:
        reply = await answer(face, request.url.path)
        headers = {"content-type": reply.kind, "cache-control": "no-store"}
        return Response(reply.body, reply.status, headers)

    return [Route(path, serve, methods=["GET"]) for path in PATHS]


def parse_place(text: str, option: str = "--metrics") -> tuple[str, int]:
    """Read HOST:PORT; port 0 takes any that is free.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> parse_place("127.0.0.1:9464")
    ('127.0.0.1', 9464)
    """
    try:
        found = urlsplit(f"//{text}")
        host, port = found.hostname, found.port
    except ValueError:
        host = port = None
    if not host or port is None or found.path or found.query or "@" in text:
        raise UsageError(f"{option} {text!r:.80}: accepted: HOST:PORT, e.g. 127.0.0.1:9464")
    return host, port


@asynccontextmanager
async def shown(place: tuple[str, int] | None, face: Face) -> AsyncIterator[int | None]:
    """Answer on an address for as long as it lasts.

    Parameters
    ----------
    place : (str, int) or None
        Host and port; None: nowhere.
    face : Face

    Yields
    ------
    int or None
        Port.

    Raises
    ------
    UsageError
        If it cannot listen there, or the library for metrics is missing.
    """
    if place is None:
        yield None
        return
    if importlib.util.find_spec("prometheus_client") is None:
        raise UsageError("--metrics needs prometheus-client: pip install 'riverchief[gateway]', '[hub]' or '[board]'")
    server = _Server(face)
    host, port = place
    try:
        listening = await asyncio.start_server(server.talk, host, port, limit=MOST_BYTES)
    except OSError as error:
        # What asyncio says of it has the address once more.
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise UsageError(f"--metrics {host}:{port}: cannot listen there ({reason})") from None
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await server.close()


class _Server:
    """As much of HTTP/1.1 as a scraper and a health check need.

    It runs on the service's own event loop: one that is stuck does not answer, and that is the point.
    """

    def __init__(self, face: Face) -> None:
        self._face = face
        self._talks: set[asyncio.Task[None]] = set()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                if len(self._talks) <= MOST_CONNECTIONS:
                    async with asyncio.timeout(MOST_S):
                        await self._reply(reader, writer)
        finally:
            self._talks.discard(task)
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        method, _, rest = request.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        path = urlsplit(rest.partition(" ")[0]).path
        if method in ("GET", "HEAD"):
            reply = await answer(self._face, path)
        else:
            reply = Reply(405, "text/plain; charset=utf-8", b"accepted: GET, HEAD\n")
        head = (
            f"HTTP/1.1 {reply.status} {_REASONS[reply.status]}\r\nContent-Type: {reply.kind}\r\n"
            f"Content-Length: {len(reply.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("latin-1") + (b"" if method == "HEAD" else reply.body))
        await writer.drain()

    async def close(self) -> None:
        """End what is under way."""
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


_REASONS = {200: "OK", 404: "Not Found", 405: "Method Not Allowed", 500: "Internal Server Error",
            503: "Service Unavailable"}  # fmt: skip
