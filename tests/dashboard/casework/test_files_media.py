from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from dashboard.casework import files_media
from dashboard.casework.files_media import GPS, media_of, without_position

HERE = {1: "N", 2: (31.0, 18.0, 0.0), 3: "E", 4: (120.0, 42.0, 0.0)}
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>31,18.0N</exif:GPSLatitude></x:xmpmeta>'


def photo(form: str, *, position: bool, **more: object) -> bytes:
    exif = Image.Exif()
    exif[0x0110] = "Phone"
    exif[0x0112] = 6
    if position:
        exif[GPS] = HERE
    data = io.BytesIO()
    image = Image.effect_noise((80, 60), 40).convert("RGB")
    image.save(data, form, exif=exif.tobytes(), **more)
    return data.getvalue()


def office(*names: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return data.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_place_is_removed_and_nothing_else(form: str) -> None:
    data = photo(form, position=True)
    media = media_of(data)
    assert media is not None
    assert (media.type, media.photo) == (f"image/{form.lower()}", True)
    assert dict(opened(data).getexif().get_ifd(GPS))
    clean = without_position(data, media)
    image, before = opened(clean), opened(data)
    assert dict(image.getexif().get_ifd(GPS)) == {}
    assert GPS not in image.getexif()
    assert (image.getexif()[0x0110], image.getexif()[0x0112], image.size) == ("Phone", 6, before.size)
    assert media_of(clean) == media
    apart = [abs(a - b) for a, b in zip(image.convert("L").tobytes(), before.convert("L").tobytes(), strict=True)]
    assert sum(apart) / len(apart) < {"JPEG": 1.5, "PNG": 0.001, "WEBP": 8}[form]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_what_tells_no_place_stays_as_it_is(form: str) -> None:
    data = photo(form, position=False)
    media = media_of(data)
    assert media is not None
    assert without_position(data, media) is data


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_place_in_xmp_is_removed_too(form: str) -> None:
    data = photo(form, position=False, xmp=XMP)
    media = media_of(data)
    assert media is not None
    assert b"GPSLatitude" in data
    assert b"GPSLatitude" not in without_position(data, media)


def test_of_several_pictures_the_first_is_kept() -> None:
    data, image = io.BytesIO(), Image.effect_noise((80, 60), 40).convert("RGB")
    image.save(data, "MPO", save_all=True, append_images=[image.rotate(90)])
    media = media_of(data.getvalue())
    assert media is not None
    clean = without_position(data.getvalue(), media)
    assert (opened(clean).format, getattr(opened(clean), "n_frames", 1)) == ("JPEG", 1)
    assert (b"MPF\x00" in data.getvalue(), b"MPF\x00" in clean) == (True, False)


def test_documents_by_their_content() -> None:
    word = media_of(office("[Content_Types].xml", "word/document.xml"))
    excel = media_of(office("[Content_Types].xml", "xl/workbook.xml"))
    pdf = media_of(b"%PDF-1.4\n1 0 obj\n%%EOF\n")
    assert word is not None
    assert excel is not None
    assert pdf is not None
    assert [(each.endings, each.photo) for each in (word, excel, pdf)] == [
        ((".docx",), False), ((".xlsx",), False), ((".pdf",), False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [
        office("word/document.xml"), office("[Content_Types].xml"), b"PK\x03\x04", b"", b"#!/bin/sh",
        office("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), b"BM" + b"\0" * 60,
        photo("JPEG", position=False)[:300], b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)  # fmt: skip
def test_what_is_nothing_that_is_kept(data: bytes) -> None:
    assert media_of(data) is None


def test_a_photo_of_too_many_pixels_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    data = photo("PNG", position=False)
    monkeypatch.setattr(files_media, "MAX_PIXELS", 80 * 60)
    assert media_of(data) is not None
    monkeypatch.setattr(files_media, "MAX_PIXELS", 80 * 60 - 1)
    assert media_of(data) is None


def test_a_photo_that_pillow_itself_refuses_is_no_photo() -> None:
    data = io.BytesIO()
    Image.new("1", (20_000, 9_000)).save(data, "PNG")
    assert media_of(data.getvalue()) is None
