"""What many tests need."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensors.site import Site, load_site

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The study data beside the checkout; a test that needs it is skipped where it is absent."""
    folder = ROOT.parent / "shared"
    if not (folder / "cases").is_dir():
        pytest.skip("no ../shared beside this checkout")
    return folder


@pytest.fixture(scope="session")
def xietang() -> Site:
    """The example site."""
    return load_site(ROOT / "deploy" / "sites" / "xietang")
