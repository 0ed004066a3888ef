"""A copy of a site folder with other stations: same rivers and lists, polled elsewhere."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from sensors.place import Station
from sensors.site import PROFILES, Site

_COLUMNS = (
    "id", "name", "name_en", "river", "reach", "chainage_m", "water_body", "profile", "endpoint", "unit", "gateway",
    "period_s",
)  # fmt: skip


def write_copy(site: Site, folder: Path, reason: str, stale_after_s: float | None = None) -> None:
    """Write `site` as a folder of its own: its files as they stand, its stations as they are in memory.

    Parameters
    ----------
    site : Site
    folder : Path
        Made where it is missing; files of the same names are replaced.
    reason : str
        First line of the new ``stations.csv``, for whoever opens it.
    stale_after_s : float, optional
        Replaces the setting of ``site.toml`` [s].
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(site.folder.iterdir()):
        if path.is_file() and path.name != "stations.csv":
            shutil.copyfile(path, folder / path.name)
    if (site.folder / PROFILES).is_dir():
        shutil.copytree(site.folder / PROFILES, folder / PROFILES, dirs_exist_ok=True)
    if stale_after_s is not None:
        settings = folder / "site.toml"
        settings.write_text(
            _with_stale_after(settings.read_text(encoding="utf-8-sig"), stale_after_s), encoding="utf-8"
        )
    (folder / "stations.csv").write_text(stations_csv(site.stations.values(), reason), encoding="utf-8")


def _with_stale_after(text: str, stale_after_s: float) -> str:
    setting = f"stale_after_s = {stale_after_s:g}"
    changed, count = re.subn(r"^\s*stale_after_s\s*=.*$", setting, text, flags=re.MULTILINE)
    if count:
        return changed
    changed, count = re.subn(r"^\s*\[assessment\].*$", rf"[assessment]\n{setting}", text, flags=re.MULTILINE)
    return changed if count else f"{text}\n[assessment]\n{setting}\n"


def stations_csv(stations: Iterable[Station], reason: str) -> str:
    """Text of a ``stations.csv``."""
    text = io.StringIO()
    text.write(f"# {reason}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for station in stations:
        writer.writerow([_cell(station, column) for column in _COLUMNS])
    return text.getvalue()


def _cell(station: Station, column: str) -> str:
    value = getattr(station, column)
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
