from __future__ import annotations

from pathlib import Path

import pytest

from analytics.qc import default_configuration
from analytics.qc.config import QualityConfigError
from deploy.quality_limits import read_limits, site_limits
from sensors.errors import UsageError


def test_a_site_overrides_single_keys(tmp_path: Path) -> None:
    assert site_limits(tmp_path) == default_configuration()
    (tmp_path / "quality.toml").write_text("[determinand.ph]\nspan = [5.0, 10.0]\n", encoding="utf-8")
    assert site_limits(tmp_path).sections["determinand"]["ph"]["span"] == [5.0, 10.0]
    assert site_limits(tmp_path).sections["all"] == default_configuration().sections["all"]


@pytest.mark.parametrize("text", ["span = [", "[determinand.ph]\nspam = 1\n"])
def test_mistakes_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "quality.toml").write_text(text, encoding="utf-8")
    with pytest.raises(QualityConfigError) as caught:
        site_limits(tmp_path)
    assert {problem.file for problem in caught.value.problems} == {"quality.toml"}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_limits(tmp_path / "own.toml")
