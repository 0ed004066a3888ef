"""The pages on which people sign in: whole documents without a script, in the board's looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from starlette.responses import HTMLResponse

from dashboard.i18n import LANGUAGES, Translator

#: These pages need a style and a form, and nothing else.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
}

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2935;--dim:#55626d;--paper:#f4f7f9;--card:#fff;--line:#c3ccd3;--accent:#0b6e99;
--on:#fff;--bad:#a1141c;--bad-paper:#fdeceb}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf1;--dim:#a9b5be;--paper:#0e1418;--card:#172027;--line:#4a5862;
--accent:#4db6dc;--on:#06222e;--bad:#ffb4ab;--bad-paper:#3c1614}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--paper);color:var(--ink);
font:1rem/1.55 "Source Sans Pro","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",system-ui,sans-serif}
main{width:min(26rem,100%);background:var(--card);border:1px solid var(--line);border-top:5px solid var(--accent);
border-radius:.6rem;padding:1.6rem 1.8rem 1.4rem}
h1{font-size:1.45rem;line-height:1.25;margin:0}
.site{margin:.1rem 0 1.2rem;color:var(--dim)}
label{display:block;margin:.9rem 0 .25rem;font-weight:600}
input{width:100%;font:inherit;color:inherit;background:var(--card);border:1px solid var(--dim);border-radius:.4rem;
padding:.55rem .7rem}
button,.button{display:block;width:100%;margin-top:1.3rem;font:inherit;font-weight:600;text-align:center;
text-decoration:none;border:1px solid var(--accent);border-radius:.4rem;padding:.65rem;background:var(--accent);
color:var(--on);cursor:pointer}
.button{background:none;color:var(--accent);margin-top:.8rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.said{margin:.8rem 0;padding:.55rem .8rem;border-radius:.4rem;border:1px solid var(--line)}
.bad{color:var(--bad);background:var(--bad-paper);border-color:var(--bad)}
.said ul{margin:0;padding-left:1.1rem}
.note{font-size:.9rem;color:var(--dim);margin:.9rem 0 0}
.foot{display:flex;justify-content:space-between;gap:1rem;margin-top:1.4rem;font-size:.95rem}
a{color:var(--accent)}
"""


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
        _said([wrong] if wrong else []),
        f'<form method="post" action="{escape(sheet.address())}">',
        _field("account", _("Account"), "text", "username", name, first=not name),
        _field("password", _("Password"), "password", "current-password", first=bool(name)),
        _button(_("Sign in")),
        "</form>",
    ]
    if single:
        target = f"/?{urlencode({'lang': _.code, 'signin': 'oidc'})}"
        elsewhere = _("Sign in with single sign-on")
        body.append(f'<a class="button" href="{escape(target)}">{escape(elsewhere)}</a>')
    body.append(_note(_("No account, or no password any more? Ask the river office.")))
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
        body.append(_said([_("The password was for once. Choose your own one now.")], bad=False))
    rule = _(
        "At least {least} characters. Several words are good; a name or a well-known password is not.", least=least
    )
    body += [
        _said(wrong),
        f'<form method="post" action="{escape(sheet.address())}">',
        # For password managers: whose password it is.
        f'<input type="text" name="account" autocomplete="username" value="{escape(account)}" hidden>',
        _field("old", _("Password up to now"), "password", "current-password", first=True),
        _field("new", _("New password"), "password", "new-password"),
        _field("again", _("New password again"), "password", "new-password"),
        _note(rule),
        _button(_("Change the password")),
        "</form>",
        f'<form method="post" action="/signout?lang={_.code}">',
        _button(_("Sign out"), "button"),
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


def _button(label: str, look: str = "") -> str:
    more = f' class="{look}"' if look else ""
    return f"<button{more}>{escape(label)}</button>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _said(lines: Sequence[str], *, bad: bool = True) -> str:
    if not lines:
        return ""
    text = escape(lines[0]) if len(lines) == 1 else f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in lines)}</ul>"
    return f'<div class="said{" bad" if bad else ""}" role="{"alert" if bad else "note"}">{text}</div>'


def _page(sheet: Sheet, title: str, body: Sequence[str], status: int) -> HTMLResponse:
    _ = sheet.words
    lang = {"zh": "zh-CN"}.get(_.code, _.code)
    others = " ".join(
        f'<a href="{escape(sheet.address(code))}" lang="{code}">{escape(name)}</a>'
        for code, name in LANGUAGES.items()
        if code != _.code
    )
    back = _("To the board")
    home = f'<a href="/?lang={_.code}">{escape(back)}</a>'
    html = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · {escape(sheet.site)}</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="/favicon.png">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="site">{escape(sheet.site)}</p>{"".join(body)}<div class="foot">{home}<span>{others}</span></div>'
        "</main></body></html>"
    )
    return HTMLResponse(html, status, HEADERS)
