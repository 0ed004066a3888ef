"""What the tests of the books need besides the books themselves, which are in `tests/dashboard/conftest.py`."""

from __future__ import annotations

import pytest

from dashboard.casework.desk import Desk
from dashboard.casework.settings import OfficeSettings
from sensors.site import Site


@pytest.fixture
def desk(xietang: Site) -> Desk:
    """The office of the example site, in English."""
    return Desk.of(xietang, OfficeSettings(), "en")
