"""Pieces of pages: tables, and what docstrings say of attributes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence


def cell(value: object) -> str:
    """One cell of a table."""
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;").strip()


def code(value: object) -> str:
    """One cell of a table, as code, in which a bar separates nothing; empty where there is nothing."""
    text = re.sub(r"\s+", " ", str(value))
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are ready."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def attributes(kind: type) -> Mapping[str, str]:
    """What the numpydoc of a class says of each attribute."""
    text = inspect.cleandoc(kind.__doc__ or "")
    match = re.search(r"^Attributes\n-+\n(?P<body>.*?)(?=^\w[\w ]*\n-+\n|\Z)", text, re.M | re.S)
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (match["body"] if match else "").splitlines():
        if line and not line[0].isspace():
            names = [name.strip() for name in line.partition(" : ")[0].split(",")]
        elif names and line.strip():
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
    return found


def first_line(kind: type) -> str:
    """First line of a docstring."""
    return inspect.cleandoc(kind.__doc__ or "").splitlines()[0]
