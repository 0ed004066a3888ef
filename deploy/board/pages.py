"""What the board serves beside Streamlit: its pages' document, signing in, links of messages, whether it does its work.

Whatever takes long to load is loaded when the board answers already, or when it is asked for before that.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.accounts.address import wanted
from dashboard.accounts.sessions import COOKIE, Sessions, sessions_of
from dashboard.first_paint.viewer import SINGLE_COOKIE
from dashboard.warm import warm
from deploy.board.first_paint import Asked, FirstPaint
from deploy.board.index import index, language
from deploy.board.packed import Packed, pack
from deploy.health import Check, Face
from deploy.health import routes as health_routes
from sensors.errors import BooksError, StoreError
from sensors.site import Site, load_site

if TYPE_CHECKING:
    from dashboard.casework.database import Books
    from deploy.board.board import BoardOptions

#: What an address of a page looks like.
_PAGE = re.compile(r"[a-z][a-z0-9_-]*")


class Later:
    """An application that is made when it is first asked, or before.

    Parameters
    ----------
    make : callable
        Makes it, in another thread than the one that answers.
    """

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._app: ASGIApp | None = None
        self._lock = threading.Lock()

    def app(self) -> ASGIApp:
        """The application."""
        with self._lock:
            if self._app is None:
                self._app = self._make()
            return self._app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app: ASGIApp = await run_in_threadpool(self.app) if self._app is None else self._app
        await app(scope, receive, send)


class Office:
    """What needs the books: signing in, and links of messages.

    Parameters
    ----------
    options : BoardOptions
    site : Site
    sessions : Sessions or None
        None in a demonstration, where nobody signs in.
    """

    def __init__(self, options: BoardOptions, site: Site, sessions: Sessions | None) -> None:
        self._options, self._site, self._sessions = options, site, sessions
        self.books: Books | None = None
        self.app = Later(self._make)

    def routes(self) -> list[BaseRoute]:
        """Its addresses."""
        paths = ["/alert/{token}", *(("/signin", "/signout", "/password") if self._sessions is not None else ())]
        return [Route(path, self.app) for path in paths]

    def _make(self) -> ASGIApp:
        from starlette.applications import Starlette

        from dashboard.accounts.routes import SignIn
        from dashboard.accounts.routes import routes as signin_routes
        from dashboard.alerts.acknowledge import routes as alert_routes
        from dashboard.casework.database import open_books
        from dashboard.casework.desk import Desk

        assert self._options.books is not None
        self.books = books = open_books(self._options.books, self._options.files)
        routes: list[BaseRoute] = [*alert_routes(books, Desk.of(self._site), _now_ms)]
        if self._sessions is not None:
            single = self._options.oidc is not None
            routes += signin_routes(SignIn(books, self._site, self._sessions, _now_ms, single))
        return Starlette(routes=routes)


class Watch:
    """Whether the board can do its work: its store and its books answer.

    Parameters
    ----------
    store : str
        URL.
    office : Office or None
    """

    def __init__(self, store: str, office: Office | None) -> None:
        self._store, self._office = store, office
        self._checks: list[Check] = []

    async def refresh(self) -> None:
        """Look again."""
        self._checks = await run_in_threadpool(self._look)

    def checks(self) -> Sequence[Check]:
        """What was found."""
        return self._checks

    def _look(self) -> list[Check]:
        from collectors.stores import open_store

        found = []
        try:
            open_store(self._store, read_only=True).close()
            found.append(Check("store", True))
        except StoreError as error:
            # Whoever can reach the board reads this: what is wrong stands in the log, not here.
            found.append(Check("store", False, type(error).__name__))
        if self._office is not None:
            try:
                self._office.app.app()
                assert self._office.books is not None
                with self._office.books.read() as session:
                    session.connection()
                found.append(Check("books", True))
            except BooksError as error:
                found.append(Check("books", False, type(error).__name__))
        return found


class Pages:
    """Answers for the pages with the document of the board, and sends whoever may not see one to where they sign in.

    It opens nothing: what a page shows is decided when it is drawn, and for its first screen by `FirstPaint`.

    Parameters
    ----------
    app : ASGIApp
        Answers everything else.
    site : Site
    sessions : Sessions or None
        None where nobody signs in.
    paint : FirstPaint or None
        None for pages without a first screen.
    """

    def __init__(
        self, app: ASGIApp, site: Site, sessions: Sessions | None, paint: FirstPaint | None = None
    ) -> None:  # fmt: skip
        self.app, self.site, self.sessions, self.paint = app, site, sessions, paint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        app = self.app
        if scope["type"] == "http" and scope["method"] == "GET":
            path = scope["path"].strip("/")
            request = Request(scope)
            if not path:
                app = await self._page(request, path)
            elif _PAGE.fullmatch(path) and "text/html" in request.headers.get("accept", ""):
                public = (await run_in_threadpool(pages)).get(path)
                if public is not None:
                    known = public or self._knows(request, path)
                    app = await self._page(request, path) if known else self._elsewhere(request)
        await app(scope, receive, send)

    async def _page(self, request: Request, path: str) -> ASGIApp:
        if self.paint is None:
            return index(self.site, request)
        asked = Asked(path, request.query_params, request.cookies, language(request))
        return index(self.site, request, await self.paint.of(asked))

    def _knows(self, request: Request, path: str) -> bool:
        if self.sessions is None:
            return True
        # A screen on a wall goes on longer, for that page alone.
        display = path == "wall" and request.query_params.get("kiosk") == "1"
        known = self.sessions.read(request.cookies.get(COOKIE, ""), _now_ms(), display=display) is not None
        return known or SINGLE_COOKIE in request.cookies

    def _elsewhere(self, request: Request) -> RedirectResponse:
        return RedirectResponse(wanted(request.url.path, request.url.query), 303)


def pages() -> Mapping[str, bool]:
    """Paths of the board's pages, and whether everybody may open them."""
    # Streamlit complains of caches that are made before it runs; they are as good.
    logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)
    from dashboard.views import PAGES

    return {page.path: "public" in page.roles for page in PAGES}


@dataclass(frozen=True, slots=True)
class Beside:
    """What is served beside Streamlit.

    Attributes
    ----------
    routes : list of BaseRoute
    guards : list of Middleware
        What stands before everything.
    warm : callable
        Loads whatever takes long. Raises `BooksError` where the books cannot be opened, and `ConfigError` with every
        mistake in the office's settings.
    """

    routes: list[BaseRoute]
    guards: list[Middleware]
    warm: Callable[[], None] = field(default=lambda: None)


def beside(options: BoardOptions) -> Beside:
    """What is served beside Streamlit; `deploy.board.board.prepared` stands in the environment."""
    site = load_site(options.site)
    key = os.environ.get("RIVERCHIEF_KEY")
    sessions = sessions_of(key) if key and options.books and options.access == "login" else None
    office = Office(options, site, sessions) if options.books is not None else None
    watch = Watch(options.store, office)
    routes: list[BaseRoute] = [*health_routes(Face("board", watch.checks, refresh=watch.refresh))]
    if office is not None:
        routes += office.routes()
    guards = [Middleware(Packed), Middleware(Pages, site=site, sessions=sessions, paint=FirstPaint())]
    return Beside(routes, guards, partial(_warm, office))


def _warm(office: Office | None) -> None:
    if office is not None:
        office.app.app()
    pages()
    warm()
    pack()


def _now_ms() -> int:
    return round(time.time() * 1000)
