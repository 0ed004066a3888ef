"""Writes the dump of an earlier state of the project, with the program of that state.

`python -m tests.drills.make_dump`: the commit is the one that ``deploy/upgrade-from.txt`` names last; the dump goes
beside this file, and is kept with the tests.
"""

from __future__ import annotations

import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.drills.town import ROOT

HERE = Path(__file__).resolve().parent

#: Largest dump that is kept [bytes].
MOST_BYTES = 200_000


def commits() -> list[str]:
    """Commits of which there is a dump, the newest last."""
    lines = (ROOT / "deploy" / "upgrade-from.txt").read_text("utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def dump_of(commit: str) -> Path:
    """Where the dump of a commit is kept."""
    return HERE / f"before-{commit}.tar.xz"


def unpack(commit: str, folder: Path) -> None:
    """Unpack a dump."""
    with tarfile.open(dump_of(commit)) as tar:
        tar.extractall(folder, filter="data")


def make(commit: str) -> Path:
    """Write the dump of a commit."""
    with tempfile.TemporaryDirectory(prefix="riverchief-dump-") as name:
        program, out = Path(name) / "program", Path(name) / "out"
        for folder in (program, out):
            folder.mkdir()
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            tar.extractall(program, filter="data")
        words = [sys.executable, str(HERE / "dump_writer.py"), str(program), str(out)]
        # That commit's packages come before those of this checkout, whatever is installed.
        subprocess.run(words, cwd=program, env={**os.environ, "PYTHONPATH": str(program)}, check=True)
        return _pack(out, dump_of(commit))


def _pack(folder: Path, target: Path) -> Path:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith((".reserve", "-shm")):
                info = tarfile.TarInfo(str(path.relative_to(folder)))
                info.size, info.mode = path.stat().st_size, 0o600
                with path.open("rb") as file:
                    tar.addfile(info, file)
    data = lzma.compress(buffer.getvalue(), preset=9)
    assert len(data) <= MOST_BYTES, f"{len(data)} bytes are too many to be kept with the tests"
    target.write_bytes(data)
    return target


if __name__ == "__main__":
    made = make(commits()[-1])
    print(f"{made}: {made.stat().st_size} bytes")
