"""What many tests need."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from sensors.site import Site, load_site

ROOT = Path(__file__).resolve().parents[1]

# How long an example takes says how busy the machine is, nothing of the program. What fails is printed so that it can
# be played again on another machine (@reproduce_failure).
settings.register_profile("riverchief", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("riverchief")


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
