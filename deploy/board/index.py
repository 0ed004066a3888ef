"""The document in which Streamlit draws the board, with our name, our language and a first screen in it.

Streamlit's own page looks for its server below the path of whatever page was opened, and fails there before it asks at
the root, which a browser notes as errors. Here it is told where the server is. Its programs are megabytes: they are
begun when the first screen is on the glass (`dashboard.first_paint`).
"""

from __future__ import annotations

import gzip
import re
from functools import cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.first_paint.markup import Html, element
from dashboard.i18n import DEFAULT_LANGUAGE, Translator, translator
from deploy.board.chunks import later
from sensors.site import Site

#: Where Streamlit's page reads its settings.
SCRIPT = 'window.__streamlit={BACKEND_BASE_URL:location.origin+"/"}'

_HTML, _TITLE, _HEAD, _ROOT = '<html lang="en">', "<title>Streamlit</title>", "<head>", '<div id="root"></div>'

#: What begins Streamlit's programs, what has the browser fetch them before, and what is said to those without scripts.
_ENTRY = re.compile(r'<script type="module" crossorigin src="(\./static/js/[\w.-]+\.js)"></script>')
_PRELOAD = re.compile(r'<link rel="modulepreload" crossorigin href="(\./static/js/[\w.-]+\.js)">')
_SILENT = re.compile(r"<noscript>.*?</noscript>", re.DOTALL)


@cache
def document() -> str:
    """Streamlit's page, as it is installed."""
    import streamlit

    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")


@cache
def first_script() -> str:
    """What begins Streamlit's programs under a first screen, and takes it away when they have drawn the page."""
    from dashboard.first_paint.screen import FOLDER

    return (FOLDER / "first.js").read_text(encoding="utf-8")


@cache
def page(lang: str, title: str) -> str:
    """The document in a language.

    Where Streamlit's page is not as it was when this was written, what is missing is left out: it works without.
    """
    tag = {"zh": "zh-CN"}.get(lang, lang)
    html = document().replace(_HTML, f'<html lang="{tag}">', 1)
    html = html.replace(_TITLE, f"<title>{escape(title)}</title>", 1)
    return html.replace(_HEAD, f"{_HEAD}<script>{SCRIPT}</script>", 1)


def with_screen(html: str, first: Html) -> str:
    """The document with a first screen over the page; Streamlit's programs are left to the screen's script.

    Where Streamlit's page is not as it was when this was written, it stays as it is.
    """
    entry = _ENTRY.search(html)
    if entry is None or html.count(_ROOT) != 1:
        return html
    begun = _PRELOAD.findall(html)
    html = _SILENT.sub("", _PRELOAD.sub("", html.replace(entry[0], "", 1)))
    programs = {"id": "first", "data-entry": entry[1], "data-begun": " ".join(begun), "data-later": " ".join(later())}
    over = f"{element('div', programs, first)}{_ROOT}<script>{first_script()}</script>"
    return html.replace(_ROOT, over, 1)


def language(request: Request) -> Translator:
    """The language that an address asks for."""
    return translator(request.query_params.get("lang", DEFAULT_LANGUAGE))


def index(site: Site, request: Request, first: Html | None = None) -> HTMLResponse:
    """The document in the language that the address asks for.

    Parameters
    ----------
    site : Site
    request : Request
    first : Html or None
        First screen. What is on it is for one viewer: nobody keeps such a document.
    """
    _ = language(request)
    html = page(_.code, f"{_('River board')} · {site.name if _.code == 'zh' else site.name_en}")
    if first is None:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})
    body = with_screen(html, first).encode()
    headers = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = gzip.compress(body, 5), "gzip"
    return HTMLResponse(body, headers=headers)
