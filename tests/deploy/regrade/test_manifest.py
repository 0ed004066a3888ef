from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from deploy.regrade.manifest import finish, finished, prepare, tidy_up
from sensors.errors import UsageError

TABLE = pa.table({"time": [1, 2]})


def made(out: Path, fingerprint: str = "f", **tables: pa.Table):
    files = {f"grades/{name}.parquet": table for name, table in tables.items()}
    return finish(out, "parts/a", fingerprint, ("grades",), files, {"records": 2})


def test_what_is_finished_is_known_with_its_counts(tmp_path: Path) -> None:
    done = made(tmp_path, x=TABLE)
    found = finished(tmp_path, "parts/a", "f", ("grades",))
    assert found == done
    assert found.counts == {"records": 2}
    assert pq.read_table(tmp_path / "grades" / "x.parquet").num_rows == 2
    assert list((tmp_path / ".regrade" / "tmp").iterdir()) == []


def test_another_input_another_output_or_a_damaged_file_is_not_finished(tmp_path: Path) -> None:
    made(tmp_path, x=TABLE)
    assert finished(tmp_path, "parts/a", "g", ("grades",)) is None
    assert finished(tmp_path, "parts/a", "f", ("grades", "hours")) is None
    assert finished(tmp_path, "parts/b", "f", ("grades",)) is None
    (tmp_path / "grades" / "x.parquet").write_bytes(b"half")
    assert finished(tmp_path, "parts/a", "f", ("grades",)) is None


def test_an_unreadable_manifest_is_none(tmp_path: Path) -> None:
    made(tmp_path, x=TABLE)
    (tmp_path / ".regrade" / "parts" / "a.json").write_text('{"key": 1}')
    assert finished(tmp_path, "parts/a", "f", ("grades",)) is None


def test_files_that_are_no_longer_made_go(tmp_path: Path) -> None:
    made(tmp_path, x=TABLE, y=TABLE)
    made(tmp_path, "g", y=TABLE, z=TABLE[:0])
    assert [path.name for path in (tmp_path / "grades").iterdir()] == ["y.parquet"]


def test_tidying_takes_only_what_tasks_made(tmp_path: Path) -> None:
    made(tmp_path, x=TABLE)
    (tmp_path / "mine").mkdir()
    (tmp_path / "grades" / "notes.txt").write_text("mine")
    tidy_up(tmp_path, ["parts/a"])
    assert (tmp_path / "grades" / "x.parquet").exists()
    tidy_up(tmp_path, [])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "grades/notes.txt"
    ]
    assert (tmp_path / "mine").is_dir()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        prepare(tmp_path / "file")
    assert prepare(tmp_path / "out").is_file()
    (tmp_path / "out" / "grades").write_text("")
    with pytest.raises(UsageError, match=r"grades.*cannot be written"):
        made(tmp_path / "out", x=TABLE)
