"""The text files that run in the browser."""

from __future__ import annotations

import re

import pytest

from dashboard import parts


@pytest.mark.parametrize("part", parts.PARTS)
def test_a_part_is_one_module_that_asks_nobody(part: str) -> None:
    script, sheet = parts.source(part)
    assert len(re.findall(r"^export default function", script, re.M)) == 1
    for text in (script, sheet):
        urls = set(re.findall(r"https?://[^\"'\s)]+", text))
        assert urls <= {"http://www.w3.org/2000/svg"}
        assert "@import" not in text
        assert "url(" not in text


@pytest.mark.parametrize("part", parts.PARTS)
def test_data_never_become_markup(part: str) -> None:
    script, _ = parts.source(part)
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch("):
        assert way not in script


def test_no_file_is_left_over() -> None:
    used = {name for scripts, sheets in parts.PARTS.values() for name in scripts + sheets} | {"page.css"}
    assert {path.name for path in parts.FOLDER.iterdir() if path.suffix in {".js", ".css"}} == used
