"""Whole documents beside the board, without a script and in its looks: for signing in, and acknowledging alerts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator

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
.list{margin:0;padding-left:1.1rem}
.list li{margin:.6rem 0;overflow-wrap:anywhere}
.note{font-size:.9rem;color:var(--dim);margin:.9rem 0 0}
.foot{display:flex;justify-content:space-between;gap:1rem;margin-top:1.4rem;font-size:.95rem}
a{color:var(--accent)}
"""


def document(
    words: Translator, site: str, title: str, body: Sequence[str], address: Callable[[str], str], status: int, *,
    home: bool = True, headers: Mapping[str, str] = HEADERS,
) -> HTMLResponse:  # fmt: skip
    """A page with its headline, and at its foot the way to the board and to the other languages.

    Parameters
    ----------
    words : Translator
    site : str
        Name of the site.
    title : str
    body : sequence of str
        HTML; whatever people wrote is escaped in it already.
    address : callable
        Address of this page in a language.
    status : int
        Of the answer.
    home : bool
        Whether a link leads to the board.
    headers : mapping of str to str
    """
    _ = words
    lang = {"zh": "zh-CN"}.get(_.code, _.code)
    others = " ".join(
        f'<a href="{escape(address(code))}" lang="{code}">{escape(name)}</a>'
        for code, name in LANGUAGES.items()
        if code != _.code
    )
    board = _("To the board")  # not inside the next line: extractors of strings do not look into f-strings
    back = f'<a href="/?lang={_.code}">{escape(board)}</a>' if home else "<span></span>"
    html = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{escape(title)} · {escape(site)}</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="/favicon.png">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>"
        f'<p class="site">{escape(site)}</p>{"".join(body)}<div class="foot">{back}<span>{others}</span></div>'
        "</main></body></html>"
    )
    return HTMLResponse(html, status, headers)


def said(lines: Sequence[str], *, bad: bool = False) -> str:
    """A box that says something, as a list where it is more than one thing; nothing without lines."""
    if not lines:
        return ""
    text = escape(lines[0]) if len(lines) == 1 else f"<ul>{''.join(f'<li>{escape(one)}</li>' for one in lines)}</ul>"
    return f'<div class="said{" bad" if bad else ""}" role="{"alert" if bad else "note"}">{text}</div>'


def note(text: str) -> str:
    """A remark in small letters."""
    return f'<p class="note">{escape(text)}</p>'


def button(label: str, look: str = "") -> str:
    """The button of a form."""
    more = f' class="{look}"' if look else ""
    return f"<button{more}>{escape(label)}</button>"


def language(request: Request) -> Translator:
    """As the address says, else as the reader's browser prefers."""
    asked = request.query_params.get("lang", "")
    preferred = request.headers.get("accept-language", "").split(",")
    for code in (asked, *(part.partition(";")[0].strip().partition("-")[0].lower() for part in preferred)):
        if code in LANGUAGES:
            return translator(code)
    return translator(DEFAULT_LANGUAGE)
