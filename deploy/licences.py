"""Licences of what the program stands on: ``python -m deploy.licences requirements.txt`` prints the list.

A package says its licence in one of three places of its metadata; the newest of them counts (PEP 639).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

#: Classifiers and texts that people wrote before there were expressions, by a part that gives them away.
_OLD_NAMES = (
    ("Apache", "Apache-2.0"),
    ("BSD-3", "BSD-3-Clause"),
    ("3-Clause", "BSD-3-Clause"),
    ("BSD", "BSD-3-Clause"),
    ("MIT", "MIT"),
    ("LGPLv3", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3", "LGPL-3.0-only"),
    ("LGPL", "LGPL-2.1-or-later"),
    ("MPL", "MPL-2.0"),
    ("Mozilla", "MPL-2.0"),
    ("Eclipse Public License v2", "EPL-2.0"),
    ("EPL-2.0", "EPL-2.0"),
    ("Python Software Foundation", "PSF-2.0"),
    ("PSF", "PSF-2.0"),
    ("ISC", "ISC"),
    ("HPND", "HPND"),
    ("Unlicense", "Unlicense"),
)


@dataclass(frozen=True, slots=True)
class Licence:
    """What a package says of itself.

    Attributes
    ----------
    package, version : str
    expression : str
        SPDX; empty where it says nothing that is understood.
    url : str
        Its home, for who wants the text.
    """

    package: str
    version: str
    expression: str
    url: str


def named(requirements: str) -> Iterator[str]:
    """Names of the packages that a requirements file pins."""
    for line in requirements.splitlines():
        if found := re.match(r"([A-Za-z0-9._-]+)==", line):
            yield found[1]


def licences(packages: Iterable[str]) -> list[Licence]:
    """Licences of packages that are installed here, by name; those that are not are left out."""
    found = []
    for package in sorted(set(packages)):
        try:
            about = metadata(package)
        except PackageNotFoundError:
            continue  # for another platform
        found.append(Licence(about["Name"], about["Version"], _expression(about), _home(about)))
    return found


def _expression(about: PackageMetadata) -> str:
    if expression := _field(about, "License-Expression"):
        return expression
    classifiers = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier", []) if "License ::" in text]
    # The field may hold the whole text; its first line has the name.
    first = _field(about, "License").strip().partition("\n")[0]
    for text in (*classifiers, first):
        for part, expression in _OLD_NAMES:
            if part.lower() in text.lower():
                return expression
    return ""


def _field(about: PackageMetadata, name: str) -> str:
    return str(about[name]) if name in about else ""


def _home(about: PackageMetadata) -> str:
    pairs = [text.partition(", ") for text in about.get_all("Project-URL", [])]
    for label, _, url in pairs:
        if label.lower() in ("homepage", "home", "source", "repository", "source code", "github"):
            return str(url)
    return _field(about, "Home-page") or (pairs[0][2] if pairs else "")


def table(found: Iterable[Licence]) -> str:
    """The list as Markdown."""
    rows = [f"| {one.package} | {one.version} | {one.expression or 'not said'} | {one.url} |" for one in found]
    return "\n".join(["| package | version | licence | home |", "|---|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    print(table(licences(named(Path(sys.argv[1]).read_text("utf-8")))), end="")
