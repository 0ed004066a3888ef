from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from deploy.site.check import check_site
from sensors.errors import ConfigError
from sensors.site import Site


def test_the_example_has_no_mistake(xietang: Site) -> None:
    assert check_site(xietang.folder).id == xietang.id


def test_mistakes_of_every_service_at_once(xietang: Site, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    shutil.copytree(xietang.folder, folder)
    (folder / "quality.toml").write_text("[determinand.ph]\nspam = 3\n", encoding="utf-8")
    (folder / "alerts.toml").write_text("nonsense = 1\n", encoding="utf-8")
    (folder / "casework.toml").write_text("nonsense = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        check_site(folder)
    assert {problem.file for problem in caught.value.problems} == {"quality.toml", "alerts.toml", "casework.toml"}
