"""The audit of known vulnerabilities: what it says when a service answers, and when none does."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.packaging.tools import ROOT, tool

SCRIPT = ROOT / ".ci" / "audit"

#: As OSV answers.
ADVISORY = {
    "id": "GHSA-test", "modified": "2026-01-01T00:00:00Z", "summary": "an example", "details": "", "aliases": [],
    "affected": [{"package": {"name": "jinja2", "ecosystem": "PyPI", "purl": "pkg:pypi/jinja2"}, "ranges": [
        {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.0"}]}], "versions": []}],
}  # fmt: skip


def audit(*words: str) -> subprocess.CompletedProcess[str]:
    tool("pip-audit", "PyPI package pip-audit, in the dev group")
    tool("uv", "PyPI package uv, in the dev group")
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)


@contextmanager
def service(vulnerable: str, status: int = 200) -> Iterator[str]:
    """An advisory service that knows of one package."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = {"vulns": [ADVISORY]} if asked["package"]["name"] == vulnerable else {}
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def test_what_is_known_is_told_with_where_it_is_fixed() -> None:
    with service("jinja2") as url:
        done = audit("--service", "osv", "--osv-url", url)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "audit: jinja2 " in done.stdout
    assert "GHSA-test, fixed in 99.0" in done.stdout
    assert "1 known vulnerabilities, not looked at: none" in done.stdout


def test_nothing_known_is_content_and_says_of_how_many() -> None:
    with service("") as url:
        done = audit("--required", "--service", "osv", "--osv-url", url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "packages, 0 known vulnerabilities" in done.stdout


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--required",), 3)])
def test_no_service_is_said_and_is_not_called_good(words: tuple[str, ...], code: int) -> None:
    with service("", status=503) as url:
        done = audit(*words, "--service", "osv", "--osv-url", url)
    assert done.returncode == code, done.stdout + done.stderr
    assert "audit: osv does not answer" in done.stdout
    assert "audit: NOT DONE: no advisory service answers from here" in done.stdout
    assert "0 known" not in done.stdout


def test_github_has_to_do_it() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert ".venv/bin/python .ci/audit --required\n" in text
    assert Path(SCRIPT).stat().st_mode & 0o100
