"""A generated scenario that several tests read."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.scenarios.build import build
from tests.benchmarks.plans import TINY


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny scenario."""
    return build(TINY, tmp_path_factory.mktemp("scenarios") / "tiny")
