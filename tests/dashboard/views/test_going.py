"""Links inside our own parts: an address that keeps what must be kept, and a click that is believed only so far."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from dashboard.i18n import translator
from dashboard.links import Link, event_link, order_link, river_link, station_link, words_only
from dashboard.views import going


class Asked:
    """A context that remembers where it was asked to go."""

    def __init__(self, code: str = "en") -> None:
        self.translate = translator(code)
        self.links = {"today": object(), "river": object()}
        self.gone: list[tuple[str, dict[str, str]]] = []

    def go(self, path: str, **query: str) -> None:
        self.gone.append((path, query))


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Any:
    shown = SimpleNamespace(query_params={}, session_state={})
    monkeypatch.setattr(st, "query_params", shown.query_params)
    monkeypatch.setattr(st, "session_state", shown.session_state)
    return shown


def test_an_address_keeps_language_and_demonstration(page: Any) -> None:
    page.query_params["as"] = "chief"
    made = going.linker(Asked("en"))(river_link("a & b", "R 01"))  # type: ignore[arg-type]
    assert made["href"] == "river?lang=en&as=chief&river=R+01"
    assert json.loads(made["go"]) == ["river", {"river": "R 01"}]
    page.query_params.clear()
    assert going.linker(Asked("zh"))(Link("x", "today"))["href"] == "./"  # type: ignore[arg-type]


def test_no_way_to_a_page_that_is_not_open(page: Any) -> None:
    assert going.linker(Asked())(order_link("x", "1")) == {"text": "x"}  # type: ignore[arg-type]
    assert words_only(event_link("y", "e")) == {"text": "y"}
    assert station_link("z", "S01", tab="review").query == {"station": "S01", "tab": "review"}


def test_a_click_goes_once(page: Any) -> None:
    context = Asked()
    page.session_state["part"] = SimpleNamespace(picked='["river", {"river": "R01"}]')
    going.on_pick("part")()
    going.follow(context)  # type: ignore[arg-type]
    going.follow(context)  # type: ignore[arg-type]
    assert context.gone == [("river", {"river": "R01"})]


@pytest.mark.parametrize("sent", ["", None, "not json", "[]", '["river"]', '["river", 3]', "{}", "3"])
def test_what_our_parts_do_not_send_goes_nowhere(page: Any, sent: object) -> None:
    context = Asked()
    page.session_state["going"] = sent
    going.follow(context)  # type: ignore[arg-type]
    assert context.gone == []
