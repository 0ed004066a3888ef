"""The first screen of each page, for whoever asks for it: quickly, from what is kept for seconds, or not at all.

A page never fails for its first screen. What goes wrong is logged, and Streamlit's page comes as it always did.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dashboard.first_paint.markup import Html
from dashboard.first_paint.viewer import viewer_of
from dashboard.i18n import DEFAULT_LANGUAGE, Translator
from dashboard.page import Page
from dashboard.sources import Sources
from dashboard.wording import Wording
from sensors.errors import RiverChiefError

log = logging.getLogger(__name__)

#: How long a screen serves the same viewer [s]; what it is made of is kept as long again (`dashboard.sources`).
KEPT_S = 3.0

#: Screens that are kept.
MOST = 64

#: Longest wait for one [s]: after that the page draws itself as quickly.
PATIENCE_S = 2.5

#: Screens that are made at a time; a store that does not answer holds up no more threads.
THREADS = 2

#: Pages without one: a screen on a wall has its own looks.
_BARE = frozenset({"wall"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request for a page says.

    Attributes
    ----------
    path : str
        Of the page; empty at the root.
    query, cookies : mapping of str to str
    words : Translator
    """

    path: str
    query: Mapping[str, str]
    cookies: Mapping[str, str]
    words: Translator


class FirstPaint:
    """First screens; may be asked from any task of one event loop.

    Parameters
    ----------
    sources : callable
        Where the board gets its data from; asked when the first screen is.
    clock : callable
        Seconds, for how long a screen is kept.
    """

    def __init__(
        self, sources: Callable[[], Sources] = Sources.from_environment, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sources, self._clock = sources, clock
        self._kept: OrderedDict[tuple[object, ...], tuple[float, Html]] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="first-paint")
        self._at_work = 0

    async def of(self, asked: Asked) -> Html | None:
        """The screen for a request; None where the page is better without, or it would take too long."""
        if self._at_work >= THREADS:
            return None
        self._at_work += 1
        made = asyncio.get_running_loop().run_in_executor(self._pool, self.made, asked)
        made.add_done_callback(self._done)
        try:
            return await asyncio.wait_for(asyncio.shield(made), PATIENCE_S)
        except TimeoutError:
            log.warning("the first screen took more than %.1f s and was left out", PATIENCE_S)
            return None

    def _done(self, _made: object) -> None:
        self._at_work -= 1

    def made(self, asked: Asked) -> Html | None:
        """The screen for a request, in this thread; None where the page is better without."""
        try:
            return self._made(asked)
        except Exception:
            # Whatever it is, the page itself is whole, and says what is to be said.
            log.exception("the first screen could not be drawn and was left out")
            return None

    def _made(self, asked: Asked) -> Html | None:
        from dashboard.first_paint.screen import Frame, frame_alone, screen
        from dashboard.frame import open_to
        from dashboard.views import PAGES

        sources = self._sources()
        viewer = viewer_of(sources, asked.cookies, asked.query, round(time.time() * 1000))
        if viewer is None:
            return None
        pages = tuple(open_to(viewer, PAGES, books=sources.books_url is not None))
        page = _named(asked.path, pages)
        if page is None or page.path in _BARE:
            return None
        going_along = _going_along(asked)
        key = (viewer, page.path, asked.words.code, going_along)
        found = self._look(key)
        if found is None:
            frame = Frame(viewer, pages, page, Wording.of(sources.site, asked.words), going_along)
            try:
                found = screen(sources, frame)
            except RiverChiefError as error:
                log.warning("the first screen has no content: %s", error)
                return frame_alone(sources, frame)
            self._keep(key, found)
        return found

    def _look(self, key: tuple[object, ...]) -> Html | None:
        with self._lock:
            made_s, found = self._kept.get(key, (0.0, None))
            return found if found is not None and self._clock() - made_s <= KEPT_S else None

    def _keep(self, key: tuple[object, ...], made: Html) -> None:
        with self._lock:
            self._kept[key] = (self._clock(), made)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)


def _named(path: str, pages: tuple[Page, ...]) -> Page | None:
    """The page at an address; the first one stands at the root."""
    if not path:
        return pages[0] if pages else None
    return next((page for page in pages if page.path == path), None)


def _going_along(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What goes along from page to page, as `dashboard.views.going` has it."""
    lang = {} if asked.words.code == DEFAULT_LANGUAGE else {"lang": asked.words.code}
    return tuple((lang | {name: asked.query[name] for name in ("as",) if name in asked.query}).items())
