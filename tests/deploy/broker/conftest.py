from __future__ import annotations

from pathlib import Path

import pytest

from sensors.site import Site
from tests.deploy.broker.secure import SecureBroker


@pytest.fixture
def broker(tmp_path: Path, xietang: Site) -> SecureBroker:
    return SecureBroker(tmp_path, xietang)
