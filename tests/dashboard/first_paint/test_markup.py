"""Elements and text of a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.first_paint.markup import Html, element, joined


def test_an_element() -> None:
    assert element("p", {"class": "a", "hidden": True, "id": None, "title": False}, "b", 0, None) == (
        '<p class="a" hidden>b0</p>'
    )
    assert element("br") == "<br>"
    assert joined(["a&b", element("i"), [["c"], None]]) == "a&amp;b<i></i>c"


@given(st.text())
def test_text_and_values_never_become_markup(text: str) -> None:
    made = element("b", {"title": text}, text)
    inside = made.removeprefix('<b title="').removesuffix("</b>")
    value, _, shown = inside.partition('">')
    assert not set('"<>') & set(value)
    assert not set("<>") & set(shown)


def test_what_is_escaped_is_not_escaped_again() -> None:
    assert element("p", {}, element("b", {}, "<")) == "<p><b>&lt;</b></p>"
    assert isinstance(element("p"), Html)


@pytest.mark.parametrize("name", ["a b", "", "on<click", 'x="'])
def test_names_come_from_the_code(name: str) -> None:
    with pytest.raises(ValueError, match="no name of an element"):
        element(name)
    with pytest.raises(ValueError, match="no name of an element"):
        element("p", {name: "x"})
