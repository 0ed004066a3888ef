"""A visitor of an ASGI application: no socket, no thread; cookies are kept as a browser keeps them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

#: What a browser says of a form that a page of the same site sends.
OWN = {"sec-fetch-site": "same-origin"}


class Visitor:
    """Asks an application, one request after the other; redirects are not followed.

    Parameters
    ----------
    app : Any
        ASGI application; its lifespan is not run.
    base : str
        Scheme and host.
    client : (str, int)
        Where the visitor is.
    """

    def __init__(
        self, app: Any, base: str = "https://river.example", client: tuple[str, int] = ("10.0.0.1", 1234)
    ) -> None:
        self._transport = httpx.ASGITransport(app, client=client)
        self._base = base
        self.cookies = httpx.Cookies()

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Fetch a page."""
        return self._ask("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Send a form."""
        return self._ask("POST", path, **more)

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self._base, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())
