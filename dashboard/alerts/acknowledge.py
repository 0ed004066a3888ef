"""The page behind a link in a message: it shows the alerts and a button. Only the button acknowledges.

Chats fetch links to show a preview, so a GET changes nothing. The page needs no login: the link was sent to one person
and works once. It needs no script and loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from collectors.clock import Now
from dashboard import document
from dashboard.alerts.telling import severity_word, since_ms
from dashboard.alerts.tokens import alerts_of, find_token, use_token
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Alert, Token
from dashboard.i18n import Translator
from sensors.errors import BooksError

#: Where the page is; the last part is the token.
PATH = "/alert/{token}"

#: Longest token that is looked for [characters].
MOST_CHARS = 100

#: The address is the key: it is told to nobody.
HEADERS = {
    **document.HEADERS,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


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
        _ = document.language(request)
        try:
            view = _look(books, request.path_params["token"])
        except BooksError:
            return _page(_, desk, [document.said([_("The books cannot be reached. Please try again.")], bad=True)], 503)
        return _page(_, desk, _body(_, desk, view, now_ms()), 200 if view.token is not None else 404)

    def press(request: Request) -> Response:
        _ = document.language(request)
        raw, now = request.path_params["token"], now_ms()
        try:
            if _look(books, raw).open(now):
                with books.change("link", now, "acknowledged by link") as session:
                    use_token(session, raw, now)
        except BooksError:
            return _page(_, desk, [document.said([_("The books cannot be reached. Please try again.")], bad=True)], 503)
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
        return [document.said([_("This link is not known.")])]
    items = [f"<li>{_item(_, desk, alert)}</li>" for alert in view.alerts]
    body = [f'<ul class="list">{"".join(items)}</ul>']
    if view.open(now_ms):
        button = document.button(_("Acknowledge"))
        body.append(f'<form method="post" action="?lang={_.code}">{button}</form>')
        body.append(document.note(_("You take it on; nobody else is called.")))
    elif view.token.used_ms is None and view.token.expires_ms <= now_ms:
        body.append(document.said([_("This link has expired. Acknowledge it on the board.")]))
    return body


def _item(_: Translator, desk: Desk, alert: Alert) -> str:
    said = [f"<strong>{escape(severity_word(_, alert.severity))}</strong> {escape(alert.title)}"]
    said += [escape(line) for line in alert.text.splitlines() if line.strip()]
    said.append(escape(_("Since {time}", time=desk.calendar.minute(since_ms(alert)))))
    if alert.cleared_ms is not None:
        said.append(escape(_("Over since {time}", time=desk.calendar.minute(alert.cleared_ms))))
    if alert.acknowledged_ms is not None:
        told = _("Acknowledged by {account} at {time}", account=alert.acknowledged_by,
                 time=desk.calendar.minute(alert.acknowledged_ms))  # fmt: skip
        said.append(f"<em>{escape(told)}</em>")
    return "<br>".join(said)


def _page(_: Translator, desk: Desk, body: Sequence[str], status: int) -> HTMLResponse:
    site = desk.site.name if _.code == "zh" else desk.site.name_en
    return document.document(
        _, site, _("River alerts"), body, lambda code: f"?lang={code}", status, home=False, headers=HEADERS
    )
