"""What a file is, by its content, and photos without the place where they were taken."""

from __future__ import annotations

import io
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Largest photo that is opened [pixels]; Pillow opens none above 178,956,970, and a phone makes 12 to 108 million.
MAX_PIXELS = 150_000_000

#: Block of EXIF that holds the position.
GPS = 0x8825

_OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Media:
    """A kind of file.

    Attributes
    ----------
    type : str
        Media type.
    endings : tuple of str
        Of its name, the usual one first.
    photo : bool
    """

    type: str
    endings: tuple[str, ...]
    photo: bool = False


_PHOTOS = {
    "JPEG": Media("image/jpeg", (".jpg", ".jpeg"), True),
    "MPO": Media("image/jpeg", (".jpg", ".jpeg"), True),
    "PNG": Media("image/png", (".png",), True),
    "WEBP": Media("image/webp", (".webp",), True),
}


def media_of(data: bytes) -> Media | None:
    """What a file is; None where it is nothing that is kept, or damaged."""
    if data.startswith(b"%PDF-") and b"%%EOF" in data[-2048:]:
        return Media("application/pdf", (".pdf",))
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    return _photo(data)


def without_position(data: bytes, media: Media) -> bytes:
    """A photo without the place where it was taken; the same bytes where it tells none.

    Phones write it into EXIF and XMP; of a file with several pictures (MPO) only the first is kept. Pixels are coded
    again with the tables that they had, so that nothing can be seen of it.
    """
    with _opened(data) as image:
        exif = image.getexif()
        notes = {name: note for name, note in image.info.items() if name not in ("exif", "icc_profile")}
        told = GPS in exif or "GPS" in str(notes)
        if not told and image.format != "MPO":
            return data
        if GPS in exif:
            del exif[GPS]
        image.load()
        kept = {"exif": exif.tobytes(), "icc_profile": image.info.get("icc_profile")}
        out = io.BytesIO()
        if media.type == "image/jpeg":
            image.save(out, "JPEG", quality="keep" if image.format == "JPEG" else 93, **kept)
        elif media.type == "image/webp":
            image.save(out, "WEBP", quality=93, xmp=b"", **kept)
        else:
            image.save(out, "PNG", **kept)
    return out.getvalue()


def _photo(data: bytes) -> Media | None:
    from PIL import Image, UnidentifiedImageError

    try:
        with _opened(data) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return None
            media = _PHOTOS.get(image.format or "")
            image.load()
            return media
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None


def _opened(data: bytes) -> ImageFile:
    from PIL import Image

    with warnings.catch_warnings():
        # Size is checked here, with a limit of our own.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        # Several JPEG in one file (MPO) open as JPEG.
        return Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP"))


def _office(data: bytes) -> Media | None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return None
    if "[Content_Types].xml" not in names or any(name.endswith("vbaProject.bin") for name in names):
        return None
    found = [(part, kind) for part, kind in _OFFICE.items() if part in names]
    return Media(found[0][1], (".docx" if found[0][0].startswith("word") else ".xlsx",)) if found else None
