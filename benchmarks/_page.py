"""Tables that a benchmark writes into a page of the docs, so that no number there is typed by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with the name of its mark in the page."""

    name: str
    head: Row
    rows: Sequence[Row]

    def markdown(self) -> str:
        """As text."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def fill(page: Path, tables: Iterable[Table]) -> None:
    """Put tables between their marks, ``<!-- NAME -->`` and ``<!-- end -->``.

    Raises
    ------
    SystemExit
        If the page has no mark for a table.
    """
    words = page.read_text(encoding="utf-8")
    for table in tables:
        pattern = re.compile(rf"(<!-- {re.escape(table.name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        text_of = table.markdown().replace("\\", "\\\\")
        words, count = pattern.subn(rf"\g<1>{text_of}\n\g<2>", words)
        if count != 1:
            raise SystemExit(f"{page}: {count} marks <!-- {table.name} -->; accepted: one, with <!-- end --> after it")
    page.write_text(words, encoding="utf-8")


def tables_of(page: Path) -> dict[str, str]:
    """What stands between the marks of a page, by name."""
    found = re.findall(r"<!-- ([a-z-]+) -->\n(.*?)\n<!-- end -->", page.read_text(encoding="utf-8"), re.DOTALL)
    return dict(found)
