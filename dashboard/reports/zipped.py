"""Office files are ZIP archives: the same entries packed at another time have to be the same bytes."""

from __future__ import annotations

import io
import zipfile

#: The time that every entry has: the first that a ZIP archive can tell.
_THEN = (1980, 1, 1, 0, 0, 0)


def steady(data: bytes) -> bytes:
    """The same archive with the times of its entries taken out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            info = zipfile.ZipInfo(entry.filename, _THEN)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            after.writestr(info, before.read(entry))
    return out.getvalue()
