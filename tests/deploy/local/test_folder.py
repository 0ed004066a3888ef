from __future__ import annotations

import os
from pathlib import Path

from deploy.local.folder import LocalFolder


def test_an_edit_is_seen_once_it_rests(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("1")
    folder = LocalFolder(tmp_path)
    assert not folder.changed()
    (tmp_path / "site.toml").write_text("22")
    assert not folder.changed()  # somebody may still be writing
    assert folder.changed()
    assert not folder.changed()


def test_a_file_that_is_still_being_written(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    for text in ("1", "22", "333"):
        (tmp_path / "site.toml").write_text(text)
        assert not folder.changed()
    assert folder.changed()


def test_profiles_count_and_hidden_files_do_not(tmp_path: Path) -> None:
    folder = LocalFolder(tmp_path)
    (tmp_path / ".site.toml.swp").write_text("x")
    assert [folder.changed() for _ in range(3)] == [False] * 3
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "a.toml").write_text("x")
    assert [folder.changed() for _ in range(3)] == [False, True, False]


def test_the_same_size_at_another_time_is_an_edit_and_so_is_a_file_less(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    folder = LocalFolder(tmp_path)
    os.utime(path, ns=(1, 1))
    assert [folder.changed() for _ in range(2)] == [False, True]
    path.unlink()
    assert [folder.changed() for _ in range(2)] == [False, True]


def test_what_is_taken_back_is_no_edit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    state = path.stat()
    folder = LocalFolder(tmp_path)
    path.write_text("22")
    assert not folder.changed()
    path.write_text("1")
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [folder.changed() for _ in range(3)] == [False] * 3
