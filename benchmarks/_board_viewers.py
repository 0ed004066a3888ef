"""Viewers without a browser: they speak Streamlit's protocol over its web socket, and refresh as a page does.

Every fragment of a page asks to be run again after its interval. These viewers do so for the fragment that holds the
page's data, at an interval of their own; how long one takes is from the question to the end of the run, everything
that was drawn having arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect

#: Longest wait for an answer [s].
PATIENCE_S = 60.0


@dataclass(slots=True)
class Viewer:
    """One open page.

    Attributes
    ----------
    times_s : list of float
        How long each refresh took [s].
    received : int
        Bytes of all refreshes.
    """

    socket: ClientConnection
    query: str
    page_hash: str = ""
    fragments: dict[str, float] = field(default_factory=dict)
    times_s: list[float] = field(default_factory=list)
    received: int = 0

    async def open(self) -> None:
        """Open the page, and learn which of its fragments want to be refreshed."""
        await self._ask("")
        if not self.fragments:
            raise SystemExit("the board's first page asks for no refresh")

    @property
    def fragment(self) -> str:
        """The fragment with the page's data: the one that is refreshed most often."""
        return min(self.fragments, key=lambda one: self.fragments[one])

    async def refresh(self) -> None:
        """Run the fragment again."""
        begun = time.perf_counter()
        self.received += await self._ask(self.fragment)
        self.times_s.append(time.perf_counter() - begun)

    async def _ask(self, fragment: str) -> int:
        """Ask for a run and wait for its end; how many bytes came [B]."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        asked.rerun_script.page_script_hash = self.page_hash
        if fragment:
            asked.rerun_script.fragment_id = fragment
            asked.rerun_script.is_auto_rerun = True
        await self.socket.send(asked.SerializeToString())
        size = 0
        async with asyncio.timeout(PATIENCE_S):
            while True:
                data = await self.socket.recv()
                size += len(data)
                told = ForwardMsg()
                told.ParseFromString(data if isinstance(data, bytes) else data.encode())
                kind = told.WhichOneof("type")
                if kind == "auto_rerun":
                    self.fragments[told.auto_rerun.fragment_id] = told.auto_rerun.interval
                elif kind == "new_session":
                    self.page_hash = told.new_session.page_script_hash
                elif kind == "script_finished":
                    return size


async def watched(
    address: str, viewers: int, queries: Sequence[str], refreshes: int, every_s: float,
    begin: Callable[[], None] = lambda: None,
) -> list[Viewer]:  # fmt: skip
    """Open pages and refresh each of them a number of times, evenly spread over the interval.

    Parameters
    ----------
    address : str
        Of the board, ``http://HOST:PORT/``.
    viewers, refreshes : int
        Pages, and refreshes of each.
    queries : sequence of str
        What stands in the address behind the question mark; each viewer takes the next one.
    every_s : float
        Interval [s]; a viewer whose answer takes longer asks again at once.
    begin : callable
        Called when all pages are open and the first refresh is due.
    """
    pages = [await _opened(address, queries[number % len(queries)]) for number in range(viewers)]
    begin()
    begun = asyncio.get_running_loop().time()

    async def go_on(number: int, page: Viewer) -> None:
        for turn in range(refreshes):
            due = begun + every_s * (turn + number / viewers)
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await page.refresh()

    try:
        await asyncio.gather(*(go_on(number, page) for number, page in enumerate(pages)))
    finally:
        for page in pages:
            await page.socket.close()
    return pages


async def _opened(address: str, query: str) -> Viewer:
    url = f"ws{address.removeprefix('http')}_stcore/stream"
    origin = address.rstrip("/")
    socket = await connect(url, subprotocols=["streamlit"], origin=origin, max_size=None, compression=None)  # type: ignore[list-item,arg-type]
    viewer = Viewer(socket, query)
    await viewer.open()
    return viewer
