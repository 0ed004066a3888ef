"""Shell scripts: linted, and the small ones of the containers run for what they are for."""

from __future__ import annotations

import http.server
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.tools import DEPLOY, ROOT, ran, scripts, tool

CONTAINERS = DEPLOY / "containers"


def test_shellcheck_is_content() -> None:
    found = list(scripts())
    assert {path.name for path in found} >= {"install.sh", "wheelhouse.sh", "prepare.sh", "entrypoint.sh", "run"}
    ran(tool("shellcheck", "Debian package shellcheck"), *found)


def test_they_can_be_run() -> None:
    for path in scripts():
        if path.is_relative_to(DEPLOY):
            assert path.stat().st_mode & stat.S_IXUSR, path


def test_secrets_reach_the_program(tmp_path: Path) -> None:
    """As a variable, and as a file that libpq would take: only its owner's, with the colon of the password guarded."""
    token, password = tmp_path / "token", tmp_path / "password"
    token.write_text("t0ken\n", "utf-8")
    password.write_text("a:b\\c", "utf-8")
    script = (CONTAINERS / "entrypoint.sh").read_text("utf-8").replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "entrypoint").write_text(script, "utf-8")
    told = ran(
        "sh", tmp_path / "entrypoint", "sh", "-c", 'printf "%s " "$RIVERCHIEF_INFLUX_TOKEN"; cat "$PGPASSFILE"',
        RIVERCHIEF_INFLUX_TOKEN_FILE=str(token), RIVERCHIEF_BOOKS_PASSWORD_FILE=str(password),
    )  # fmt: skip
    assert told == "t0ken *:*:*:*:a\\:b\\\\c\n"
    assert stat.S_IMODE((tmp_path / "pgpass").stat().st_mode) == 0o600


def test_without_secrets_the_program_runs_as_it_is() -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("RIVERCHIEF_")}
    words = ["sh", str(CONTAINERS / "entrypoint.sh"), "sh", "-c", "echo $# ${RIVERCHIEF_INFLUX_TOKEN-none}"]
    assert subprocess.run(words, env=environ, capture_output=True, text=True, check=True).stdout == "0 none\n"


@pytest.fixture
def answers() -> Iterator[str]:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/readyz" else 503)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with http.server.HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_health_check_tells_by_its_exit_code(answers: str) -> None:
    def exit_code(url: str) -> int:
        return subprocess.run([sys.executable, str(CONTAINERS / "healthy"), url], capture_output=True).returncode

    assert exit_code(f"{answers}/readyz") == 0
    assert exit_code(f"{answers}/other") == 1
    assert exit_code("http://127.0.0.1:1/readyz") == 1


@pytest.mark.timeout(300)  # it starts the program ten times, on a machine that may have much to do
def test_prepare_makes_a_home_that_a_broker_starts_from(tmp_path: Path) -> None:
    tool("openssl", "Debian package openssl")
    home = tmp_path / "home"
    words = ["sh", CONTAINERS / "prepare.sh", "--demo", home, DEPLOY / "sites" / "xietang", "hub.example", "10.0.0.9"]
    environ = {"RIVERCHIEF": str(Path(sys.executable).parent / "riverchief")}
    ran(*words, cwd=ROOT, **environ)
    assert stat.S_IMODE((home / "secrets").stat().st_mode) == 0o700
    assert len((home / "secrets" / "influx_token").read_text("utf-8")) == 64
    assert len(list((home / "gateways").glob("gateway.*.key"))) == 7
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    # Again: nothing is made anew.
    ran(*words, cwd=ROOT, **environ)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before
    conf = (home / "broker" / "mosquitto.conf").read_text("utf-8")
    for needed in (
        "cafile /mosquitto/config/ca.crt",
        "persistence_location /mosquitto/data/",
        "require_certificate true",
    ):
        assert needed in conf


def test_a_file_that_only_its_owner_may_read_becomes_one(tmp_path: Path) -> None:
    """Mounted secrets are their group's as well, which the program refuses of the key of sessions."""
    mounted = tmp_path / "mounted" / "sessions.key"
    mounted.parent.mkdir()
    mounted.write_bytes(b"k" * 64)
    mounted.chmod(0o440)
    script = (CONTAINERS / "entrypoint.sh").read_text("utf-8").replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "entrypoint").write_text(script, "utf-8")
    for _ in range(2):  # /tmp outlives a container that is started again
        ran("sh", tmp_path / "entrypoint", "true", RIVERCHIEF_PRIVATE_FILES=str(mounted))
        assert (tmp_path / "sessions.key").read_bytes() == b"k" * 64
        assert stat.S_IMODE((tmp_path / "sessions.key").stat().st_mode) == 0o600
