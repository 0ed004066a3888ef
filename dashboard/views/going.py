"""Links inside our own parts: an address that can be opened and sent, and a click that goes without a new load."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from dashboard.i18n import DEFAULT_LANGUAGE
from dashboard.links import Data, Link, Linker
from dashboard.page import Context

#: Where the session keeps a page that is to be opened.
_WAITING = "going"


def linker(context: Context) -> Linker:
    """What makes of a link the data that `link` of ``parts/dom.js`` draws."""
    kept = {} if context.translate.code == DEFAULT_LANGUAGE else {"lang": context.translate.code}
    if "as" in st.query_params:
        kept["as"] = st.query_params["as"]

    def made(link: Link) -> Data:
        if link.path not in context.links:
            return {"text": link.text}
        query = {**kept, **link.query}
        first = next(iter(context.links)) == link.path
        address = ("./" if first else link.path) + (f"?{urlencode(query)}" if query else "")
        return {"text": link.text, "href": address, "go": json.dumps([link.path, dict(link.query)])}

    return made


def on_pick(part: str) -> Callable[[], None]:
    """What remembers where somebody wants to go, for a part's `on_pick`."""

    def remember() -> None:
        st.session_state[_WAITING] = st.session_state[part].picked

    return remember


def follow(context: Context) -> None:
    """Open the page that was picked, if one was; to be called where the part is drawn."""
    waiting = st.session_state.pop(_WAITING, None)
    if not waiting:
        return
    try:
        path, query = json.loads(waiting)
        wanted = {str(name): str(value) for name, value in query.items()}
    except (TypeError, ValueError, AttributeError):
        return  # Not what our parts send.
    context.go(str(path), **wanted)
