"""Serves the page on which an alert is acknowledged: behind the proxy that serves the board, for people on the road."""

from __future__ import annotations

import asyncio
import socket

import uvicorn
from starlette.applications import Starlette

from collectors.clock import Now
from dashboard.alerts.acknowledge import routes
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from deploy.web import WebServer
from sensors.errors import UsageError


async def serve_page(listen: tuple[str, int], books: Books, desk: Desk, now_ms: Now, stop: asyncio.Event) -> None:
    """Serve ``/alert/TOKEN`` until `stop` is set.

    Parameters
    ----------
    listen : (str, int)
        Host and port.
    books : Books
    desk : Desk
    now_ms : callable
        [ms since the epoch, UTC]
    stop : asyncio.Event

    Raises
    ------
    UsageError
        If it cannot listen there.
    """
    application = Starlette(routes=routes(books, desk, now_ms))
    # Tokens stand in the addresses: no log of requests.
    config = uvicorn.Config(
        application, host=listen[0], port=listen[1], access_log=False, log_config=None, lifespan="off"
    )
    server = WebServer(config)
    try:
        sock = socket.create_server(listen, family=socket.AF_INET6 if ":" in listen[0] else socket.AF_INET)
    except OSError as error:
        raise UsageError(f"--listen {listen[0]}:{listen[1]}: cannot listen there ({error.strerror})") from None
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await stop.wait()
    server.should_exit = True
    await serving
