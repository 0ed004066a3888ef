"""Headers by which a browser guards the board's readers: it loads from the board alone, and shows it in no frame."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.board.index import SCRIPT, document, first_script

#: A site that has been reached over TLS once is not asked for without it any more [s].
HSTS_S = 180 * 86_400

#: What a page of the board never needs.
PERMISSIONS = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation", "gyroscope",
    "magnetometer", "microphone", "midi", "payment", "usb", "browsing-topics",
)  # fmt: skip


class SecurityHeaders:
    """Adds the headers to every answer that has none of its own.

    Parameters
    ----------
    app : ASGIApp
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in common().items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_S}")
            await send(message)

        await self.app(scope, receive, sent)


@cache
def common() -> dict[str, str]:
    """Headers of every answer."""
    return {
        "Content-Security-Policy": policy(inline_scripts()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # With "no-referrer" a browser would send forms without the origin that we ask for.
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in PERMISSIONS),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def policy(hashes: tuple[str, ...]) -> str:
    """What a page of the board may load.

    Streamlit puts styles into its pages as it draws them, imports the script of our own parts from a blob, and draws
    its tables in a worker's blob; nothing comes from anywhere else, and no text is evaluated as a script.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *(f"'{one}'" for one in hashes)]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "worker-src": "'self' blob:",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def inline_scripts() -> tuple[str, ...]:
    """Digests of the scripts that stand in Streamlit's own page, as it is installed, and of ours."""
    found = [*re.findall(r"<script>(.*?)</script>", document(), re.DOTALL), SCRIPT, first_script()]
    return tuple(f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}" for text in found)
