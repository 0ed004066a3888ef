"""What a service answers to those who look after it, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from collections.abc import Sequence

import httpx
import pytest
from starlette.applications import Starlette

from deploy import health
from deploy.health import Check, Face, parse_place, routes, shown
from deploy.metrics.text import Samples
from sensors.errors import UsageError

GOOD, BAD = Check("store", True, "good"), Check("broker", False, "nobody there")


def face(checks: Sequence[Check] = (GOOD,)) -> Face:
    def measure(samples: Samples) -> None:
        samples.gauge("x_seconds", "X.", 1)

    return Face("hub", lambda: checks, measure)


async def _asked(one: Face, request: bytes) -> bytes:
    async with shown(("127.0.0.1", 0), one) as port:
        assert port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        return data


def ask(one: Face, path: str, method: str = "GET") -> tuple[int, bytes, bytes]:
    data = asyncio.run(_asked(one, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


def test_alive_ready_and_measured() -> None:
    status, head, body = ask(face(), "/healthz")
    assert (status, json.loads(body)["service"]) == (200, "hub")
    assert b"Connection: close" in head
    status, _, body = ask(face(), "/readyz?x=1")
    assert status == 200
    assert json.loads(body)["checks"] == [{"name": "store", "ok": True, "detail": "good"}]
    status, head, body = ask(face(), "/metrics")
    assert status == 200
    assert b"text/plain" in head
    assert b"\nriverchief_x_seconds 1.0\n" in body


def test_not_ready_says_why() -> None:
    status, _, body = ask(face((GOOD, BAD)), "/readyz")
    assert status == 503
    assert json.loads(body)["ready"] is False
    assert ask(face((GOOD, BAD)), "/healthz")[0] == 200


def test_a_fault_is_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Sequence[Check]:
        raise RuntimeError("a secret detail")

    status, _, body = ask(Face("hub", broken), "/readyz")
    assert (status, json.loads(body)) == (500, {"service": "hub", "error": "RuntimeError"})
    assert "a secret detail" in caplog.text


def test_other_paths_and_methods() -> None:
    assert ask(face(), "/")[0] == 404
    assert ask(face(), "/metrics", "POST")[0] == 405
    status, head, body = ask(face(), "/metrics", "HEAD")
    assert (status, body) == (200, b"")
    assert b"Content-Length: 0" not in head


def test_a_request_without_an_end_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "MOST_S", 0.05)
    assert asyncio.run(_asked(face(), b"GET /metrics HTTP/1.1\r\n")) == b""
    assert asyncio.run(_asked(face(), b"GET /" + b"x" * 20_000)) == b""


def test_python_s_own_client_understands_it() -> None:
    async def main() -> int:
        async with shown(("127.0.0.1", 0), face()) as port:

            def get() -> int:
                line = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=5)
                try:
                    line.request("GET", "/metrics")
                    reply = line.getresponse()
                    reply.read()
                    return reply.status
                finally:
                    line.close()

            return await asyncio.to_thread(get)

    assert asyncio.run(main()) == 200


def test_a_port_that_is_taken_is_told() -> None:
    async def main(port: int) -> None:
        async with shown(("127.0.0.1", port), face()):
            pytest.fail("it listens where somebody else does")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=rf"--metrics 127.0.0.1:{port}: cannot listen there"):
            asyncio.run(main(port))


def test_nowhere() -> None:
    async def main() -> int | None:
        async with shown(None, face()) as port:
            return port

    assert asyncio.run(main()) is None


def test_as_routes_of_starlette() -> None:
    async def main() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=Starlette(routes=routes(face((BAD,)))))
        async with httpx.AsyncClient(transport=transport, base_url="http://board") as client:
            return [await client.get(path) for path in health.PATHS] + [await client.post("/metrics")]

    alive, ready, metrics, posted = asyncio.run(main())
    assert alive.json()["service"] == "hub"
    assert ready.status_code == 503
    assert metrics.headers["content-type"].startswith("text/plain; version=")
    assert metrics.headers["cache-control"] == "no-store"
    assert "riverchief_x_seconds 1.0" in metrics.text
    assert posted.status_code == 405


@pytest.mark.parametrize("text", ["9464", "host", "host:port", "h:1/x", "a@h:1", ":1", "h:99999"])
def test_a_place_has_host_and_port(text: str) -> None:
    with pytest.raises(UsageError, match="accepted: HOST:PORT"):
        parse_place(text)


def test_a_place_may_be_of_version_six() -> None:
    assert parse_place("[::1]:0") == ("::1", 0)
