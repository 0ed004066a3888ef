from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.alerts.channels.wecom import Wecom
from dashboard.alerts.contacts import load_outside, read_outside
from sensors.errors import ConfigError, UsageError
from sensors.site import Site

GOOD = """
[channel.office]
kind = "wecom"
key = "k3y"
[channel.log]
kind = "file"
path = "told.jsonl"
[contact.duty-water]
office = "15300000001"
log = "-"
"""


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_channels_and_contacts_are_read(tmp_path: Path, xietang: Site) -> None:
    outside = load_outside(write(tmp_path / "channels.toml", GOOD), xietang)
    assert outside.channels["office"] == Wecom("k3y")
    assert outside.contacts == {"duty-water": {"office": "15300000001", "log": "-"}}


def test_secrets_do_not_lie_about(tmp_path: Path, xietang: Site) -> None:
    path = write(tmp_path / "channels.toml", GOOD, 0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        load_outside(path, xietang)
    path.chmod(0o600)
    with pytest.raises(UsageError, match="lies in the site folder"):
        load_outside(path, replace(xietang, folder=tmp_path))
    with pytest.raises(UsageError, match="cannot read"):
        load_outside(tmp_path / "none.toml", xietang)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[channel.x]\nkind = "pigeon"', "channel.x.kind"),
        ('[channel.x]\nkind = "wecom"', "channel.x.key"),
        ('[channel.x]\nkind = "wecom"\nkey = "k"\nurl = "http://203.0.113.9/k3y"', "channel.x.url"),
        ('[channel.x]\nkind = "wecom"\nkey = "k"\nper_minute = 0', "channel.x.per_minute"),
        ('[channel.x]\nkind = "wecom"\nkey = "k"\nkye = "k3y"', "channel.x.kye"),
        ('[contact.li]\nnone = "k3y"', "contact.li.none"),
        ("chanel = 1", "chanel"),
        ('x = "k3y', "file"),
    ],
)
def test_mistakes_are_told_without_secrets(text: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_outside(text.encode(), "channels.toml")
    assert where in [problem.where for problem in caught.value.problems]
    assert "k3y" not in str(caught.value)
