"""The page behind a link in a message: it shows the alerts and a button. Only the button acknowledges.

Chats fetch links to show a preview, so a GET changes nothing. The page needs no login: the link was sent to one person
and works once. It needs no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from collectors.clock import Now
from dashboard.alerts.telling import severity_word, since_ms
from dashboard.alerts.tokens import alerts_of, find_token, use_token
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Alert, Token
from dashboard.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from sensors.errors import BooksError

#: Where the page is; the last part is the token.
PATH = "/alert/{token}"

#: Longest token that is looked for [characters].
MOST_CHARS = 100

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}

_STYLE = (
    "body{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#14202b}"
    "h1{font-size:1.3rem}li{margin:.5rem 0}button{font:inherit;padding:.8rem 2rem;border:0;border-radius:.4rem;"
    "background:#0b5cad;color:#fff}button:focus-visible{outline:3px solid #f2a900}.note{color:#46545f}"
)


@dataclass(frozen=True, slots=True)
class _View:
    """What a token leads to now."""

    token: Token | None
    alerts: Sequence[Alert]

    def open(self, now_ms: int) -> bool:
        """Whether the button is there."""
        return (
            self.token is not None
            and self.token.used_ms is None
            and self.token.expires_ms > now_ms
            and any(alert.acknowledged_ms is None for alert in self.alerts)
        )


def routes(books: Books, desk: Desk, now_ms: Now) -> list[Route]:
    """Routes of the page, for the application that serves the board.

    Parameters
    ----------
    books : Books
    desk : Desk
    now_ms : callable
        [ms since the epoch, UTC]
    """

    def show(request: Request) -> Response:
        _ = _language(request)
        try:
            view = _look(books, request.path_params["token"])
        except BooksError:
            return _page(_, [_said(_("The books cannot be reached. Please try again."))], 503)
        return _page(_, _body(_, desk, view, now_ms()), 200 if view.token is not None else 404)

    def press(request: Request) -> Response:
        _ = _language(request)
        raw, now = request.path_params["token"], now_ms()
        try:
            if _look(books, raw).open(now):
                with books.change("link", now, "acknowledged by link") as session:
                    use_token(session, raw, now)
        except BooksError:
            return _page(_, [_said(_("The books cannot be reached. Please try again."))], 503)
        # What became of it is shown by a GET, so that going back and reloading do nothing.
        return RedirectResponse(f"{request.url.path}?lang={_.code}", 303, HEADERS)

    return [Route(PATH, show, methods=["GET"]), Route(PATH, press, methods=["POST"])]


def _look(books: Books, raw: str) -> _View:
    if len(raw) > MOST_CHARS:
        return _View(None, ())
    with books.read() as session:
        token = find_token(session, raw)
        return _View(token, alerts_of(session, token) if token is not None else ())


def _body(_: Translator, desk: Desk, view: _View, now_ms: int) -> list[str]:
    if view.token is None:
        return [_said(_("This link is not known."))]
    items = [f"<li>{_item(_, desk, alert)}</li>" for alert in view.alerts]
    body = [f"<ul>{''.join(items)}</ul>"]
    if view.open(now_ms):
        label = _("Acknowledge")
        button = f'<button type="submit">{escape(label)}</button>'
        body.append(f'<form method="post" action="?lang={_.code}">{button}</form>')
        body.append(_said(_("You take it on; nobody else is called.")))
    elif view.token.used_ms is None and view.token.expires_ms <= now_ms:
        body.append(_said(_("This link has expired. Acknowledge it on the board.")))
    return body


def _item(_: Translator, desk: Desk, alert: Alert) -> str:
    said = [f"<strong>{escape(severity_word(_, alert.severity))}</strong> {escape(alert.title)}"]
    said += [escape(line) for line in alert.text.splitlines() if line.strip()]
    said.append(escape(_("Since {time}", time=_instant(desk, since_ms(alert)))))
    if alert.cleared_ms is not None:
        said.append(escape(_("Over since {time}", time=_instant(desk, alert.cleared_ms))))
    if alert.acknowledged_ms is not None:
        told = _("Acknowledged by {account} at {time}", account=alert.acknowledged_by,
                 time=_instant(desk, alert.acknowledged_ms))  # fmt: skip
        said.append(f"<em>{escape(told)}</em>")
    return "<br>".join(said)


def _page(_: Translator, body: Sequence[str], status: int) -> HTMLResponse:
    title = escape(_("River alerts"))
    lang = {"zh": "zh-CN"}.get(_.code, _.code)
    others = " ".join(
        f'<a href="?lang={code}">{escape(name)}</a>' for code, name in LANGUAGES.items() if code != _.code
    )
    html = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>{''.join(body)}<p class='note'>{others}</p></body></html>"
    )
    return HTMLResponse(html, status, HEADERS)


def _said(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _language(request: Request) -> Translator:
    """As the address says, else as the reader's browser prefers."""
    if (asked := request.query_params.get("lang")) in LANGUAGES:
        return translator(asked or DEFAULT_LANGUAGE)
    for part in request.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return translator(code)
    return translator(DEFAULT_LANGUAGE)


def _instant(desk: Desk, time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, desk.calendar.zone):%Y-%m-%d %H:%M}"
