"""Small pictures: right way up, without anything but pixels, and none of what is no photo."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from dashboard.casework.files import store
from dashboard.viewdata.orders_thumbs import SIDE, thumbnail


def test_a_small_picture_without_notes(tmp_path: Path) -> None:
    image = Image.new("RGB", (2000, 1000), "#336699")
    exif = image.getexif()
    exif[0x0112] = 6
    exif[0x010E] = "secret"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif.tobytes())
    small = thumbnail(str(tmp_path), store(tmp_path, out.getvalue()))
    assert small is not None
    with Image.open(io.BytesIO(small)) as made:
        assert made.size == (SIDE // 2, SIDE)
        assert len(made.getexif()) == 0
    assert b"secret" not in small


def test_what_is_gone_damaged_or_no_photo_has_none(tmp_path: Path) -> None:
    assert thumbnail(str(tmp_path), "0" * 64) is None
    assert thumbnail(str(tmp_path), store(tmp_path, b"%PDF-1.7 %%EOF")) is None
    digest = store(tmp_path, b"x")
    (tmp_path / digest[:2] / digest).write_bytes(b"y")
    assert thumbnail(str(tmp_path), digest) is None
