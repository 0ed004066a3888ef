"""A web server inside a service: signals are the service's business."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import uvicorn


class WebServer(uvicorn.Server):
    """A server that leaves the signals alone; whoever runs it sets `should_exit`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them as they are."""
        yield
