"""The addresses on which people sign in: /signin, /password and /signout.

Forms come from our own pages only: a browser says where a request was made (``Sec-Fetch-Site``, ``Origin``), and one
that says nothing of the kind is not let in. Nothing that was typed is ever logged.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from collectors.clock import Now
from dashboard.accounts.address import inside
from dashboard.accounts.html import Sheet, password_page, signin_page
from dashboard.accounts.sessions import COOKIE, Sessions
from dashboard.accounts.signin import change_password, sign_in
from dashboard.accounts.throttle import Throttle
from dashboard.accounts.trail import note
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from dashboard.document import HEADERS, language
from dashboard.i18n import Translator
from sensors.errors import BooksError
from sensors.site import Site

log = logging.getLogger(__name__)

#: Largest form [bytes].
MOST_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class SignIn:
    """What signing in needs.

    Attributes
    ----------
    books : Books
    site : Site
    sessions : Sessions
    now_ms : callable
        [ms since the epoch, UTC]
    single : bool
        Whether people may sign in at an identity provider as well.
    throttle : Throttle or None
        None for one as the sessions' settings have it.
    """

    books: Books
    site: Site
    sessions: Sessions
    now_ms: Now
    single: bool = False
    throttle: Throttle | None = None

    def sheet(self, request: Request) -> Sheet:
        """What the page of a request has in common with the others."""
        _ = language(request)
        name = self.site.name if _.code == "zh" else self.site.name_en
        return Sheet(_, name, request.url.path, inside(request.query_params.get("next", "")))

    def holder(self, request: Request) -> Account | None:
        """Whose session a request shows; somebody who has to change their password included."""
        ticket = self.sessions.read(request.cookies.get(COOKIE, ""), self.now_ms())
        if ticket is None:
            return None
        with self.books.read() as session:
            account = session.get(Account, ticket.account)
        return account if account and not account.disabled and account.session_epoch == ticket.epoch else None


def routes(desk: SignIn) -> list[Route]:
    """The routes, for the application that serves the board."""
    throttle = desk.throttle or Throttle(desk.sessions.settings.attempts_per_minute)

    def show_signin(request: Request) -> Response:
        sheet = desk.sheet(request)
        try:
            account = desk.holder(request)
        except BooksError:
            return signin_page(sheet, "", _unreachable(sheet.words), single=desk.single, status=503)
        if account is not None:
            return _on(sheet.address(path="/password") if account.must_change else sheet.after)
        return signin_page(sheet, "", "", single=desk.single)

    def try_signin(request: Request, form: Mapping[str, str]) -> Response:
        sheet, _ = desk.sheet(request), language(request)
        name, now_ms = form.get("account", "").strip()[:64], desk.now_ms()
        where = _where(request)
        if not throttle.passes(where, time.monotonic()):
            said = _("Too many attempts from here. Wait a minute.")
            return signin_page(sheet, name, said, single=desk.single, status=429)
        settings = desk.sessions.settings
        try:
            account = sign_in(desk.books, name, form.get("password", ""), now_ms, settings, where)
        except BooksError:
            return signin_page(sheet, name, _unreachable(_), single=desk.single, status=503)
        if account is None:
            said = _(
                "Account or password is not right. After {count} failures in a row an account is closed for {minutes} "
                "minutes and longer.",
                count=settings.failures, minutes=round(settings.lock_s / 60),
            )  # fmt: skip
            return signin_page(sheet, name, said, single=desk.single, status=403)
        desk.sessions.end(request.cookies.get(COOKIE, ""), now_ms)
        response = _on(sheet.address(path="/password") if account.must_change else sheet.after)
        return _with_cookie(response, request, desk.sessions, account, now_ms)

    def show_password(request: Request) -> Response:
        sheet = desk.sheet(request)
        try:
            account = desk.holder(request)
        except BooksError:
            return PlainTextResponse(_unreachable(sheet.words), 503, HEADERS)
        if account is None:
            return _on(sheet.address(path="/signin"))
        return _password(sheet, account, ())

    def try_password(request: Request, form: Mapping[str, str]) -> Response:
        sheet, _ = desk.sheet(request), language(request)
        now_ms, where = desk.now_ms(), _where(request)
        try:
            account = desk.holder(request)
            if account is None:
                return _on(sheet.address(path="/signin"))
            if not throttle.passes(where, time.monotonic()):
                return _password(sheet, account, [_("Too many attempts from here. Wait a minute.")], 429)
            new = form.get("new", "")
            if new != form.get("again", ""):
                return _password(sheet, account, [_("The new password was not typed the same twice.")], 400)
            settings = desk.sessions.settings
            changed = change_password(desk.books, account.id, form.get("old", ""), new, now_ms, settings, where)
        except BooksError:
            return PlainTextResponse(_unreachable(_), 503, HEADERS)
        if changed.account is None:
            said = _faults(_, settings.least_chars, settings.most_chars)
            return _password(sheet, account, [said[one] for one in changed.faults], 400)
        desk.sessions.end(request.cookies.get(COOKIE, ""), now_ms)
        return _with_cookie(_on(sheet.after), request, desk.sessions, changed.account, now_ms)

    def _password(sheet: Sheet, account: Account, said: list[str] | tuple[()], status: int = 200) -> Response:
        least = desk.sessions.settings.least_chars
        return password_page(sheet, account.id, said, first=account.must_change, least=least, status=status)

    def signout(request: Request, form: Mapping[str, str]) -> Response:
        now_ms = desk.now_ms()
        ticket = desk.sessions.end(request.cookies.get(COOKIE, ""), now_ms)
        if ticket is not None:
            try:
                with desk.books.change(ticket.account, now_ms) as session:
                    note(session, now_ms, ticket.account, "signout", ticket.account, f"from {_where(request)}")
            except BooksError as error:
                log.error("signing out could not be written down: %s", error)
        response = _on(f"/?lang={language(request).code}")
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax", secure=_secure(request))
        return response

    return [
        Route("/signin", show_signin, methods=["GET"]),
        Route("/signin", _form(try_signin), methods=["POST"]),
        Route("/password", show_password, methods=["GET"]),
        Route("/password", _form(try_password), methods=["POST"]),
        Route("/signout", _form(signout), methods=["POST"]),
    ]


def own(request: Request) -> bool:
    """Whether a request was made by a page of this board, as the browser says."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


