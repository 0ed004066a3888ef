"""The file of an identity provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.board.oidc import read_oidc
from sensors.errors import ConfigError, UsageError

GOOD = """
redirect_uri = "https://river.example/oauth2callback"
client_id = "board"
client_secret = "s3cret-s3cret"
server_metadata_url = "https://id.example/.well-known/openid-configuration"
"""


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "board.key"
    path.write_bytes(b"k" * 64)
    return path


@pytest.fixture(autouse=True)
def authlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if it were installed: these tests are about the file."""
    monkeypatch.setattr("deploy.board.oidc.importlib.util.find_spec", lambda name: object())


def write(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "oidc.toml"
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text, encoding="utf-8")
    return path


def test_it_is_read_and_a_secret_for_cookies_is_made(tmp_path: Path, key: Path) -> None:
    found = read_oidc(write(tmp_path, GOOD), key)
    assert found["client_id"] == "board"
    assert found["redirect_uri"] == "https://river.example/oauth2callback"
    assert len(found["cookie_secret"]) == 64
    assert read_oidc(write(tmp_path, GOOD), key) == found, "the same after a start"
    key.write_bytes(b"x" * 64)
    assert read_oidc(write(tmp_path, GOOD), key)["cookie_secret"] != found["cookie_secret"]


@pytest.mark.parametrize(("text", "match"), [
    (GOOD.replace("/oauth2callback", "/back"), "redirect_uri: found 'https://river.example/back'"),
    (GOOD.replace("https://id", "http://id"), "server_metadata_url"),
    (GOOD.replace('client_id = "board"', ""), "client_id: found nothing"),
    (GOOD.replace('"board"', "7"), "client_id: found no text"), (GOOD + 'more = "x"', "more: found an unknown key"),
    ("= x", "TOML in UTF-8"),
])  # fmt: skip
def test_mistakes_are_told_and_the_secret_is_not(tmp_path: Path, key: Path, text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        read_oidc(write(tmp_path, text), key)
    assert "s3cret" not in str(caught.value)


def test_a_file_for_everybody_to_read(tmp_path: Path, key: Path) -> None:
    with pytest.raises(UsageError, match="chmod 600"):
        read_oidc(write(tmp_path, GOOD, 0o644), key)
    with pytest.raises(UsageError, match="cannot read"):
        read_oidc(tmp_path / "none.toml", key)


def test_without_authlib(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.board.oidc.importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"riverchief\[oidc\]"):
        read_oidc(write(tmp_path, GOOD), key)
