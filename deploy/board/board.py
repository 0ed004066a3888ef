"""Serves the board in one process: Streamlit's pages, signing in, and the answers to whoever looks after it."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.stores import check_url
from deploy.board.oidc import read_oidc
from deploy.board.pages import Beside, beside
from deploy.broker.private_files import write_new
from deploy.notify import ready
from deploy.service import run_service
from sensors.errors import UsageError
from sensors.site import load_site

if TYPE_CHECKING:
    import uvicorn
    from streamlit.starlette import App

log = logging.getLogger(__name__)

#: Nothing leaves the machine, nothing watches source files, no menu and no deploy button.
OPTIONS: Mapping[str, object] = {
    "server.headless": True,
    "browser.gatherUsageStats": False,
    "server.fileWatcherType": "none",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
}

#: The same as environment variables, for `streamlit run`.
SETTINGS = {
    "STREAMLIT_" + re.sub(r"(?=[A-Z])|\.", "_", name).upper(): str(value).lower() for name, value in OPTIONS.items()
}

APP = Path(__file__).resolve().parents[2] / "dashboard" / "app.py"

#: Bytes of a new key by which sessions are signed; one that is given may have fewer (`LEAST_KEY_BYTES`).
NEW_KEY_BYTES = 64

#: Its name, beside the folder of files. The key of the certificate belongs to the proxy, and is another one.
KEY_NAME = "sessions.key"

#: Open page and message: the browser is asked so often whether it is still there [s].
PING_S = 30

#: How long open answers may take when the board is to stop [s].
STOP_S = 3


@dataclass(frozen=True, slots=True)
class BoardOptions:
    """How to serve the board; see `riverchief board --help`."""

    site: Path
    store: str
    host: str = "127.0.0.1"
    port: int = 8501
    books: str | None = None
    files: Path | None = None
    access: str = "login"
    behind_proxy: bool = False
    key: Path | None = None
    channels: Path | None = None
    oidc: Path | None = None


def serve(options: BoardOptions) -> None:
    """Serve the board until SIGINT or SIGTERM.

    Raises
    ------
    SiteError
        If the site has mistakes.
    StoreError
        If the store's URL names no backend.
    BooksError
        If the books cannot be opened.
    UsageError
        In one sentence: a demonstration that others could reach, a key or a file that cannot be read, a port in use.
    """
    os.environ.update(prepared(options))
    served = beside(options)
    app = application(options, served)
    if options.books and options.access == "login" and not options.behind_proxy and not loopback(options.host):
        log.warning("passwords cross the network in the clear: put a proxy with TLS before the board (--behind-proxy)")

    async def run(stop: asyncio.Event) -> None:
        server = _server(app, options)
        try:
            family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
            listening = socket.create_server((options.host, options.port), family=family)
        except OSError as error:
            raise UsageError(f"cannot listen on {options.host}:{options.port} ({error.strerror})") from None
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        stopping = asyncio.create_task(stop.wait())
        # It answers already; what cannot be loaded ends it all the same.
        warming = asyncio.create_task(asyncio.to_thread(served.warm))
        try:
            await asyncio.wait([warming, serving, stopping], return_when=asyncio.FIRST_COMPLETED)
            if warming.done():
                warming.result()
                await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            server.should_exit = True
            await serving

    run_service(run)


def _configure(options: BoardOptions) -> None:
    """Set Streamlit up as `streamlit run` does: a program of its own is not asked for most of the environment."""
    from streamlit import config

    given = {**OPTIONS, "server.address": options.host, "server.port": options.port}
    config.get_config_options(force_reparse=True, options_from_flags=given)


def _server(app: App, options: BoardOptions) -> uvicorn.Server:
    import uvicorn
    from streamlit import config

    from deploy.web import WebServer

    class Server(WebServer):
        """Says when it answers."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    # As `streamlit run` sets them; the rest is Streamlit's own and read from its settings.
    return Server(
        uvicorn.Config(
            app, ws="websockets-sansio", ws_ping_interval=PING_S, ws_ping_timeout=PING_S,
            ws_max_size=config.get_option("server.maxMessageSize") * 1_000_000, ws_per_message_deflate=False,
            access_log=False, log_config=None, log_level="warning", server_header=False,
            timeout_graceful_shutdown=STOP_S,
            # Whoever is not this machine may say what they like about where they come from.
            proxy_headers=options.behind_proxy, forwarded_allow_ips="127.0.0.1,::1",
        )
    )  # fmt: skip


