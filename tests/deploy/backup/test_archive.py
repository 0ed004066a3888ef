"""An archive that is whole is read; one that is not says in one sentence why."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from deploy.backup import seal as backup_seal
from deploy.backup.archive import FIRST, LAST, Contents, peek, read, writing
from sensors.errors import UsageError

PHRASE = b"correct horse battery"


@pytest.fixture(autouse=True, scope="module")
def _cheap():
    before, backup_seal._N = backup_seal._N, 1 << 4
    yield
    backup_seal._N = before


def made(folder: Path, passphrase: bytes | None = None) -> Path:
    path = folder / ("b.sealed" if passphrase else "b.tar.gz")
    big = folder / "big"
    big.write_bytes(bytes(range(256)) * 8_000)
    with writing(path, passphrase) as archive:
        archive.begin({"created_ms": 1, "software": "1", "site": "xietang", "parts": []})
        archive.put("store/store.sqlite", big)
        archive.put_bytes("site/河道.csv", "河".encode())
        archive.end({"store": {"rows": 3}})
    return path


@pytest.mark.parametrize("passphrase", [None, PHRASE])
def test_an_archive_is_read_and_unpacked(tmp_path: Path, passphrase: bytes | None) -> None:
    path = made(tmp_path, passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    found = read(path, passphrase, tmp_path / "out")
    assert isinstance(found, Contents)
    assert found.about["site"] == "xietang"
    assert found.counted == {"store": {"rows": 3}}
    assert found.names("site") == ["河道.csv"]
    assert (tmp_path / "out" / "store" / "store.sqlite").read_bytes() == (tmp_path / "big").read_bytes()
    assert (tmp_path / "out" / "site" / "河道.csv").read_text() == "河"
    assert (tmp_path / "out" / "site" / "河道.csv").stat().st_mode & 0o777 == 0o600
    assert found.size == 256 * 8_000 + 3
    assert read(path, passphrase) == found
    assert peek(path, passphrase) == found.about


def test_without_encryption_any_tar_opens_it(tmp_path: Path) -> None:
    with tarfile.open(made(tmp_path)) as tar:
        assert tar.getnames() == [FIRST, "store/store.sqlite", "site/河道.csv", LAST]


def test_an_encrypted_one_wants_its_passphrase(tmp_path: Path) -> None:
    path = made(tmp_path, PHRASE)
    with pytest.raises(UsageError, match=r"b\.sealed is encrypted: give --passphrase-file"):
        read(path, None)
    with pytest.raises(UsageError, match="wrong passphrase"):
        read(path, b"another passphrase")


@pytest.mark.parametrize("passphrase", [None, PHRASE])
def test_wherever_it_is_cut_off_it_is_found(tmp_path: Path, passphrase: bytes | None) -> None:
    path = made(tmp_path, passphrase)
    data = path.read_bytes()
    for share in (0.02, 0.3, 0.9, 0.999):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(UsageError, match=r"damaged|cut off|no backup|wrong passphrase"):
            read(path, passphrase)


@pytest.mark.parametrize("passphrase", [None, PHRASE])
def test_a_byte_that_was_changed_is_found(tmp_path: Path, passphrase: bytes | None) -> None:
    path = made(tmp_path, passphrase)
    data = path.read_bytes()
    for at in range(200, len(data), len(data) // 9):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        with pytest.raises(UsageError):
            read(path, passphrase)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no backup"),
        (b"SQLite format 3\0" * 10, "is no backup: it begins with b'SQLite f'"),
        (gzip.compress(b""), "is damaged or cut off"),
        (gzip.compress(b"not a tar" * 200), "is damaged or cut off"),
    ],
)
def test_what_is_none_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=words):
        read(path, None)
    with pytest.raises(UsageError, match="there is no"):
        read(tmp_path / "nothing", None)


def tar_of(path: Path, members: list[tuple[str, bytes]], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data) if kind == tarfile.REGTYPE or name in (FIRST, LAST) else 0
            info.type = kind if name not in (FIRST, LAST) else tarfile.REGTYPE
            info.linkname = "/etc/passwd"
            tar.addfile(info, io.BytesIO(data))
    return path


def begin(**fields: Any) -> tuple[str, bytes]:
    return FIRST, json.dumps({"format": 1, **fields}).encode()


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("etc/passwd", b"x")], "is no backup of ours: it begins with 'etc/passwd'"),
        ([begin(format=2, software="9.9")], r"found format 2; accepted: 1. It was written by .*'9.9'"),
        ([(FIRST, b"{")], "cannot be understood"),
        ([begin()], "was cut off: manifest.json"),
        ([begin(), ("store/../../x", b"x")], "leads out of the folder"),
        ([begin(), ("/etc/x", b"x")], "leads out of the folder"),
        ([begin(), ("other/x", b"x")], "found 'other/x'; accepted: store"),
        ([begin(), ("site/x", b"x"), ("site/x", b"x")], "once each"),
        ([begin(), ("site/x", b"x"), (LAST, b'{"entries": {"site/x": [1, "0"]}, "counted": {}}')], "site/x"),
        ([begin(), ("site/x", b"x"), (LAST, b'{"entries": {}, "counted": {}}')], "1 files are not what was put in"),
        ([begin(), (LAST, b'{"entries": {"site/y": [1, "0"]}, "counted": {}}')], "the first is site/y"),
        ([begin(), (LAST, b'{"entries": 1}')], "manifest.json cannot be understood"),
        ([begin(), (LAST, b"[]")], "cannot be understood"),
    ],
)
def test_what_somebody_else_made_is_refused(tmp_path: Path, members: list[tuple[str, bytes]], words: str) -> None:
    path = tar_of(tmp_path / "b.tar.gz", members)
    with pytest.raises(UsageError, match=words):
        read(path, None, tmp_path / "out")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE])
def test_nothing_but_ordinary_files_is_unpacked(tmp_path: Path, kind: bytes) -> None:
    path = tar_of(tmp_path / "b.tar.gz", [begin(), ("site/x", b"")], kind)
    with pytest.raises(UsageError, match="no ordinary file"):
        read(path, None, tmp_path / "out")
