from __future__ import annotations

import asyncio
import email
from email.header import decode_header, make_header

import pytest

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.email import Email, read
from sensors.lists import Checker
from sensors.toml_table import Table
from tests.dashboard.alerts.fakes import mail_server

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

TOLD = Told.of("1", "serious", "斜塘河：<b>Ⅴ类", ["一行", "二行"], "https://b.example/alert/t", "确认：")


def send(port: int, address: str = "li@a.example") -> Answer:
    channel = Email("127.0.0.1", "board@a.example", security="none", port=port)
    return asyncio.run(channel.send(address, TOLD))


def test_a_mail_arrives_as_plain_text() -> None:
    with mail_server() as (port, taken):
        answer = send(port)
    assert answer.ok, answer
    [mail] = map(email.message_from_string, taken)
    assert str(make_header(decode_header(mail["Subject"]))) == "斜塘河：＜b＞Ⅴ类"
    assert "li@a.example" in mail["To"]
    [part] = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    assert part.get_content_type() == "text/plain"
    assert part.get_payload(decode=True).decode().splitlines()[:2] == ["一行", "二行"]


def test_a_refused_recipient_is_no_success() -> None:
    with mail_server("550 no such user here") as (port, taken):
        answer = send(port)
    assert not answer.ok
    assert taken == []
    assert answer.text


def test_something_else_than_an_address_is_not_even_tried() -> None:
    assert send(1, "li@a.example,all@b.example") == Answer(False, "the contact is no e-mail address")


def test_only_a_server_on_this_machine_goes_without_encryption() -> None:
    check = Checker("c.toml")
    read(Table({"kind": "email", "host": "mail.example", "from": "x", "security": "none"}, "", check))
    assert [problem.where for problem in check.problems] == ["security", "from"]
