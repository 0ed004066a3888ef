"""What is chosen stands in the address, and the address is what is chosen."""

from __future__ import annotations

import sys

import pytest
from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from dashboard.views import chosen

    colour = chosen.box("colour", "Colour", {"r": "Red *x*", "g": "Green"}, "r", "en")
    size = chosen.segments("size", "Size", {"s": "Small", "l": "Large"}, "s", "en")
    st.text(f"{colour} {size}")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    return AppTest.from_function(_page, default_timeout=30)


def test_the_default_stands_in_no_address(app: AppTest) -> None:
    app.run()
    assert app.text[0].value == "r s"
    app.selectbox[0].set_value("g").run()
    assert (app.text[0].value, app.query_params["colour"]) == ("g s", "g")
    app.selectbox[0].set_value("r").run()
    assert app.text[0].value == "r s"
    assert "colour" not in app.query_params


def test_an_address_from_elsewhere_wins_over_what_was_chosen_before(app: AppTest) -> None:
    app.run()
    app.selectbox[0].set_value("g").run()
    app.query_params["colour"] = "r"
    app.query_params["size"] = "l"
    app.run()
    assert app.text[0].value == "r l"


def test_what_is_no_choice_is_the_default(app: AppTest) -> None:
    app.query_params["colour"] = "<script>"
    app.query_params["size"] = ""
    app.run()
    assert not app.exception
    assert app.text[0].value == "r s"
    [told] = [one.value for one in app.info]
    assert "colour = \\<script\\>" in told


def test_what_was_a_choice_before_is_not_told_of(app: AppTest) -> None:
    app.query_params["size"] = "l"
    app.run()
    app.session_state["chosen-had"] = {("colour", "b")}
    app.query_params["colour"] = "b"
    app.run()
    assert not app.info
