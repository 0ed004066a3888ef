"""Starts the board: Streamlit with the settings that a public body's machine needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from collectors.stores import check_url
from sensors.site import load_site

#: Nothing leaves the machine, nothing watches source files, no deploy button.
SETTINGS = {
    "STREAMLIT_SERVER_HEADLESS": "true",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_CLIENT_TOOLBAR_MODE": "viewer",
    "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "none",
}

APP = Path(__file__).resolve().parents[1] / "dashboard" / "app.py"


def serve(site: Path, store: str, host: str, port: int) -> None:
    """Become the board's process; returns only if that fails.

    Raises
    ------
    SiteError
        If the site has mistakes.
    StoreError
        If the store's URL names no backend.
    """
    load_site(site)
    check_url(store)
    environ = {
        **os.environ,
        **SETTINGS,
        "RIVERCHIEF_SITE": str(site.absolute()),
        "RIVERCHIEF_STORE": store,
    }
    words = ["-m", "streamlit", "run", str(APP), "--server.address", host, "--server.port", str(port)]
    os.execve(sys.executable, [sys.executable, *words], environ)
