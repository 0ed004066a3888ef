"""Two languages from plain-text catalogues, compiled in memory when the board starts.

Source strings are English. Both languages have a folder of catalogues, one file for each part of the board: the English
ones exist so that a plural or a wording can be changed without touching code. No string stands in two files.
Determinands, rivers and stations carry their own names and are not translated here.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

#: Languages of the board and what each calls itself; the first is the default.
LANGUAGES: Mapping[str, str] = MappingProxyType({"zh": "中文", "en": "English"})

DEFAULT_LANGUAGE = next(iter(LANGUAGES))

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Translator:
    """Words of one language; call it with an English source string.

    Examples
    --------
    >>> translator("en")("{count} of {total} rivers", count=3, total=28)
    '3 of 28 rivers'
    """

    code: str
    catalogue: gettext.NullTranslations

    def __call__(self, message: str, /, **values: object) -> str:
        """Translate a source string and fill its {placeholders}."""
        text = self.catalogue.gettext(message)
        return text.format(**values) if values else text

    def plural(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Translate with the form that belongs to a count, which fills {count}."""
        return self.catalogue.ngettext(one, many, count).format(count=count, **values)


@cache
def translator(code: str) -> Translator:
    """Words of a language; those of the default language where there is no such one."""
    if code not in LANGUAGES:
        return translator(DEFAULT_LANGUAGE)
    whole = Catalog(code)
    for path in sorted((FOLDER / code).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=code, abort_invalid=True):
                if message.id:
                    whole[message.id] = message
    compiled = io.BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translator(code, gettext.GNUTranslations(compiled))
