"""Small pictures of photos: made from the pixels alone, so that nothing else of a file reaches a page."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import streamlit as st

from dashboard.casework.files import read
from sensors.errors import BooksError

#: Longest side of a small picture [pixels].
SIDE = 480


@st.cache_data(show_spinner=False, max_entries=256)
def thumbnail(folder: str, digest: str) -> bytes | None:
    """A small JPEG of a photo; None where it is gone, damaged, or no photo."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        data = read(Path(folder), digest)
        with warnings.catch_warnings():
            # How large a photo may be was decided when it was taken in.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
                image.draft("RGB", (SIDE, SIDE))
                small = ImageOps.exif_transpose(image).convert("RGB")
    except (BooksError, UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError):
        return None
    small.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    # Only pixels: a new picture has no notes, no place and no preview of the old one.
    plain = Image.new("RGB", small.size)
    plain.paste(small)
    plain.save(out, "JPEG", quality=80)
    return out.getvalue()
