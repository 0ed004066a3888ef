"""What the board's process is told, and what it refuses to begin with."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.board.board import OPTIONS, SETTINGS, BoardOptions, prepared, refuse_strangers
from deploy.cli import EXAMPLE_SITE
from sensors.errors import RiverChiefError, UsageError


@pytest.fixture
def options(tmp_path: Path) -> BoardOptions:
    return BoardOptions(
        EXAMPLE_SITE, f"sqlite:///{tmp_path / 'store.sqlite'}", books=f"sqlite:///{tmp_path / 'books.sqlite'}"
    )  # fmt: skip


def test_settings_as_streamlit_reads_them() -> None:
    from streamlit import config

    known = {one.env_var for one in config._config_options_template.values()}
    assert set(SETTINGS) <= known
    assert len(SETTINGS) == len(OPTIONS)
    assert SETTINGS["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"


def test_a_key_is_made_once_and_is_the_owners(options: BoardOptions, tmp_path: Path) -> None:
    path = Path(prepared(options)["RIVERCHIEF_KEY"])
    assert path == tmp_path / "sessions.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_bytes()
    assert len(key) == 64
    prepared(options)
    assert path.read_bytes() == key
    path.chmod(0o644)
    with pytest.raises(UsageError, match="chmod 600"):
        prepared(options)


def test_a_key_that_is_given(options: BoardOptions, tmp_path: Path) -> None:
    given = tmp_path / "given.key"
    with pytest.raises(UsageError, match="cannot be read"):
        prepared(replace(options, key=given))
    given.write_bytes(b"k" * 40)
    given.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        prepared(replace(options, key=given))
    given.chmod(0o600)
    assert prepared(replace(options, key=given))["RIVERCHIEF_KEY"] == str(given)


def test_only_the_water(options: BoardOptions, tmp_path: Path) -> None:
    found = prepared(replace(options, books=None))
    assert (found["RIVERCHIEF_BOOKS"], found["RIVERCHIEF_KEY"]) == ("", "")
    assert not (tmp_path / "sessions.key").exists()
    for more in ({"files": tmp_path}, {"key": tmp_path / "k"}, {"oidc": tmp_path / "o"}, {"channels": tmp_path}):
        with pytest.raises(UsageError, match="goes with --books"):
            prepared(replace(options, books=None, **more))


def test_a_demonstration_is_for_this_machine(options: BoardOptions) -> None:
    demo = replace(options, access="demo")
    assert prepared(demo)["RIVERCHIEF_KEY"] == ""
    for more in ({"host": "0.0.0.0"}, {"host": "192.168.1.7"}, {"behind_proxy": True}, {"host": "board.example"}):
        with pytest.raises(UsageError, match="lets anybody be the office"):
            prepared(replace(demo, **more))
    for name in ("oidc", "key"):
        with pytest.raises(UsageError, match=f"--{name} goes with --access login"):
            prepared(replace(demo, **{name: Path("x")}))
    refuse_strangers("::1")


@pytest.mark.parametrize(
    "wrong",
    [{"store": "tape:///x"}, {"site": Path("/nowhere")}, {"books": "tape:///x"}],
    ids=["store", "site", "books"],
)
def test_mistakes_are_told_at_once(options: BoardOptions, wrong: dict[str, object]) -> None:
    with pytest.raises(RiverChiefError):
        prepared(replace(options, **wrong))
