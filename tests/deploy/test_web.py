"""A web server inside a service leaves the service's signals alone."""

from __future__ import annotations

import asyncio
import signal
import socket

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from deploy.web import WebServer


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_and_takes_no_signal(number: int) -> None:
    async def main() -> None:
        before = signal.getsignal(number)
        config = uvicorn.Config(Starlette(), log_config=None, lifespan="off")
        server, sock = WebServer(config), socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}") as client:
            assert (await client.get("/nothing")).status_code == 404
        assert signal.getsignal(number) == before
        server.should_exit = True
        await serving

    asyncio.run(main())
