from __future__ import annotations

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dashboard.casework import files
from dashboard.casework.database import Books, open_books
from dashboard.casework.files import ORPHAN_MS, FileSettings, attach, attachments, read, store, sweep
from dashboard.casework.survey import RefusedError
from sensors.errors import BooksError

NOW = 1777867500000


def jpeg(colour: int = 10) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (32, 24), (colour, 90, 120)).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
def some(tmp_path: Path) -> Books:
    return open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")


def keep(books: Books, name: str, data: bytes, settings: FileSettings | None = None) -> str:
    with books.change("li", NOW) as session:
        return attach(session, books.files, "outfall", "P1", name, data, "li", NOW, settings).sha256


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock")


def test_a_photo_is_kept_by_its_hash_and_read_back(books: Books) -> None:
    data = jpeg()
    digest = keep(books, "C:\\照片\\排口 1.JPG", data)
    with books.read() as session:
        (row,) = attachments(session, "outfall", "P1")
        assert attachments(session, "outfall", "P2") == []
    assert (row.name, row.media_type, row.size, row.sha256) == ("排口 1.JPG", "image/jpeg", len(data), digest)
    assert (row.added_by, row.added_ms) == ("li", NOW)
    assert read(books.files, digest) == data
    path = books.files / digest[:2] / digest
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keep(books, "again.jpg", data) == digest
    assert names(books.files) == [digest]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.png", "a.png.jpg"), ("evil.html", "evil.html.jpg"), ("../../etc/passwd", "passwd.jpg"), ("", "file.jpg"),
        ("a\nb\x00.jpg", "ab.jpg"), ("x" * 300 + ".jpeg", "x" * 120 + ".jpeg"), (".jpg", "jpg.jpg"),
        ("a?.jpg", "a.jpg"),
    ],
)  # fmt: skip
def test_names_are_only_names(some: Books, name: str, kept: str) -> None:
    keep(some, name, jpeg())
    with some.read() as session:
        assert attachments(session, "outfall", "P1")[0].name == kept


@pytest.mark.parametrize("data", [b"", b"<html>", b"GIF89a", b"%PDF-1.7 cut off", jpeg()[:200], b"PK\x03\x04rubbish"])
def test_what_is_not_kept(some: Books, data: bytes) -> None:
    with pytest.raises(RefusedError, match=r"a\.jpg is no file that is kept: JPEG, PNG"):
        keep(some, "a.jpg", data)
    assert names(some.files) == []


def test_limits_are_told(some: Books) -> None:
    small = FileSettings(photo_bytes=100, document_bytes=2**20)
    with pytest.raises(RefusedError, match=r"a\.jpg is larger than 0 MB"):
        keep(some, "a.jpg", jpeg(), small)
    pdf = b"%PDF-1.7\n" + b"x" * 2**20 + b"\n%%EOF\n"
    with pytest.raises(RefusedError, match=r"a\.pdf is larger than 1 MB"):
        keep(some, "a.pdf", pdf, small)
    assert keep(some, "a.pdf", pdf)


def test_a_row_that_is_not_committed_leaves_only_an_orphan(some: Books) -> None:
    def fail() -> None:
        with some.change("li", NOW) as session:
            attach(session, some.files, "outfall", "P1", "a.jpg", jpeg(), "li", NOW)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        fail()
    (orphan,) = names(some.files)
    kept = keep(some, "b.jpg", jpeg(99))
    for path in some.files.glob("??/*"):
        os.utime(path, (NOW / 1000, NOW / 1000))
    part = some.files / orphan[:2] / f"{orphan}.12345678.part"
    part.write_bytes(b"half")
    os.utime(part, (0, 0))
    (some.files / orphan[:2] / "somebody's").write_bytes(b"not ours")
    with some.read() as session:
        assert sweep(session, some.files, NOW + ORPHAN_MS).removed == (part.name,)
        swept = sweep(session, some.files, NOW + ORPHAN_MS + 1)
    assert (swept.removed, swept.lost) == ((orphan,), ())
    assert names(some.files) == sorted([kept, "somebody's"])


def test_storing_again_makes_a_file_young_again(tmp_path: Path) -> None:
    digest = store(tmp_path / "f", b"x")
    path = tmp_path / "f" / digest[:2] / digest
    os.utime(path, (0, 0))
    store(tmp_path / "f", b"x")
    assert path.stat().st_mtime > 0


def test_damage_and_loss_are_found(some: Books) -> None:
    first, second = keep(some, "a.jpg", jpeg(1)), keep(some, "b.jpg", jpeg(2))
    path = some.files / first[:2] / first
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(BooksError, match="is damaged"):
        read(some.files, first)
    (some.files / second[:2] / second).unlink()
    with pytest.raises(BooksError, match="is gone"):
        read(some.files, second)
    with some.read() as session:
        assert sweep(session, some.files, NOW).lost == tuple(sorted((first, second)))
    # Who sends the file again repairs it.
    keep(some, "a.jpg", jpeg(1))
    assert read(some.files, first) == jpeg(1)


def test_a_hash_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(BooksError, match="is no SHA-256"):
        read(tmp_path, "../../etc/passwd")


def test_a_disk_that_refuses_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    (tmp_path / "f" / "2d").mkdir(parents=True)
    with pytest.raises(BooksError, match="No space left") as caught:
        store(tmp_path / "f", b"x")
    assert caught.value.retryable
    assert names(tmp_path / "f") == []


def test_documents(some: Books) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", "<x/>")
    keep(some, "通知", data.getvalue())
    with some.read() as session:
        assert attachments(session, "outfall", "P1")[0].name == "通知.docx"
