"""Servers that answer as those of the channels do, errors included; and one that takes mail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "aaaabbbb-cccc-dddd-eeee-ffff00001111"
TOKEN = "deadbeefdeadbeefdeadbeef"
SECRET = "SECf00df00d+/=&f00d"
HOOK = "0123abcd-4567-89ef-0123-456789abcdef"


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


#: Status and body; more headers.
Reply = tuple[int, bytes] | tuple[int, bytes, dict[str, str]]


def told(body: dict[str, Any], status: int = 200) -> Reply:
    return status, json.dumps(body).encode()


@dataclass
class Fake:
    """A server with a behaviour that a test may change while it runs."""

    behave: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def answer(self, status: int, body: Any = b"", headers: dict[str, str] | None = None) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.behave = lambda _asked: (status, raw, headers or {})

    def hang(self) -> None:
        def wait(_asked: Asked) -> Reply:
            self.hanging.wait(30)
            return 500, b""

        self.behave = wait


@contextmanager
def serving(behave: Callable[[Asked], Reply], certificate: Path | None = None) -> Iterator[Fake]:
    fake = Fake(behave)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            asked = Asked(parts.path, query, dict(self.headers.items()), body)
            fake.asked.append(asked)
            status, raw, *more = fake.behave(asked)
            try:
                self.send_response(status)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)
            except OSError:
                return  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https"
    fake.url = f"{scheme}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield fake
    finally:
        fake.hanging.set()
        server.shutdown()
        thread.join()
        server.server_close()


def nothing_there() -> str:
    """Address on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def wecom(asked: Asked) -> Reply:
    if asked.query.get("key") != KEY:
        return told({"errcode": 93000, "errmsg": "invalid webhook url, hint: [1732], from ip: 10.0.0.1"})
    body = asked.json
    if body.get("msgtype") != "text" or not body["text"].get("content"):
        return told({"errcode": 44004, "errmsg": "empty content"})
    if len(body["text"]["content"].encode()) > 2048:
        return told({"errcode": 40058, "errmsg": "text.content exceed max length 2048"})
    return told({"errcode": 0, "errmsg": "ok"})


def dingtalk(asked: Asked) -> Reply:
    if asked.query.get("access_token") != TOKEN:
        return told({"errcode": 300005, "errmsg": "token is not exist"})
    text = f"{asked.query.get('timestamp')}\n{SECRET}"
    wanted = base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), hashlib.sha256)).decode()
    if asked.query.get("sign") != wanted:
        return told({"errcode": 310000, "errmsg": "sign not match, more: [https://ding-doc.example/doc]"})
    return told({"errcode": 0, "errmsg": "ok"})


def feishu(asked: Asked) -> Reply:
    if not asked.path.endswith(HOOK):
        return told({"code": 19001, "msg": "param invalid: incoming webhook access token invalid", "data": {}})
    body = asked.json
    wanted = hmac.digest(f"{body.get('timestamp')}\n{SECRET}".encode(), b"", hashlib.sha256)
    if body.get("sign") != base64.b64encode(wanted).decode():
        return told({"code": 19021, "msg": "sign match fail or timestamp is not within one hour", "data": {}})
    return told({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})


def webhook(asked: Asked) -> Reply:
    stamp = asked.headers["X-RiverChief-Timestamp"]
    wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + asked.body, hashlib.sha256).hexdigest()
    return (204, b"") if asked.headers["X-RiverChief-Signature"] == f"sha256={wanted}" else (403, b"bad signature")


def aliyun(asked: Asked) -> Reply:
    values = {key: held[0] for key, held in parse_qs(asked.body.decode()).items()}
    if values.get("Action") != "SendSms" or len(values.get("Signature", "")) != 28:
        return told({"Code": "SignatureDoesNotMatch", "Message": "Specified signature is not matched"}, 400)
    return told({"Code": "OK", "Message": "OK", "BizId": "900", "RequestId": "F65"})


def listener(_asked: Asked) -> Reply:
    return 200, b"ok"


@contextmanager
def mail_server(refuse: str = "") -> Iterator[tuple[int, list[str]]]:
    """A mail server on a port of its own, and the mails that it took; with `refuse` it takes none."""
    taken: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(one: socket.socket) -> None:
        with one, one.makefile("rwb") as line:

            def say(text: str) -> None:
                line.write(text.encode() + b"\r\n")
                line.flush()

            say("220 mail")
            while words := line.readline().decode().strip():
                verb = words.split()[0].upper()
                if verb == "DATA":
                    say("354 go on")
                    lines = []
                    while (one_line := line.readline()) not in (b".\r\n", b""):
                        lines.append(one_line.decode())
                    taken.append("".join(lines))
                    say("250 taken")
                elif verb == "RCPT" and refuse:
                    say(refuse)
                elif verb == "QUIT":
                    say("221 bye")
                    return
                else:
                    say("250 fine")

    def accept() -> None:
        while True:
            try:
                one, _ = listening.accept()
            except OSError:
                return
            with_errors(lambda one=one: talk(one))

    def with_errors(work: Callable[[], None]) -> None:
        try:
            work()
        except OSError:
            return

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listening.getsockname()[1], taken
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
