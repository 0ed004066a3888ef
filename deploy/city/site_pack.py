"""A site folder as a few kilobytes that go over Kafka, so that a worker needs no folder and has no other one.

Of the folder goes what detection works on. Contacts stay at home: the list of people is sent without its rows.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from analytics.qc import Configuration
from deploy.quality_limits import FILE as LIMITS
from deploy.quality_limits import site_limits
from sensors.errors import UsageError
from sensors.site import PROFILES, Site, load_site

#: Lists of a site folder that go along.
LISTS = (
    "site.toml",
    "rivers.geojson",
    "rivers.csv",
    "reaches.csv",
    "stations.csv",
    "outfalls.csv",
    "grids.csv",
    LIMITS,
)

#: The list of people without any.
NOBODY = ("people.csv", "role,department,contact_key\n")

#: Largest folder, packed and unpacked [bytes]: Kafka takes a megabyte, and base64 a third more.
MOST_BYTES, MOST_UNPACKED = 700_000, 64 << 20


def pack(folder: Path) -> bytes:
    """Pack a site folder.

    Raises
    ------
    UsageError
        If it is too large.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name in [*LISTS, *(f"{PROFILES}/{path.name}" for path in sorted((folder / PROFILES).glob("*.toml")))]:
            if (folder / name).is_file():
                # Dated like any other, so that the same folder is the same bytes.
                file.writestr(zipfile.ZipInfo(name), (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo(NOBODY[0]), NOBODY[1], zipfile.ZIP_DEFLATED)
    if buffer.tell() > MOST_BYTES:
        raise UsageError(f"{folder}: {buffer.tell():,} bytes packed; a site on Kafka may have {MOST_BYTES:,}")
    return buffer.getvalue()


def unpack(packed: bytes) -> tuple[Site, Configuration]:
    """The site and its limits.

    Raises
    ------
    SiteError, QualityConfigError
        If the folder has mistakes.
    UsageError
        If it is no such folder.
    """
    with tempfile.TemporaryDirectory(prefix="riverchief-site-") as place:
        folder = Path(place)
        try:
            with zipfile.ZipFile(io.BytesIO(packed)) as file:
                if sum(one.file_size for one in file.infolist()) > MOST_UNPACKED:
                    raise UsageError(f"a packed site of more than {MOST_UNPACKED:,} bytes")
                for one in file.infolist():
                    file.extract(one, folder)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise UsageError(f"a packed site that cannot be read: {error}") from None
        return load_site(folder), site_limits(folder)