def _form(handle: Callable[[Request, Mapping[str, str]], Response]) -> Callable[[Request], object]:
    """Takes a form of our own pages and nothing else."""

    async def endpoint(request: Request) -> Response:
        if not own(request):
            return PlainTextResponse("This form was not sent by a page of the board.\n", 403, HEADERS)
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MOST_BYTES:
                return PlainTextResponse("too large\n", 413, HEADERS)
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=10))
        except ValueError:
            return PlainTextResponse("accepted: application/x-www-form-urlencoded\n", 400, HEADERS)
        return await run_in_threadpool(handle, request, form)

    return endpoint


def _with_cookie(
    response: RedirectResponse, request: Request, sessions: Sessions, account: Account, now_ms: int
) -> Response:
    response.set_cookie(
        COOKIE, sessions.issue(account.id, account.session_epoch, now_ms), path="/", httponly=True, samesite="lax",
        secure=_secure(request),
    )  # fmt: skip
    return response


def _faults(_: Translator, least: int, most: int) -> dict[str, str]:
    return {
        "refused": _("The password up to now is not right, or the account is closed for a while."),
        "same": _("That is the password up to now."),
        "short": _("The new password is shorter than {least} characters.", least=least),
        "long": _("The new password is longer than {most} characters.", most=most),
        "name": _("The new password is the account's or your own name."),
        "common": _("The new password is too easy to guess."),
    }


def _unreachable(_: Translator) -> str:
    return _("The books cannot be reached. Please try again.")


def _on(address: str) -> RedirectResponse:
    return RedirectResponse(address, 303, HEADERS)


def _secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _where(request: Request) -> str:
    return request.client.host if request.client else ""
