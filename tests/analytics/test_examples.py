"""The examples in the docstrings say what happens."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = (
    "below_detection", "black_odorous", "comparison", "descriptors", "grading", "periods", "rounding", "trophic",
    "uncertainty", "window",
)  # fmt: skip


@pytest.mark.parametrize("name", [f"analytics.{name}" for name in MODULES])
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
