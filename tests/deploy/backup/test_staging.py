"""What a killed run has left is cleared away, what a living one has is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.backup.staging import staging
from tests.conftest import ROOT

_KILLED = """import os, signal, sys
from pathlib import Path
from deploy.backup.staging import staging
with staging(Path(sys.argv[1]), "backup") as place:
    (place / "store.sqlite").write_text("everything")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_folder_of_one_s_own_is_gone_afterwards(tmp_path: Path) -> None:
    with staging(tmp_path, "backup") as place:
        (place / "x").write_text("x")
        assert place.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="disk"), staging(tmp_path, "backup"):
        raise OSError(28, "disk full")
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_behind_goes_and_what_is_in_use_stays(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    [left] = tmp_path.glob(".riverchief-backup-*")
    with staging(tmp_path, "restore") as other, staging(tmp_path, "backup") as first:
        assert not left.exists()
        with staging(tmp_path, "backup") as second:
            assert len({other, first, second}) == 3
            assert all(place.exists() for place in (other, first, second))
        assert first.exists()


def test_only_folders_of_ours_are_cleared(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "x").write_text("x")
    (tmp_path / ".riverchief-backup-link").symlink_to(precious)
    (tmp_path / ".riverchief-backup-file").write_text("x")
    with staging(tmp_path, "backup"):
        pass
    assert (precious / "x").exists()
    assert (tmp_path / ".riverchief-backup-file").exists()
