"""A backup of an installation in use: everything that cannot be made anew, checked, and no secrets by accident."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from collectors.stores import open_store
from dashboard.casework.database import open_books
from dashboard.casework.files import attach
from dashboard.casework.seed.seed import seed
from deploy.backup import seal as backup_seal
from deploy.backup.archive import read
from deploy.backup.backup import Plan, back_up, prune, without_secrets
from deploy.backup.command import command
from sensors.errors import StoreError, UsageError
from sensors.site import Site
from tests.conftest import ROOT
from tests.deploy.store.test_copy import fill

NOW_MS = 1_790_000_000_000
EXAMPLE = ROOT / "deploy" / "sites" / "xietang"
PHRASE = b"correct horse battery"

CHANNELS = """[channel.bot]
kind = "dingtalk"
token = "secret-token-of-the-bot"
[contact.duty]
bot = "13812345678"
"""


def _photo() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(buffer, "PNG")
    return buffer.getvalue()


PNG = _photo()


@pytest.fixture(autouse=True, scope="module")
def _cheap():
    before, backup_seal._N = backup_seal._N, 1 << 4
    yield
    backup_seal._N = before


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, xietang: Site) -> Path:
    """An installation on one machine."""
    home = tmp_path_factory.mktemp("home")
    with closing(open_store(f"sqlite:///{home / 'store.sqlite'}")) as store:
        fill(store, days=1, minutes=60)
    with closing(open_books(f"sqlite:///{home / 'books.sqlite'}")) as books:
        seed(books, xietang, NOW_MS)
        with books.change("clerk", NOW_MS) as session:
            attach(session, books.files, "outfall", "O001", "photo.png", PNG, "clerk", NOW_MS)
    (home / "quarantine.jsonl").write_bytes(b'{"whole": true}\n{"half')
    (home / "quarantine.jsonl.before").write_bytes(b'{"older": true}\n')
    (home / "commands.jsonl").write_bytes(b"{}\n")
    (home / "watch-state.npz").write_bytes(b"can be made anew")
    (home / "channels.toml").write_text(CHANNELS)
    certs = home / "certs"
    certs.mkdir()
    (certs / "hub.crt").write_text("a certificate")
    (certs / "hub.key").write_text("the private key of the hub")
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "home")


def plan_of(home: Path, **more: Any) -> Plan:
    return Plan(
        site=EXAMPLE, store=f"sqlite:///{home / 'store.sqlite'}", books=f"sqlite:///{home / 'books.sqlite'}",
        channels=home / "channels.toml", certs=home / "certs", **more,
    )  # fmt: skip


def test_everything_that_cannot_be_made_anew_is_in_it(home: Path, tmp_path: Path) -> None:
    made = back_up(plan_of(home), tmp_path / "b.tar.gz", NOW_MS)
    names = set(made.contents.entries)
    assert {
        "store/store.sqlite", "books/books.sqlite", "hub/quarantine.jsonl", "hub/quarantine.jsonl.before",
        "hub/commands.jsonl", "site/site.toml", "site/stations.csv", "config/channels.without-secrets.toml",
        "certs/hub.crt",
    } <= names  # fmt: skip
    assert len([name for name in names if name.startswith("files/")]) == 1
    assert not {name for name in names if "watch-state" in name or name.endswith(".key") or ".lock" in name}
    out = tmp_path / "out"
    again = read(made.path, None, out)
    assert again.counted["store"]["watermarks"] == {"gw1": ["abc", 100], "gw2": ["xyz", 7]}
    assert again.counted["books"]["problems"] == []
    assert again.counted["files"] == {"named": 1, "kept": 1, "lost": []}
    # A line that somebody was just writing is not taken by halves.
    assert (out / "hub" / "quarantine.jsonl").read_bytes() == b'{"whole": true}\n'
    assert made.lost == ()
    assert list(tmp_path.glob(".riverchief-backup-*")) == []


def test_secrets_stay_out_unless_they_are_encrypted(home: Path, tmp_path: Path) -> None:
    made = back_up(plan_of(home), tmp_path / "b.tar.gz", NOW_MS)
    with tarfile.open(made.path) as tar:
        data = b"".join(file.read() for member in tar if (file := tar.extractfile(member)) is not None)
    for secret in (b"secret-token-of-the-bot", b"13812345678", b"private key of the hub"):
        assert secret not in data
    with pytest.raises(UsageError, match="--secrets needs --passphrase-file"):
        back_up(plan_of(home, secrets=True), tmp_path / "c.tar.gz", NOW_MS)
    sealed = back_up(plan_of(home, secrets=True, passphrase=PHRASE), tmp_path / "c.sealed", NOW_MS)
    read(sealed.path, PHRASE, tmp_path / "out")
    assert (tmp_path / "out" / "config" / "channels.toml").read_text() == CHANNELS
    assert (tmp_path / "out" / "certs" / "hub.key").exists()
    assert b"SQLite" not in sealed.path.read_bytes()


def test_what_is_left_of_a_channels_file_is_toml(tmp_path: Path) -> None:
    told = tomllib.loads(without_secrets(CHANNELS.encode(), "channels.toml").decode())
    assert told == {
        "channel": {"bot": {"kind": "dingtalk", "token": "REMOVED"}}, "contact": {"duty": {"bot": "REMOVED"}},
    }  # fmt: skip
    with pytest.raises(UsageError, match="no TOML"):
        without_secrets(b"[", "channels.toml")


def test_nothing_is_overwritten_and_nothing_is_left_behind(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    target.write_text("something of mine")
    with pytest.raises(UsageError, match="it is not overwritten"):
        back_up(plan_of(home), target, NOW_MS)
    assert target.read_text() == "something of mine"
    (home / "store.sqlite").write_bytes(b"no database, but long enough for the header of one" * 50)
    with pytest.raises(StoreError):
        back_up(plan_of(home), tmp_path / "c.tar.gz", NOW_MS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar.gz", "home"]


def test_a_plan_that_cannot_be_is_told(home: Path, tmp_path: Path) -> None:
    for plan, words in (
        (Plan(), "nothing to keep"),
        (Plan(store="sqlite:///x", files=tmp_path), "--files goes with --books"),
        (Plan(books="postgresql://db/x"), "say where photos and documents are kept"),
        (Plan(store=f"sqlite:///{tmp_path / 'nothing'}"), "no such file"),
    ):
        with pytest.raises((UsageError, StoreError), match=words):
            back_up(plan, tmp_path / "b.tar.gz", NOW_MS)
    with pytest.raises(UsageError, match="there is no folder"):
        back_up(plan_of(home), tmp_path / "no" / "b.tar.gz", NOW_MS)


def test_too_little_room_is_told_before_anything_is_written(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("deploy.backup.backup.shutil.disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(UsageError, match="found 1 MB free; accepted: "):
        back_up(plan_of(home), tmp_path / "b.tar.gz", NOW_MS)


def test_a_stick_without_links_will_do(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    made = back_up(Plan(site=EXAMPLE), tmp_path / "b.tar.gz", NOW_MS)
    assert read(made.path, None).names("site")


def test_files_that_are_gone_are_told(home: Path, tmp_path: Path) -> None:
    [photo] = (home / "files").glob("??/*")
    photo.write_bytes(b"damaged")
    made = back_up(plan_of(home), tmp_path / "b.tar.gz", NOW_MS)
    assert made.lost == (photo.name,)


def test_the_newest_stay_and_others_are_not_touched(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "riverchief-other-20200101T000000Z.tar.gz").write_text("x")
    (folder / "notes.txt").write_text("x")
    for n in range(3):
        made = back_up(Plan(site=EXAMPLE), folder, NOW_MS + n * 1000)
        gone = prune(folder, made.path, 2)
    assert [path.name for path in gone] == ["riverchief-xietang-20260921T141320Z.tar.gz"]
    assert len(list(folder.iterdir())) == 4


def test_the_command(home: Path, tmp_path: Path) -> None:
    run = CliRunner()
    words = ["--store", f"sqlite:///{home / 'store.sqlite'}", "--books", f"sqlite:///{home / 'books.sqlite'}"]
    phrase = tmp_path / "phrase"
    phrase.write_bytes(PHRASE)
    phrase.chmod(0o600)
    result = run.invoke(
        command, ["--to", str(tmp_path), *words, "--passphrase-file", str(phrase), "--json", "--keep", "1"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["counted"]["store"]["rows"]["reading"] > 50
    assert told["file"].endswith(".sealed")
    plain = run.invoke(command, ["--to", str(tmp_path / "b.tar.gz"), *words])
    assert "It is not encrypted" in plain.output
    (tmp_path / "c").write_text("a file", encoding="utf-8")
    assert run.invoke(command, ["--to", str(tmp_path / "c"), *words, "--keep", "1"]).exit_code == 2
