"""Accounts from the command line."""

from __future__ import annotations

import getpass
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import sign_in
from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import open_books
from deploy.cli import EXAMPLE_SITE
from deploy.office.account_command import command
from deploy.office.books_command import now_ms
from sensors.errors import UsageError


class Office:
    """Books in a folder, and the command on them."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'books.sqlite'}"

    def run(self, *words: str) -> Result:
        site = ["--site", str(EXAMPLE_SITE)] if words[0] in ("add", "list", "role") else []
        return CliRunner().invoke(command, [*words, *site, "--books", self.url])

    def enters(self, account: str, password: str) -> bool:
        books = open_books(self.url)
        try:
            return sign_in(books, account, password, now_ms(), AccessSettings()) is not None
        finally:
            books.close()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def once(result: Result) -> str:
    assert result.exit_code == 0, result.output
    found = re.search(r"password for once: (\S+)", result.output)
    assert found is not None
    return found[1]


def test_the_life_of_an_account(office: Office) -> None:
    first = once(office.run("add", "boss", "王主任", "--role", "admin"))
    once(office.run("add", "li", "李工", "--role", "department", "--department", "water", "--river", "R01",
                    "--contact", "wecom=138"))  # fmt: skip
    assert office.enters("boss", first)
    listed = office.run("list").output
    assert re.search(r"boss +admin +- +all +王主任 \(one-time password\)", listed)
    assert re.search(r"li +department +water +R01 ", listed)
    assert office.run("disable", "li").output == "li: off\n"
    assert "(off)" in office.run("list").output
    assert office.run("enable", "li").output == "li: on\n"
    second = once(office.run("password", "boss"))
    assert not office.enters("boss", first)
    assert office.enters("boss", second)
    assert office.run("role", "li", "office").output == "li: office\n"
    assert re.search(r"li +office ", office.run("list").output)
    books = open_books(office.url)
    with books.read() as session:
        actors = set(session.scalars(select(AuditEntry.actor)))
        text = " ".join(str(one.after) for one in session.scalars(select(AuditEntry)))
    books.close()
    assert f"cli:{getpass.getuser()}" in actors
    assert first not in text


def test_single_sign_on_has_no_password(office: Office) -> None:
    made = office.run("add", "li", "李工", "--role", "office", "--oidc-subject", "s-1")
    assert made.output == "li: made\n"
    assert "(single sign-on)" in office.run("list").output


def test_a_closed_account_is_listed_and_opened(office: Office) -> None:
    first = once(office.run("add", "boss", "王主任", "--role", "admin"))
    for _ in range(5):
        assert not office.enters("boss", "wrong")
    assert ", closed until 20" in office.run("list").output
    assert not office.enters("boss", first)
    office.run("enable", "boss")
    assert office.enters("boss", first)


@pytest.mark.parametrize(("words", "match"), [
    (("disable", "boss"), "last admin"), (("role", "boss", "office"), "last admin"),
    (("role", "nobody", "office"), "no account 'nobody'"), (("password", "nobody"), "no account"),
    (("add", "li", "李工", "--role", "department"), "needs a department"),
])  # fmt: skip
def test_what_is_refused(office: Office, words: tuple[str, ...], match: str) -> None:
    once(office.run("add", "boss", "王主任", "--role", "admin"))
    result = office.run(*words)
    assert isinstance(result.exception, UsageError)
    assert re.search(match, str(result.exception))


def test_contacts_have_a_form(office: Office) -> None:
    result = office.run("add", "li", "李工", "--role", "office", "--contact", "138")
    assert result.exit_code == 2
    assert "CHANNEL=ADDRESS" in result.output


def test_a_contact_on_a_channel_that_nobody_has_is_refused(office: Office, tmp_path: Path) -> None:
    words = ("add", "li", "李工", "--role", "office", "--contact", "log=li")
    result = office.run(*words)
    assert (result.exit_code, "accepted: aliyun_sms, apprise, dingtalk" in result.output) == (2, True)
    channels = tmp_path / "channels.toml"
    channels.write_text(f'[channel.log]\nkind = "file"\npath = "{tmp_path / "log"}"\n')
    channels.chmod(0o600)
    once(office.run(*words, "--channels", str(channels)))


def test_the_site_may_be_given_where_it_is_not_needed(office: Office) -> None:
    once(office.run("add", "boss", "王主任", "--role", "admin"))
    once(office.run("add", "li", "李工", "--role", "office"))
    assert office.run("disable", "li", "--site", str(EXAMPLE_SITE)).output == "li: off\n"


def test_no_password_is_given_on_the_command_line() -> None:
    for one in command.commands.values():
        assert not any("password" in option for parameter in one.params for option in parameter.opts if "-" in option)
