"""Streamlit's scripts and sheets, packed once: a page of them is 5 MB, packed 1.5 MB, and a phone is far away.

Streamlit sends them as they are and reads them from the disk each time. They bear a digest of their content in their
names, so that a browser keeps them for good.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.board.chunks import begun, later, scripts

#: What is packed: files that bear a digest.
_PATH = re.compile(r"/static/((?:js/[\w.-]+\.js)|(?:css/[\w.-]+\.css))")

_KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}

#: Smaller files are not worth it [B].
_LEAST = 500

#: Most bytes that are kept; what comes later is sent as Streamlit sends it.
MOST_BYTES = 12_000_000

#: How hard it packs: as hard as it can what everybody needs, at the start; quickly what somebody waits for.
_HARD, _QUICK = 9, 5

HEADERS = {
    "Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Cache-Control": "public, immutable, max-age=31536000",
}  # fmt: skip


class Shelf:
    """Files that have been packed; may be used from any thread.

    Parameters
    ----------
    folder : callable
        Where ``js`` and ``css`` are.
    """

    def __init__(self, folder: Callable[[], Path] = lambda: scripts().parent) -> None:
        self._folder = folder
        self._packed: dict[str, bytes | None] = {}
        self._size = 0
        self._lock = threading.Lock()

    def kept(self, name: str) -> bytes | None:
        """A file that has been packed; None where it has not."""
        return self._packed.get(name)

    def packed(self, name: str, level: int = _QUICK) -> bytes | None:
        """A file, packed; None where there is none, it is too small, or there is no room.

        Parameters
        ----------
        name : str
            Folder and file: ``js/index.x.js``.
        level : int
            1 to 9.
        """
        if name in self._packed:
            return self._packed[name]
        path = self._folder() / name
        if self._size >= MOST_BYTES or not path.is_file() or path.stat().st_size < _LEAST:
            return None
        made = gzip.compress(path.read_bytes(), level, mtime=0)
        with self._lock:
            if name not in self._packed:
                self._packed[name] = made
                self._size += len(made)
        return made


SHELF = Shelf()


def pack(shelf: Shelf = SHELF) -> None:
    """Pack what the first page needs."""
    for address in (*begun(), *later()):
        shelf.packed(address.removeprefix("./static/"), _HARD)


class Packed:
    """Answers for scripts and sheets of Streamlit's page where the browser takes them packed.

    Parameters
    ----------
    app : ASGIApp
        Answers everything else.
    shelf : Shelf, optional
    """

    def __init__(self, app: ASGIApp, shelf: Shelf = SHELF) -> None:
        self._app, self._shelf = app, shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "GET" and (found := _PATH.fullmatch(scope["path"])):
            headers = Headers(scope=scope)
            if "gzip" in headers.get("accept-encoding", "") and "range" not in headers:
                name = found[1]
                body = self._shelf.kept(name) or await run_in_threadpool(self._shelf.packed, name)
                if body is not None:
                    app = Response(body, headers=HEADERS, media_type=_KINDS[Path(name).suffix])
        await app(scope, receive, send)
