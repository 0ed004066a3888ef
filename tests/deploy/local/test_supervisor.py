"""Starting, watching and ending processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from deploy.local.supervisor import Service, Supervisor
from sensors.errors import UsageError

ROOT = Path(__file__).resolve().parents[3]
READY = "from deploy.notify import ready; import signal; ready(port='7'); signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.01)


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def children() -> Callable[[], list[psutil.Process]]:
    """What this test has started; servers of the whole session are not its own."""
    others = {child.pid for child in psutil.Process().children()}
    return lambda: [child for child in psutil.Process().children() if child.pid not in others]


@pytest.fixture
def supervisor(tmp_path, lines, children):
    supervisor = Supervisor(tmp_path, lines.append)
    yield supervisor
    supervisor.stop()
    assert children() == []


def test_a_service_says_that_it_is_ready_and_is_ended(supervisor, children) -> None:
    supervisor.start(Service("one", python(READY)))
    assert supervisor.wait_ready("one")["one"]["X_PORT"] == "7"
    [child] = children()
    supervisor.stop()
    assert not child.is_running()


def test_a_program_that_reports_nothing_is_probed(supervisor, tmp_path) -> None:
    mark = tmp_path / "here"
    code = f"import pathlib, signal; pathlib.Path({str(mark)!r}).touch(); signal.pause()"
    supervisor.start(Service("one", python(code), probe=mark.exists))
    assert supervisor.wait_ready("one") == {"one": {}}


def test_the_last_words_of_a_service_that_cannot_start_are_passed_on(supervisor) -> None:
    supervisor.start(Service("one", python("import sys; print('no water'); sys.exit(3)")))
    with pytest.raises(UsageError, match="one ended while starting: no water"):
        supervisor.wait_ready("one")


def test_a_service_that_dies_is_started_again(supervisor, lines, children) -> None:
    supervisor.start(Service("one", python(READY)))
    supervisor.wait_ready("one")
    [first] = children()

    def kill_then_stop() -> None:
        first.kill()
        wait_for(lambda: any(child.pid != first.pid for child in children()))
        supervisor.stopping = True

    thread = threading.Thread(target=kill_then_stop)
    thread.start()
    supervisor.watch(lambda service, message: None)
    thread.join()
    assert lines == [line for line in lines if line.startswith("one ended (exit -9); starting it again")]
    assert len(lines) == 1


def test_a_service_that_keeps_dying_ends_the_system(supervisor, lines) -> None:
    supervisor.start(Service("one", python("print('broken pipe at the pump')")))
    with pytest.raises(UsageError, match=r"one keeps ending \(exit 0\): broken pipe at the pump"):
        supervisor.watch(lambda service, message: None)
    assert len(lines) == 3


def test_a_service_that_ignores_sigterm_is_killed(supervisor, monkeypatch, children) -> None:
    monkeypatch.setattr("deploy.local.supervisor.STOP_TIMEOUT_S", 0.2)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + READY
    supervisor.start(Service("one", python(code)))
    supervisor.wait_ready("one")
    [child] = children()
    supervisor.stop()
    assert not child.is_running()


def test_status_reaches_whoever_watches(supervisor) -> None:
    code = "from deploy.notify import status; import signal; status('half full', level='0.5'); signal.pause()"
    supervisor.start(Service("one", python(code)))
    heard = []

    def on_status(service: str, message: dict[str, str]) -> None:
        heard.append((service, message["STATUS"], message["X_LEVEL"]))
        supervisor.stopping = True

    supervisor.watch(on_status)
    assert heard == [("one", "half full", "0.5")]


def test_services_end_when_the_supervisor_is_killed(tmp_path) -> None:
    code = (
        "import pathlib, sys; from deploy.local.supervisor import *\n"
        f"s = Supervisor(pathlib.Path({str(tmp_path)!r}), print)\n"
        f"s.start(Service('one', [sys.executable, '-c', {READY!r}])); s.wait_ready('one')\n"
        "print('up', flush=True); signal.pause()"
    )
    with subprocess.Popen(python(code), cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        [child] = psutil.Process(parent.pid).children()
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
