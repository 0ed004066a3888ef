"""nginx before the board: its files are valid, and a real nginx does with them what they promise."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.collectors.brokers import free_port
from tests.packaging.tools import DEPLOY, ran, tool

SOURCE = "Debian package nginx-light"
PAGE = b"<p>a page</p>" * 500


def certificate(folder: Path) -> None:
    ran(
        tool("openssl", "Debian package openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", folder / "board.key", "-out", folder / "board.crt",
    )  # fmt: skip


def moved(text: str, folder: Path, places: dict[str, object]) -> str:
    """A configuration with the paths and ports of a test."""
    # In this order: a folder of tests lies in /tmp itself.
    text = text.replace("/tmp/", f"{folder}/").replace("alerts:8502", "127.0.0.1:8502")
    for name in ("crt", "key"):
        text = text.replace(f"/etc/riverchief/nginx/board.{name}", f"{folder}/board.{name}")
        text = text.replace(f"/run/secrets/board_{name}", f"{folder}/board.{name}")
    text = text.replace("/etc/riverchief/nginx/", f"{DEPLOY}/nginx/").replace("/etc/riverchief/", f"{DEPLOY}/nginx/")
    for old, new in places.items():
        text = text.replace(old, str(new))
    return text


def test_the_configuration_of_debian_is_valid(tmp_path: Path) -> None:
    nginx = tool("nginx", SOURCE)
    certificate(tmp_path)
    site = moved((DEPLOY / "nginx" / "site.conf").read_text("utf-8"), tmp_path, {"/var/log/nginx/": f"{tmp_path}/"})
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\nhttp {{ access_log off; {site} }}\n",
        "utf-8",
    )
    assert "test is successful" in ran(nginx, "-t", "-c", tmp_path / "nginx.conf")


class Board(http.server.BaseHTTPRequestHandler):
    """Answers with a page, and remembers what it was told of the reader."""

    seen: dict[str, str]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        type(self).seen = {key.lower(): value for key, value in self.headers.items()}
        if self.path == "/_stcore/stream":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        if self.path != "/bare":
            self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        return


@dataclass
class Front:
    """A running nginx."""

    port: int
    plain: int
    inner: int
    log: Path

    def get(self, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        context = ssl._create_unverified_context()  # it is our own certificate of a minute ago
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            body = b"" if answer.status == 101 else answer.read()
            return answer.status, answer.headers, body


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    nginx = tool("nginx", SOURCE)
    certificate(tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Board) as board:
        thread = threading.Thread(target=board.serve_forever)
        thread.start()
        one = Front(free_port(), free_port(), free_port(), tmp_path / "access.log")
        ports = {
            "8443": one.port,
            "8080": one.plain,
            "9103": one.inner,
            "8501": board.server_port,
            "8502": board.server_port,
        }
        text = moved((DEPLOY / "containers" / "nginx.conf").read_text("utf-8"), tmp_path, ports)
        text = text.replace("/dev/stdout", str(one.log)).replace("/dev/stderr", f"{tmp_path}/error.log")
        (tmp_path / "nginx.conf").write_text(text, "utf-8")
        ran(nginx, "-t", "-c", tmp_path / "nginx.conf")
        with subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"]) as process:
            try:
                deadline = time.monotonic() + 20
                while True:
                    with contextlib.suppress(OSError):
                        one.get("/")
                        break
                    assert time.monotonic() < deadline
                    assert process.poll() is None
                    time.sleep(0.02)
                yield one
            finally:
                process.terminate()
                process.wait()
                board.shutdown()
                thread.join()


def test_what_nginx_does_in_front_of_the_board(front: Front) -> None:
    status, headers, body = front.get("/", Accept_Encoding="gzip", X_Forwarded_For="6.6.6.6", Forwarded="for=6.6.6.6")
    assert status == 200
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == PAGE
    # The board's own headers stay, and there once; what it left out is added.
    assert headers.get_all("X-Frame-Options") == ["SAMEORIGIN"]
    assert headers["Strict-Transport-Security"] == "max-age=15552000"
    assert headers["Server"] == "nginx"
    # Where the reader comes from is what nginx saw, not what the reader says.
    assert Board.seen["x-forwarded-for"] == "127.0.0.1"
    assert Board.seen["x-forwarded-proto"] == "https"
    assert "forwarded" not in Board.seen
    assert front.get("/bare")[1].get_all("X-Frame-Options") == ["DENY"]


def test_figures_are_for_the_inner_network(front: Front) -> None:
    for path in ("/metrics", "/readyz"):
        status, headers, _ = front.get(path)
        assert status == 404
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", front.inner, timeout=10)) as inner:
            inner.request("GET", path)
            assert inner.getresponse().status == 200


def test_whoever_comes_without_tls_is_sent_there(front: Front) -> None:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", front.plain, timeout=10)) as plain:
        plain.request("GET", "/today?lang=en", headers={"Host": "board.example"})
        answer = plain.getresponse()
        assert (answer.status, answer.headers["Location"]) == (301, "https://board.example/today?lang=en")


def test_the_live_connection_is_let_through(front: Front) -> None:
    status, headers, _ = front.get("/_stcore/stream", Upgrade="websocket", Connection="Upgrade")
    assert status == 101
    assert headers["Upgrade"] == "websocket"
    assert Board.seen["connection"].lower() == "upgrade"


def test_guessing_passwords_is_slow_and_reading_is_not(front: Front) -> None:
    assert [front.get("/signin")[0] for _ in range(20)].count(429) >= 8
    assert {front.get("/")[0] for _ in range(20)} == {200}


def test_a_link_that_acknowledges_is_not_in_the_log(front: Front) -> None:
    front.get("/alert/s3cret-token?x=1")
    deadline = time.monotonic() + 5
    while "/alert/..." not in front.log.read_text("utf-8"):
        assert time.monotonic() < deadline
    assert "s3cret" not in front.log.read_text("utf-8")
