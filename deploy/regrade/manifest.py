"""What is finished of a regraded history, and how its files get their names: whole or not at all.

Every task leaves a small manifest that says what its input was and which files it wrote. A task whose manifest still
fits is not done again; one whose input, site or program has changed is. Nothing in a manifest depends on when, where
or by how many it was made.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sensors.errors import UsageError

#: Folder of the manifests and of files that are being written, inside the output folder.
INNER = ".regrade"

#: Columns that readers look things up by: only for these is the range in each row group written down.
STATISTICS = ("time", "station", "determinand", "subject", "start")

#: Folders that hold what is made.
FOLDERS = ("grades", "hours", "evaluations", "means", "trends")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a task did.

    Attributes
    ----------
    key : str
        Name of the task.
    fingerprint : str
        Of everything that its result depends on.
    made : tuple of str
        Kinds of file that it was to make.
    files : mapping of str to int
        Files that it wrote, relative to the output folder, with their size [bytes]; none where there was nothing.
    counts : mapping
        What it has to report.
    """

    key: str
    fingerprint: str
    made: tuple[str, ...]
    files: Mapping[str, int]
    counts: Mapping[str, Any]


def finished(out: Path, key: str, fingerprint: str, made: tuple[str, ...]) -> Manifest | None:
    """Manifest of a task that need not be done again; None where it must."""
    manifest = _read(_path(out, key))
    if manifest is None or manifest.fingerprint != fingerprint or not set(made) <= set(manifest.made):
        return None
    whole = all(_size(out / name) == size for name, size in manifest.files.items())
    return manifest if whole else None


def finish(
    out: Path,
    key: str,
    fingerprint: str,
    made: tuple[str, ...],
    tables: Mapping[str, pa.Table],
    counts: Mapping[str, Any],
) -> Manifest:
    """Write what a task made, then its manifest.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        By name of the file, relative to `out`. A table without rows is not written.

    Raises
    ------
    UsageError
        If a file cannot be written.
    """
    old = _read(_path(out, key))
    files = {}
    try:
        for name, table in tables.items():
            if table.num_rows:
                files[name] = _write(out, name, table)
        for name in set(old.files if old else ()) - set(files):
            (out / name).unlink(missing_ok=True)
        manifest = Manifest(key, fingerprint, made, files, counts)
        text = {"key": key, "fingerprint": fingerprint, "made": made, "files": files, "counts": counts}
        _replace(out, _path(out, key), (json.dumps(text, sort_keys=True, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise UsageError(f"{error.filename or out}: cannot be written ({error.strerror or error})") from error
    return manifest


def prepare(out: Path) -> Path:
    """Make the output folder.

    Returns
    -------
    Path
        A file in it.

    Raises
    ------
    UsageError
        If it cannot be made or written to.
    """
    try:
        (out / INNER).mkdir(parents=True, exist_ok=True)
        _replace(out, out / INNER / "format", b"1\n")
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror or error})") from error
    return out / INNER / "format"


def tidy_up(out: Path, keys: Iterable[str]) -> None:
    """Take away what tasks wrote that are no longer among `keys`, and what was left half-written."""
    wanted = {_path(out, key) for key in keys}
    for path in sorted((out / INNER).rglob("*.json")):
        manifest = _read(path)
        if path in wanted:
            continue
        for name in manifest.files if manifest else ():
            (out / name).unlink(missing_ok=True)
        path.unlink()
    shutil.rmtree(out / INNER / "tmp", ignore_errors=True)
    for name in FOLDERS:
        for folder in sorted((path for path in (out / name).glob("**") if path.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()


def _path(out: Path, key: str) -> Path:
    return out / INNER / f"{key}.json"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _read(path: Path) -> Manifest | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        made, files = tuple(found["made"]), dict(found["files"])
        return Manifest(found["key"], found["fingerprint"], made, files, found["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(out: Path, name: str, table: pa.Table) -> int:
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        row_group_size=1 << 20,
        write_statistics=[name for name in STATISTICS if name in table.schema.names],
    )
    return _replace(out, out / name, sink.getvalue())


def _replace(out: Path, path: Path, data: bytes | pa.Buffer) -> int:
    """Give a file its name only when all of it is on the disk."""
    part = out / INNER / "tmp" / uuid.uuid4().hex
    part.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as file:
        size = file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return size
