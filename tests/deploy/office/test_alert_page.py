"""The page for people on the road, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from dashboard.casework.database import open_books
from dashboard.casework.desk import Desk
from deploy.office.alert_page import serve_page
from sensors.errors import UsageError
from sensors.site import Site


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_an_unknown_link_is_answered_and_the_service_ends(xietang: Site, tmp_path: Path) -> None:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    port = free_port()

    async def run() -> httpx.Response:
        stop = asyncio.Event()
        serving = asyncio.create_task(
            serve_page(("127.0.0.1", port), books, Desk.of(xietang), lambda: 1_780_000_000_000, stop)
        )
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=20)) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/alert/unknown")
        stop.set()
        await serving
        return answer

    answer = asyncio.run(run())
    books.close()
    assert answer.status_code == 404
    assert "链接无效" in answer.text


def test_a_port_that_is_taken_is_told(xietang: Site, tmp_path: Path) -> None:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = ("127.0.0.1", int(taken.getsockname()[1]))
        with pytest.raises(UsageError, match="cannot listen there"):
            asyncio.run(serve_page(listen, books, Desk.of(xietang), lambda: 0, asyncio.Event()))
    books.close()
