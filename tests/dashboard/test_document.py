"""Pages beside the board carry no script, escape what people wrote, and lead to the other language."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from dashboard.document import button, document, language, note, said
from dashboard.i18n import translator


def request(query: str = "", accept: str = "") -> Request:
    headers = [(b"accept-language", accept.encode())] if accept else []
    return Request({"type": "http", "query_string": query.encode(), "headers": headers})


def test_a_page_is_whole_and_runs_nothing() -> None:
    words = translator("en")
    made = document(words, "<Site>", "A & B", [note("x")], lambda code: f"?lang={code}&next=/", 404)
    page = bytes(made.body).decode()
    assert made.status_code == 404
    assert "default-src 'none'" in made.headers["content-security-policy"]
    assert "<title>A &amp; B · &lt;Site&gt;</title>" in page
    assert '<a href="?lang=zh&amp;next=/" lang="zh">中文</a>' in page
    assert "<script" not in page
    assert 'href="/?lang=en"' in page
    assert 'href="/?lang=en"' not in bytes(document(words, "s", "t", [], str, 200, home=False).body).decode()


def test_what_is_said_is_escaped() -> None:
    assert said([]) == ""
    assert said(["<b>"]) == '<div class="said" role="note">&lt;b&gt;</div>'
    assert said(["one", "<two>"], bad=True) == (
        '<div class="said bad" role="alert"><ul><li>one</li><li>&lt;two&gt;</li></ul></div>'
    )
    assert button("<go>", "button") == '<button class="button">&lt;go&gt;</button>'


@pytest.mark.parametrize(
    ("query", "accept", "code"),
    [("", "", "zh"), ("lang=en", "zh-CN", "en"), ("lang=xx", "en-GB,zh", "en"), ("", "fr,*;q=0.1", "zh")],
)
def test_the_language_is_asked_for_or_the_browser_s(query: str, accept: str, code: str) -> None:
    assert language(request(query, accept)).code == code
