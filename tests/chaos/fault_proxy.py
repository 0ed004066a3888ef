"""Stands between clients and the broker and does to the line what lines do: cuts it, lets it fall silent, slows it."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

#: Bytes passed on at once; a cut falls between any two of them.
CHUNK = 1_024


class FaultProxy:
    """A TCP proxy on loopback; an async context manager.

    Parameters
    ----------
    target : int
        Port that it leads to.

    Attributes
    ----------
    port : int
    slow_s : float
        Pause before each chunk [s].
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.slow_s = 0.0
        self._down = False
        self._silent: set[asyncio.Task[None]] = set()
        self._lines: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut(silent_too=True)
        await asyncio.gather(*self._lines, return_exceptions=True)

    def cut(self, *, silent_too: bool = False) -> None:
        """Reset every connection; those that have fallen silent stay so, as seen from their ends."""
        for task, writers in self._lines.items():
            if silent_too or task not in self._silent:
                for writer in writers:
                    writer.transport.abort()
                task.cancel()

    def fall_silent(self) -> None:
        """From now on nothing passes on the connections that are there, and nobody is told."""
        self._silent |= self._lines.keys()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines[task] = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._lines[task].append(far_writer)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(task, reader, far_writer))
                both.create_task(self._pass(task, far_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # one end is gone, or the line was cut
        finally:
            writers = self._lines.pop(task)
            self._silent.discard(task)
            for each in writers:
                each.transport.abort()

    async def _pass(self, line: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            if self.slow_s:
                await asyncio.sleep(self.slow_s)
            if line in self._silent:
                continue
            writer.write(data)
            await writer.drain()
        if line in self._silent:
            # Half open: the other end never learns that this one is gone.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        raise ConnectionResetError