def prepared(options: BoardOptions) -> Mapping[str, str]:
    """Environment of the board's process (`dashboard.sources`), after everything that it names was looked at.

    Raises
    ------
    SiteError, StoreError, UsageError
        As `serve`.
    """
    load_site(options.site)
    check_url(options.store)
    found = {
        **SETTINGS,
        "RIVERCHIEF_SITE": str(options.site.absolute()),
        "RIVERCHIEF_STORE": options.store,
        "RIVERCHIEF_BOOKS": options.books or "",
        "RIVERCHIEF_FILES": str(options.files.absolute()) if options.files else "",
        "RIVERCHIEF_CHANNELS": str(options.channels.absolute()) if options.channels else "",
        "RIVERCHIEF_ACCESS": options.access,
        "RIVERCHIEF_KEY": "",
        "RIVERCHIEF_OIDC": "1" if options.oidc else "",
    }
    if options.books is None:
        needed = {
            "--files": options.files, "--oidc": options.oidc, "--key": options.key, "--channels": options.channels,
        }  # fmt: skip
        for name, given in needed.items():
            if given is not None:
                raise UsageError(f"{name} goes with --books URL")
        return found
    if options.access == "demo":
        refuse_strangers(options.host, behind_proxy=options.behind_proxy)
        for name, given in {"--oidc": options.oidc, "--key": options.key}.items():
            if given is not None:
                raise UsageError(f"{name} goes with --access login: in a demonstration nobody signs in")
        return found
    found["RIVERCHIEF_KEY"] = str(_key_file(options).absolute())
    return found


def application(options: BoardOptions, served: Beside) -> App:
    """The board as an application for any server of ASGI; `prepared` stands in the environment.

    Raises
    ------
    UsageError, ConfigError
        If the file of the identity provider cannot be used.
    """
    from starlette.middleware import Middleware
    from streamlit.starlette import App

    from deploy.board.headers import SecurityHeaders

    settings: dict[str, Any] = {}
    if options.oidc is not None and options.books is not None and options.access == "login":
        settings["secrets"] = {"auth": read_oidc(options.oidc, Path(os.environ["RIVERCHIEF_KEY"]))}
    app = App(
        APP, routes=served.routes, middleware=[Middleware(SecurityHeaders), *served.guards],
        on_script_error=_tell_mistake, **settings,
    )  # fmt: skip
    # After the application is made: from then on Streamlit knows the folder that its looks are in.
    _configure(options)
    return app


def _tell_mistake(error: Exception) -> bool:
    from dashboard.accounts.mistakes import tell_mistake

    return tell_mistake(error)


def loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> [loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "192.168.1.7")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_strangers(host: str, *, behind_proxy: bool = False) -> None:
    """Refuse a demonstration that others could reach: in it everybody is whom they pick.

    Raises
    ------
    UsageError
    """
    if behind_proxy or not loopback(host):
        where = "behind a proxy" if behind_proxy else f"at {host}"
        raise UsageError(
            f"a demonstration lets anybody be the office, and others could reach it {where}; serve it on 127.0.0.1 "
            "(from elsewhere: ssh -L 8501:127.0.0.1:8501 HOST), or let people sign in: riverchief board --access login"
        )


def _key_file(options: BoardOptions) -> Path:
    """File of the key by which sessions are signed; made where none was named and there is none yet."""
    from dashboard.accounts.sessions import sessions_of

    path = options.key or _folder(options) / KEY_NAME
    if options.key is None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, secrets.token_bytes(NEW_KEY_BYTES))
    if path.exists() and path.stat().st_mode & 0o077:
        raise UsageError(f"others may read {path}, by which sessions are signed: chmod 600 {path}")
    sessions_of(str(path.absolute()))
    return path


def _folder(options: BoardOptions) -> Path:
    """Where the folder of files is; beside the books on SQLite, as `open_books` has it."""
    if options.files is not None:
        return options.files.parent
    scheme, _, path = (options.books or "").partition(":///")
    if scheme != "sqlite" or not path:
        raise UsageError("say with --files DIR where photos and documents are kept: these books have no folder")
    return Path(path).parent
