"""The pages on which people sign in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from dashboard.document import button, document, note, said
from dashboard.i18n import Translator


@dataclass(frozen=True, slots=True)
class Sheet:
    """What every page has.

    Attributes
    ----------
    words : Translator
    site : str
        Name of the site.
    path : str
        Of the page itself.
    after : str
        Where to go afterwards.
    """

    words: Translator
    site: str
    path: str
    after: str

    def address(self, lang: str | None = None, path: str | None = None) -> str:
        """Address of this page, or of another one that leads back to the same place."""
        return f"{path or self.path}?{urlencode({'lang': lang or self.words.code, 'next': self.after})}"


def signin_page(sheet: Sheet, name: str, wrong: str, *, single: bool, status: int = 200) -> HTMLResponse:
    """The page that asks for name and password.

    Parameters
    ----------
    sheet : Sheet
    name : str
        What was typed before.
    wrong : str
        What is to be said; empty for nothing.
    single : bool
        Whether people may sign in at an identity provider.
    status : int
        Of the answer.
    """
    _ = sheet.words
    body = [
        said([wrong] if wrong else [], bad=True),
        f'<form method="post" action="{escape(sheet.address())}">',
        _field("account", _("Account"), "text", "username", name, first=not name),
        _field("password", _("Password"), "password", "current-password", first=bool(name)),
        button(_("Sign in")),
        "</form>",
    ]
    if single:
        target = f"/?{urlencode({'lang': _.code, 'signin': 'oidc'})}"
        elsewhere = _("Sign in with single sign-on")
        body.append(f'<a class="button" href="{escape(target)}">{escape(elsewhere)}</a>')
    body.append(note(_("No account, or no password any more? Ask the river office.")))
    return _page(sheet, _("Sign in"), body, status)


def password_page(
    sheet: Sheet, account: str, wrong: Sequence[str], *, first: bool, least: int, status: int = 200
) -> HTMLResponse:
    """The page on which somebody gives themselves another password.

    Parameters
    ----------
    sheet : Sheet
    account : str
    wrong : sequence of str
        What is to be said.
    first : bool
        Whether the password was a one-time one.
    least : int
        Fewest characters.
    status : int
        Of the answer.
    """
    _ = sheet.words
    body = []
    if first and not wrong:
        body.append(said([_("The password was for once. Choose your own one now.")]))
    rule = _(
        "At least {least} characters. Several words are good; a name or a well-known password is not.", least=least
    )
    body += [
        said(wrong, bad=True),
        f'<form method="post" action="{escape(sheet.address())}">',
        # For password managers: whose password it is.
        f'<input type="text" name="account" autocomplete="username" value="{escape(account)}" hidden>',
        _field("old", _("Password up to now"), "password", "current-password", first=True),
        _field("new", _("New password"), "password", "new-password"),
        _field("again", _("New password again"), "password", "new-password"),
        note(rule),
        button(_("Change the password")),
        "</form>",
        f'<form method="post" action="/signout?lang={_.code}">',
        button(_("Sign out"), "button"),
        "</form>",
    ]
    return _page(sheet, _("Another password"), body, status)


def _field(name: str, label: str, kind: str, fill: str, value: str = "", *, first: bool = False) -> str:
    more = " autofocus" if first else ""
    if kind == "text":
        more += ' autocapitalize="none" spellcheck="false"'
    return (
        f'<label for="{name}">{escape(label)}</label><input id="{name}" name="{name}" type="{kind}" '
        f'autocomplete="{fill}" value="{escape(value)}" maxlength="200" required{more}>'
    )


def _page(sheet: Sheet, title: str, body: Sequence[str], status: int) -> HTMLResponse:
    return document(sheet.words, sheet.site, title, body, sheet.address, status)
