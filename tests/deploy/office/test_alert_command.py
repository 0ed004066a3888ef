from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboard.alerts.outbox import bury
from dashboard.casework.database import open_books
from deploy.office.alert_command import command
from sensors.errors import UsageError
from sensors.site import Site
from tests.dashboard.alerts import fakes
from tests.dashboard.alerts.fakes import KEY, serving
from tests.dashboard.alerts.staged import NOW_MS, office_of, see, wanted


def channels(folder: Path, *more: str) -> Path:
    path = folder / "channels.toml"
    path.write_text(
        "\n".join([f'[channel.chat]\nkind = "file"\npath = "{folder / "told.jsonl"}"', *more,
                   '[contact.duty-water]\nchat = "-"']),
        encoding="utf-8",
    )  # fmt: skip
    path.chmod(0o600)
    return path


def call(*words: object) -> Result:
    return CliRunner().invoke(command, list(map(str, words)), catch_exceptions=False)


@pytest.fixture
def where(tmp_path: Path, xietang: Site) -> list[object]:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    office = office_of(books, xietang)
    see(office, NOW_MS, wanted(), wanted("class:R02", river="R02"))
    with books.change("t", NOW_MS) as session:
        bury(session, ["mail"], NOW_MS)
    books.close()
    return ["--site", xietang.folder, "--books", f"sqlite:///{tmp_path / 'books.sqlite'}"]


@pytest.mark.parametrize("name", ["chat", "duty-water", "wu"])
def test_a_test_says_that_it_is_one(tmp_path: Path, where: list[object], name: str) -> None:
    result = call("test", name, *where, "--channels", channels(tmp_path))
    assert result.exit_code == 0
    assert result.output.startswith("chat: delivered: appended to")
    [line] = (tmp_path / "told.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["id"].startswith("test-")
    assert json.loads(line)["to"] == {"wu": "153-wu"}.get(name, "-")


def test_what_the_channel_answered_is_printed_without_secrets(tmp_path: Path, where: list[object]) -> None:
    with serving(fakes.wecom) as fake:
        bot = f'[channel.bot]\nkind = "wecom"\nkey = "{KEY}x"\nurl = "{fake.url}/send"'
        result = call("test", "bot", *where, "--channels", channels(tmp_path, bot), "--to", "15300000001")
    assert result.exit_code == 1
    assert result.output.startswith("bot: NOT delivered: HTTP 200")
    assert "93000" in result.output
    assert KEY not in result.output


def test_a_name_that_nobody_has_is_refused(tmp_path: Path, where: list[object]) -> None:
    for name in ("nobody", "mute"):
        with pytest.raises(UsageError, match="neither a channel"):
            call("test", name, *where, "--channels", channels(tmp_path))


def test_alerts_are_listed_and_acknowledged(where: list[object]) -> None:
    assert "title of class:R01; li/chat dead, li/mail waiting" in call("list", *where).output
    assert call("ack", "1", "--by", "li", *where).output == "1 acknowledged by li\n"
    assert call("ack", "1", "--by", "wu", *where).output == "1 was acknowledged by li already\n"
    assert "acknowledged by li" in call("list", "--all", *where).output
    with pytest.raises(UsageError, match="there is no alert 99"):
        call("ack", "99", "--by", "li", *where)


def test_the_dead_are_listed_and_sent_again(where: list[object]) -> None:
    listed = call("dead", *where).output
    assert listed.count("li over chat") == 2
    assert "there is no such channel" in listed
    assert call("dead", "--requeue", "1", *where).output == "1 messages wait again\n"
    assert call("dead", "--requeue-all", *where).output == "1 messages wait again\n"
    assert call("dead", *where).output == "Nothing was given up.\n"


def test_only_somebody_known_can_acknowledge(where: list[object]) -> None:
    with pytest.raises(UsageError, match="--by 'nobody': found no such account"):
        call("ack", "1", "--by", "nobody", *where)


@pytest.mark.parametrize(
    "words",
    [["list"], ["list", "--all"], ["ack", "1", "--by", "li"], ["dead"], ["dead", "--requeue-all"]],
    ids=" ".join,
)
def test_books_that_are_not_there_are_refused_and_not_begun(tmp_path: Path, xietang: Site, words: list[str]) -> None:
    typo = tmp_path / "boks.sqlite"
    result = call(*words, "--site", xietang.folder, "--books", f"sqlite:///{typo}")
    assert result.exit_code == 2
    assert f"--books: sqlite:///{typo}: found no books; accepted" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_test_to_an_account_of_books_that_are_not_there(tmp_path: Path, xietang: Site) -> None:
    typo = tmp_path / "boks.sqlite"
    where = ("--site", xietang.folder, "--books", f"sqlite:///{typo}", "--channels", channels(tmp_path))
    result = call("test", "li", *where)
    assert result.exit_code == 2
    assert "found no books" in result.output
    assert not typo.exists()


def test_it_says_why_somebody_was_not_told(tmp_path: Path, where: list[object]) -> None:
    files = ("--channels", channels(tmp_path))
    said = call("why", "1", *where, *files).output
    assert "li" in said
    assert "given up" in said or "dead" in said
    with pytest.raises(UsageError, match="no alert 99"):
        call("why", "99", *where, *files)
