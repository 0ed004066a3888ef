"""The document in which Streamlit draws the board, with our name and language in it from the first moment.

Streamlit's own page looks for its server below the path of whatever page was opened, and fails there before it asks at
the root, which a browser notes as errors. Here it is told where the server is.
"""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.i18n import DEFAULT_LANGUAGE, translator
from sensors.site import Site

#: Where Streamlit's page reads its settings.
SCRIPT = 'window.__streamlit={BACKEND_BASE_URL:location.origin+"/"}'

_HTML, _TITLE, _HEAD = '<html lang="en">', "<title>Streamlit</title>", "<head>"


@cache
def document() -> str:
    """Streamlit's page, as it is installed."""
    import streamlit

    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")


@cache
def page(lang: str, title: str) -> str:
    """The document in a language.

    Where Streamlit's page is not as it was when this was written, what is missing is left out: it works without.
    """
    tag = {"zh": "zh-CN"}.get(lang, lang)
    html = document().replace(_HTML, f'<html lang="{tag}">', 1)
    html = html.replace(_TITLE, f"<title>{escape(title)}</title>", 1)
    return html.replace(_HEAD, f"{_HEAD}<script>{SCRIPT}</script>", 1)


def index(site: Site, request: Request) -> HTMLResponse:
    """The document in the language that the address asks for."""
    _ = translator(request.query_params.get("lang", DEFAULT_LANGUAGE))
    title = f"{_('River board')} · {site.name if _.code == 'zh' else site.name_en}"
    return HTMLResponse(page(_.code, title), headers={"Cache-Control": "no-cache"})
