"""The example site's water, made once."""

from __future__ import annotations

import pytest

from sensors.simulate.water import VirtualWater
from sensors.site import Site


@pytest.fixture(scope="session")
def water(xietang: Site) -> VirtualWater:
    return VirtualWater(xietang, seed=1)
