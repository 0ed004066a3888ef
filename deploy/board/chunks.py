"""Which of Streamlit's files its page asks for only after its first run, so that a browser can have them before.

They are told from the files themselves: their names change with every version.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

#: Files that draw what stands on our pages: styles, our own parts, boxes of choices, charts.
ROOTS = ("Html", "BidiComponent", "Selectbox", "ButtonGroup", "EChartsChart")

_IMPORT = re.compile(r'(?:\bfrom|\bimport) ?"\./([\w.-]+\.js)"')

#: Imports stand at the beginning of a file [characters].
_HEAD = 20_000


@cache
def scripts() -> Path:
    """Folder of Streamlit's scripts."""
    import streamlit

    return Path(streamlit.__file__).parent / "static" / "static" / "js"


@cache
def begun() -> tuple[str, ...]:
    """Addresses of the scripts and sheets that Streamlit's page asks for at once."""
    page = (scripts().parents[1] / "index.html").read_text(encoding="utf-8")
    return tuple(dict.fromkeys(re.findall(r"\./static/(?:js|css)/[\w.-]+\.(?:js|css)", page)))


@cache
def later() -> tuple[str, ...]:
    """Addresses of the scripts that it asks for after its first run, and of all that these import."""
    waiting = [path.name for root in ROOTS for path in sorted(scripts().glob(f"{root}.*.js"))]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop(0)
        path = scripts() / name
        if name in found or not path.is_file():
            continue
        found[name] = None
        waiting += _IMPORT.findall(path.read_text(encoding="utf-8")[:_HEAD])
    known = set(begun())
    return tuple(address for address in (f"./static/js/{name}" for name in found) if address not in known)
