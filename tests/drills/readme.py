"""The README on a fresh machine: ``python -m tests.drills.readme [--keep]`` does what it tells a new user to do.

The commands are taken out of README.md and run in an empty home, without the caches and settings of whoever runs this,
from a clone of the last commit: until the board answers, every station is graded, and Ctrl-C has ended all of it. The
last line is one JSON object with the times. Where the README says something that the drill does not understand, it
fails and says what.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.broker.brokers import free_port

ROOT = Path(__file__).resolve().parents[2]

#: What stands for the address of the repository.
_PLACEHOLDER = re.compile(r"<[^>\n]+>")

#: Where a program is on a machine that nobody has set up.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: How this machine reaches the package index; a new user's machine has its own.
_NETWORK = re.compile(
    r"(?i)(http|https|all|no)_proxy|SSL_CERT_(FILE|DIR)|(PIP|UV)_(CERT|INDEX_URL|DEFAULT_INDEX|DEFAULT_TIMEOUT)"
)

#: Longest that all of it may take, and that Ctrl-C may take [s].
MOST_S, STOP_S = 480.0, 30.0


class Unreadable(Exception):
    """The README says something that the drill does not understand, or no longer says what it needs."""


class Failed(Exception):
    """A command of the README did not do what the README says."""


@dataclass(slots=True)
class Outcome:
    """Times from the first command on [s].

    Attributes
    ----------
    commit : str
    cloned_s, address_s, board_s, graded_s : float
        Until the clone was there, the board's address was printed, the board answered, every station was graded.
    stop_s : float
        From Ctrl-C until everything had ended.
    graded : str
        As it was printed: 56 of 56 stations.
    """

    commit: str
    cloned_s: float = 0.0
    address_s: float = 0.0
    board_s: float = 0.0
    graded_s: float = 0.0
    stop_s: float = 0.0
    graded: str = ""


def blocks(readme: str) -> list[str]:
    """Blocks of commands, without comments."""
    found = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    return ["".join(f"{line}\n" for line in block.splitlines() if line and not line.startswith("#")) for block in found]


def first_steps(readme: str) -> list[str]:
    """Lines of the first block, which is what a new user types.

    Raises
    ------
    Unreadable
    """
    found = blocks(readme)
    if not found:
        raise Unreadable("README.md has no block of commands (```sh)")
    lines = found[0].splitlines()
    if not lines[0].startswith("git clone ") or len(_PLACEHOLDER.findall(lines[0])) != 1:
        raise Unreadable(f"the first command is no `git clone <...> FOLDER && cd FOLDER`: {lines[0]}")
    if lines[-1] != "make run":
        raise Unreadable(f"the last command of the first block is not `make run`: {lines[-1]}")
    if rest := [line for line in lines[1:] if _PLACEHOLDER.search(line)]:
        raise Unreadable(f"a placeholder that the drill cannot fill: {rest[0]}")
    return lines


def port_option(readme: str) -> str:
    """How the README says that another port is taken, with the number for PORT.

    Raises
    ------
    Unreadable
    """
    found = re.search(r"`make run (ARGS=\"--port )\d+\"`", readme)
    if found is None:
        raise Unreadable('README.md no longer says how another port is taken (`make run ARGS="--port N"`)')
    return f'{found[1]}PORT"'


def script(readme: str, repository: Path, port: int) -> str:
    """The first block as a shell script: the repository for the placeholder, and a port that is free.

    Raises
    ------
    Unreadable
    """
    lines = first_steps(readme)
    lines[0] = _PLACEHOLDER.sub(f"'{repository}'", lines[0])
    lines[-1] = f"exec {lines[-1]} {port_option(readme).replace('PORT', str(port))}"
    return "\n".join(["set -eu", lines[0], "echo cloned", *lines[1:]]) + "\n"


def bare_environ(home: Path) -> dict[str, str]:
    """Environment of somebody who has just signed in for the first time."""
    kept = {name: value for name, value in os.environ.items() if _NETWORK.fullmatch(name)}
    return {**kept, "HOME": str(home), "PATH": _PATH, "LANG": "C.UTF-8", "TERM": "dumb", "TMPDIR": str(home / "tmp")}


def reached() -> str:
    """Why the package index cannot be reached from here; empty where it can."""
    version = re.search(r'"uv==([\d.]+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert version is not None
    with tempfile.TemporaryDirectory() as home:
        words = ["python3", "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet", "--dest", home,
                 "--retries", "1", f"uv=={version[1]}"]  # fmt: skip
        (Path(home) / "tmp").mkdir()
        done = subprocess.run(words, env=bare_environ(Path(home)), capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def repository(folder: Path) -> tuple[Path, str]:
    """A repository with the last commit of this checkout, as it would be on a server."""
    made = folder / "riverchief.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(made)], check=True, capture_output=True)
    told = subprocess.run(["git", "-C", str(made), "log", "-1", "--format=%h %s"], check=True, capture_output=True)
    return made, told.stdout.decode().strip()


def run(folder: Path) -> Outcome:
    """Everything, in a folder that is empty.

    Raises
    ------
    Unreadable
    Failed
    """
    source, commit = repository(folder)
    readme = subprocess.run(
        ["git", "-C", str(source), "show", "HEAD:README.md"], check=True, capture_output=True, text=True
    ).stdout
    home, port, outcome = folder / "home", free_port(), Outcome(commit)
    (home / "tmp").mkdir(parents=True)
    steps = folder / "steps.sh"
    steps.write_text(script(readme, source, port), "utf-8")
    begun_s = time.monotonic()
    with subprocess.Popen(
        ["sh", str(steps)], cwd=home, env=bare_environ(home), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as system:  # fmt: skip
        # Whatever holds it up: the alarm ends it, and the reader below comes to the end of what it says.
        alarm = threading.Timer(MOST_S, _end, (system.pid, signal.SIGKILL))
        alarm.start()
        try:
            _follow(system, port, begun_s, outcome)
            stopped_s = time.monotonic()
            # What a terminal does with Ctrl-C.
            os.killpg(system.pid, signal.SIGINT)
            system.wait(STOP_S)
            outcome.stop_s = time.monotonic() - stopped_s
        finally:
            alarm.cancel()
            left = _left(folder)
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=10)
    if left:
        raise Failed(f"Ctrl-C left running: {[process.pid for process in left]}")
    return outcome


def _follow(system: subprocess.Popen[str], port: int, begun_s: float, outcome: Outcome) -> None:
    told: list[str] = []
    for line in _lines(system):
        told.append(line)
        now_s = time.monotonic() - begun_s
        if line == "cloned":
            outcome.cloned_s = now_s
        if f"http://127.0.0.1:{port}" in line or f"http://localhost:{port}" in line:
            outcome.address_s = outcome.address_s or now_s
            outcome.board_s = outcome.board_s or _answered(port, begun_s)
        found = re.search(r"(\d+) of (\d+) stations graded", line)
        if found and found[1] == found[2] and outcome.board_s:
            outcome.graded_s, outcome.graded = now_s, f"{found[1]} of {found[2]} stations"
            return
    raise Failed("it ended before every station was graded:\n" + "\n".join(told[-20:]))


def _lines(system: subprocess.Popen[str]) -> Iterator[str]:
    assert system.stdout is not None
    for line in system.stdout:
        yield line.rstrip("\n")


def _answered(port: int, begun_s: float) -> float:
    """When the page came whose address was printed."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            if answer.status == 200 and b"<html" in answer.read():
                return time.monotonic() - begun_s
        if time.monotonic() > deadline:
            raise Failed(f"the address was printed, and nothing answers on port {port}")
        time.sleep(0.05)


def _end(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _left(folder: Path) -> Sequence[psutil.Process]:
    """Processes that work in the folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if Path(process.cwd()).is_relative_to(folder) or any(str(folder) in word for word in process.cmdline()):
                found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def main() -> int:
    """Run it, print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true", help="leave the folder where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="riverchief-readme-"))
    try:
        outcome = run(folder)
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{outcome.commit}: {outcome.graded} graded")
    print(
        json.dumps({key: round(one, 1) for key, one in asdict(outcome).items() if isinstance(one, float)}), flush=True
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
