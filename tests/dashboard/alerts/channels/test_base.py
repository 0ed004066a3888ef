from __future__ import annotations

import pytest

from dashboard.alerts.channels.base import ANSWER_CHARS, Told, plain, redact, secrets_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("斜塘河", "斜塘河"),
        ('<at user_id="all">a</at>', '＜at user_id="all"＞a＜/at＞'),
        ("@all [x](http://e.vil) **b** `c`", "＠all ［x］(http：//e.vil) ＊＊b＊＊ ＇c＇"),
        ("two\nlines\r\nand\ttab\u2028end", "two lines  and tab end"),
        ("a\u202eb\u200bc\x00d\x1b[1m", "abcd［1m"),
    ],
)
def test_text_of_others_is_never_markup(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_the_link_stays_whatever_is_cut() -> None:
    told = Told.of("1", "info", "题" * 300, ["行" * 900], "https://x.example/alert/abc", "确认：")
    text = told.text(2048)
    assert len(text.encode()) <= 2048
    assert text.endswith("…\n确认： https://x.example/alert/abc")
    assert told.text(10_000).count("行") == 900


def test_a_message_without_a_page_has_no_link() -> None:
    assert Told.of("1", "info", "a", ["b"], "", "确认：").text(100) == "a\nb"


def test_answers_are_kept_short_and_without_secrets() -> None:
    assert redact("bad key s3cret s3cret", ["s3cret", ""]) == "bad key (secret) (secret)"
    assert len(redact("x" * 9999, [])) == ANSWER_CHARS


def test_every_part_of_an_address_is_secret_but_its_host() -> None:
    found = secrets_of("https://user:passw%40rd@host.example/in/0123abcd?token=t0k3n0&to={address}")
    assert {"passw%40rd", "passw@rd", "0123abcd", "t0k3n0"} <= set(found)
    assert "host.example" not in found
    assert "in" not in found
