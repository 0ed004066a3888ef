"""The list of licences: whatever way a package says it."""

from __future__ import annotations

from email.message import Message
from typing import Any

import pytest

from deploy import licences as module
from deploy.licences import Licence, licences, named, table


def about(*fields: tuple[str, str]) -> Any:
    message = Message()
    for key, value in fields:
        message[key] = value
    return message


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ([("License-Expression", "MIT OR Apache-2.0"), ("License", "GPL")], "MIT OR Apache-2.0"),
        ([("Classifier", "License :: OSI Approved :: Apache Software License")], "Apache-2.0"),
        ([("License", "BSD 3-Clause License\n\nCopyright ...")], "BSD-3-Clause"),
        ([("Classifier", "License :: OSI Approved"), ("License", "MIT")], "MIT"),
        ([("Classifier", "Programming Language :: Python")], ""),
        ([("License", "ask us")], ""),
    ],
)
def test_each_way_to_say_it(fields: list[tuple[str, str]], expression: str) -> None:
    assert module._expression(about(*fields)) == expression


def test_names_of_a_requirements_file() -> None:
    text = "click==8.1 \\\n    --hash=sha256:00\n# a note\ncolorama==0.4 ; sys_platform == 'win32'\n--find-links x\n"
    assert list(named(text)) == ["click", "colorama"]


def test_what_is_installed_is_listed_once_and_what_is_not_is_left_out() -> None:
    [found] = licences(["click", "click", "no-such-package-here"])
    assert (found.package, found.expression) == ("click", "BSD-3-Clause")
    assert found.url.startswith("https://")


def test_a_package_that_says_nothing_stands_out_in_the_table() -> None:
    assert "| x | 1 | not said |  |" in table([Licence("x", "1", "", "")])
