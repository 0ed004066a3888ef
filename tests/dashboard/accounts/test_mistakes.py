"""What is said where a page failed for a reason that is known."""

from __future__ import annotations

import pytest
import streamlit as st

from dashboard.accounts.mistakes import tell_mistake
from dashboard.page import Denied
from sensors.errors import BooksError, StoreError


@pytest.mark.parametrize(("error", "word"), [
    (BooksError("postgresql://secret", retryable=True), "books cannot be reached"),
    (StoreError("x", retryable=True), "readings cannot be reached"),
    (Denied("x"), "not for your role"), (ValueError("x"), None),
])  # fmt: skip
def test_what_is_said(error: Exception, word: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(st, "query_params", {"lang": "en"})
    monkeypatch.setattr(st, "error", said.append)
    assert tell_mistake(error) is (word is not None)
    assert [word in one for one in said if word] == ([True] if word else [])
    assert "secret" not in str(said)
