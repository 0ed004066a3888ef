"""Archives without the time at which they were packed."""

from __future__ import annotations

import io
import zipfile

from dashboard.reports.zipped import steady


def packed(year: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("b", "a/c"):
            archive.writestr(zipfile.ZipInfo(name, (year, 1, 2, 3, 4, 6)), name * 100)
    return out.getvalue()


def test_only_the_time_is_gone() -> None:
    assert packed(2020) != packed(2021)
    assert steady(packed(2020)) == steady(packed(2021))
    with zipfile.ZipFile(io.BytesIO(steady(packed(2020)))) as archive:
        assert archive.namelist() == ["b", "a/c"]
        assert archive.read("a/c") == b"a/c" * 100
