"""What the chart writes, run: nginx before a board behind an Ingress, and a site that comes as a ConfigMap."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.folder import LocalFolder
from sensors.site import Site, load_site
from tests.collectors.brokers import free_port
from tests.packaging.charts import CHART, objects
from tests.packaging.test_nginx import SOURCE, Board
from tests.packaging.tools import ran, tool


@contextlib.contextmanager
def front(folder: Path, *trusted: str) -> Iterator[int]:
    """The chart's nginx before a board of a test; gives its port."""
    nginx = tool("nginx", SOURCE)
    words = ("--set", f"board.proxy.trusted={{{','.join(trusted)}}}") if trusted else ()
    [config] = objects(CHART / "ci" / "small.yaml", "ConfigMap", words=words)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Board) as board:
        thread = threading.Thread(target=board.serve_forever)
        thread.start()
        port, inner = free_port(), free_port()
        for name, text in config["data"].items():
            # As it is mounted, but for the places and ports of a test; /tmp first, because the test lies in it.
            for old, new in (
                ("/tmp/", f"{folder}/"), ("/etc/riverchief/", f"{folder}/"), ("rivers-riverchief-alerts", "127.0.0.1"),
                ("listen 8080", f"listen 127.0.0.1:{port}"), ("listen 9103", f"listen 127.0.0.1:{inner}"),
                ("127.0.0.1:8501", f"127.0.0.1:{board.server_port}"), ("/dev/stdout", f"{folder}/access.log"),
                ("/dev/stderr", f"{folder}/error.log"),
            ):  # fmt: skip
                text = text.replace(old, new)
            (folder / name).write_text(text, "utf-8")
        ran(nginx, "-t", "-c", folder / "nginx.conf")
        with subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]) as process:
            try:
                deadline = time.monotonic() + 20
                while not answers(port):
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
                yield port
            finally:
                process.terminate()
                process.wait()
                board.shutdown()
                thread.join()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        return get(port, "/")[0] == 200
    return False


def get(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.headers


def test_the_ingress_is_believed_who_asks(tmp_path: Path) -> None:
    """And whom the reader claims to be before the Ingress is not."""
    with front(tmp_path, "127.0.0.0/8") as port:
        get(port, "/", X_Forwarded_For="6.6.6.6, 203.0.113.9")
        assert Board.seen["x-forwarded-for"] == "203.0.113.9"
        # TLS ended at the Ingress: cookies are for encrypted connections all the same.
        assert Board.seen["x-forwarded-proto"] == "https"
        assert get(port, "/metrics")[0] == 404
        assert get(port, "/_stcore/stream", Upgrade="websocket", Connection="Upgrade")[0] == 101


def test_nobody_else_is(tmp_path: Path) -> None:
    with front(tmp_path) as port:
        get(port, "/", X_Forwarded_For="203.0.113.9")
        assert Board.seen["x-forwarded-for"] == "127.0.0.1"


def mounted(volume: Path, site: Site, name: str) -> None:
    """Files as a kubelet mounts a ConfigMap: links into a folder that is changed for another in one step."""
    data = volume / f"..{name}"
    shutil.copytree(site.folder, data)
    (volume / "..data.new").symlink_to(data.name)
    (volume / "..data.new").replace(volume / "..data")
    for path in data.iterdir():
        if not (volume / path.name).is_symlink():
            (volume / path.name).symlink_to(f"..data/{path.name}")


def test_a_site_that_is_a_config_map_is_read_and_followed(tmp_path: Path, xietang: Site) -> None:
    mounted(tmp_path, xietang, "first")
    assert load_site(tmp_path).stations == xietang.stations
    followed = LocalFolder(tmp_path)
    assert not followed.changed()
    mounted(tmp_path, xietang, "second")
    site = tmp_path / "..second" / "site.toml"
    site.write_text(site.read_text("utf-8").replace("window_hours = 24", "window_hours = 12"), "utf-8")
    assert [followed.changed(), followed.changed()] == [False, True]
    assert load_site(tmp_path).stations == xietang.stations


@pytest.mark.parametrize("name", ["board.inc", "http.inc"])
def test_nginx_does_what_it_does_elsewhere(name: str) -> None:
    """One text for machines, compose and clusters; the chart holds a link to it."""
    path = CHART / "files" / name
    assert path.is_symlink()
    assert path.resolve() == CHART.parents[1] / "nginx" / name
