"""Both languages are complete, and nothing in them is left over."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from dashboard.i18n import DEFAULT_LANGUAGE, FOLDER, LANGUAGES, translator

ROOT = FOLDER.parent
Message = str | tuple[str, ...]


def used() -> set[Message]:
    """Every source string that the board's code asks a translator for."""
    found: set[Message] = set()
    for path in sorted(ROOT.rglob("*.py")):
        with path.open("rb") as file:
            found |= {m for _, m, _, _ in extract("python", file, keywords={"_": None, "plural": (1, 2)})}
    return found


def parts(code: str) -> dict[str, dict[Message, Message]]:
    """Catalogue of each file."""
    found = {}
    for path in sorted((FOLDER / code).glob("*.po")):
        with path.open("rb") as file:
            messages = [m for m in read_po(file, locale=code) if m.id]
        found[path.name] = {tuple(m.id) if m.pluralizable else m.id: m.string for m in messages}
    return found


def catalogue(code: str) -> dict[Message, Message]:
    return {message: text for part in parts(code).values() for message, text in part.items()}


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_are_strings_to_translate() -> None:
    assert "Rivers to look at" in used()
    assert ("{count} day", "{count} days") in used()
    assert next(iter(LANGUAGES)) == DEFAULT_LANGUAGE == "zh"


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_string_is_missing_and_none_is_unused(code: str) -> None:
    known = catalogue(code)
    assert used() - set(known) == set(), "missing"
    assert set(known) - used() == set(), "unused"
    assert [m for m, text in known.items() if not text or (isinstance(text, tuple) and not all(text))] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_placeholders_are_those_of_the_source(code: str) -> None:
    for message, text in catalogue(code).items():
        sources = message if isinstance(message, tuple) else (message,)
        texts = text if isinstance(text, tuple) else (text,)
        asked = set().union(*map(fields, sources)) | ({"times"} if message == "{name} +{percent} %" else set())
        assert all(fields(one) <= asked for one in texts), message


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_string_stands_in_two_files(code: str) -> None:
    files: dict[Message, list[str]] = {}
    for name, part in parts(code).items():
        for message in part:
            files.setdefault(message, []).append(name)
    assert {message: names for message, names in files.items() if len(names) > 1} == {}


def test_both_languages_have_the_same_files() -> None:
    assert set(parts("zh")) == set(parts("en"))


def test_chinese_is_chinese() -> None:
    same = {m for m, text in catalogue("zh").items() if m == text}
    assert same == set()


def test_plurals_and_unknown_languages() -> None:
    assert translator("en").plural("{count} day", "{count} days", 1) == "1 day"
    assert translator("en").plural("{count} day", "{count} days", 2) == "2 days"
    assert translator("zh").plural("{count} day", "{count} days", 1) == "1 天"
    assert translator("xx") is translator(DEFAULT_LANGUAGE)


def test_no_compiled_catalogue_is_kept() -> None:
    assert list(Path(FOLDER).rglob("*.mo")) == []
