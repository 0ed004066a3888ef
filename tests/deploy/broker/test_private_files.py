"""Files that are whole or not there, and nobody else's business."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy.broker import private_files
from deploy.broker.private_files import locked, replace_file, write_new
from sensors.errors import UsageError


@pytest.mark.parametrize("write", [write_new, replace_file])
def test_a_file_is_the_owner_s_only(tmp_path: Path, write) -> None:
    mask = os.umask(0)
    try:
        write(tmp_path / "f", b"secret")
    finally:
        os.umask(mask)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"secret")]


def test_new_is_not_over_another(tmp_path: Path) -> None:
    write_new(tmp_path / "f", b"1")
    with pytest.raises(UsageError, match=r"f exists; it is not overwritten"):
        write_new(tmp_path / "f", b"2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"1")]
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="exists"):
        write_new(tmp_path / "link", b"2")
    assert not (tmp_path / "elsewhere").exists()


def test_replacing_is_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_file(tmp_path / "f", b"1")
    replace_file(tmp_path / "f", b"2")
    assert (tmp_path / "f").read_bytes() == b"2"

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(tmp_path / "f", b"3")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"2")]


def test_what_goes_wrong_with_a_folder_is_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(UsageError, match=r"cannot write to .*missing: No such file or directory"), locked(missing):
        pass
    (tmp_path / "d").mkdir()
    with pytest.raises(UsageError, match=r"Is a directory"), locked(tmp_path):
        replace_file(tmp_path / "d", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["d"]
