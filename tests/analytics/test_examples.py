"""The examples in the docstrings say what happens."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "name", ["analytics.descriptors", "analytics.grading", "analytics.rounding", "analytics.window"]
)
def test_examples_in_docstrings(name: str) -> None:
    result = doctest.testmod(import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
