"""A copy of every page of the site, with links that hold inside it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from os.path import relpath
from pathlib import Path, PurePosixPath

from docs._build import cli, configuration, metrics, profiles, wire

#: Languages besides English; a page ``NAME.zh.md`` is ``NAME.md`` in Chinese.
LANGUAGES = ("zh",)

#: Files of the project that are pages too.
PROJECT: Mapping[str, str] = {
    "README.md": "project/readme.md",
    "README.zh.md": "project/readme.zh.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security-policy.md",
}

#: Pages that are made from the code, each for a language.
REFERENCE = {
    "cli": cli.page,
    "configuration": configuration.page,
    "metrics": metrics.page,
    "profiles": profiles.page,
    "wire": wire.page,
}

_LINK = re.compile(r"(?P<mark>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^\s*(```|~~~)")


def stage(root: Path, target: Path) -> None:
    """Write every page of the site.

    Parameters
    ----------
    root : Path
        Of the repository.
    target : Path
        Folder that is made anew.
    """
    if target.exists():
        shutil.rmtree(target)
    for source in _sources(root / "docs"):
        place = target / source.relative_to(root / "docs")
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            place.write_text(_linked(source, place.relative_to(target), root), encoding="utf-8")
        else:
            shutil.copyfile(source, place)
    for name, page in PROJECT.items():
        _write(target / page, _linked(root / name, PurePosixPath(page), root))
    _write(target / "decisions/index.md", _decisions(root / "docs/decisions"))
    for name, make in REFERENCE.items():
        _write(target / f"reference/{name}.md", make(root, "en"))
        for language in LANGUAGES:
            _write(target / f"reference/{name}.{language}.md", make(root, language))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _sources(docs: Path) -> Iterator[Path]:
    """Pages, pictures and schemas; not what makes the site."""
    for path in sorted(docs.rglob("*")):
        parts = path.relative_to(docs).parts
        if path.is_file() and not any(part.startswith(("_", ".")) for part in parts):
            yield path


def _linked(source: Path, page: PurePosixPath | Path, root: Path) -> str:
    """Text of a page whose relative links lead to pages of the site; a link to other files becomes plain text."""

    def moved(match: re.Match[str]) -> str:
        path, mark, anchor = match["target"].partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return match[0]
        file = (source.parent / path).resolve()
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else ""
        if name == "docs/decisions":
            inside = "decisions/index.md"
        elif name.startswith("docs/"):
            inside = name.removeprefix("docs/")
        elif name in PROJECT:
            inside = PROJECT[name]
        elif name and file.exists():
            return match["text"] if "`" in match["text"] else f"{match['text']} (`{name}`)"
        else:
            return match[0]  # leads nowhere: the strict build says so
        inside = re.sub(r"\.zh\.md$", ".md", inside)  # in each language, its own
        return f"{match['mark']}[{match['text']}]({relpath(inside, page.parent)}{mark}{anchor})"

    lines, fenced = [], False
    for line in source.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        lines.append(line if fenced else _LINK.sub(moved, line))
    return "\n".join(_spaced(lines)) + "\n"


def _spaced(lines: list[str]) -> Iterator[str]:
    """Lines with an empty one before each list and table, which Markdown of GitHub does not need, but MkDocs does."""
    before, fenced = "", False
    for line in lines:
        opens = bool(_FENCE.match(line))
        starts = re.match(r"(?:[-*] |\d+\. |\|)", line)
        inside = re.match(r"(?:\s+\S|[-*] |\d+\. |\|)", before)
        if not fenced and before.strip() and ((starts and not inside) or opens):
            yield ""
        fenced = fenced != opens
        yield line
        before = line


def _decisions(folder: Path) -> str:
    rows = []
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        rows.append(f"- [{title}]({path.name})")
    return "# Decisions\n\n" + "\n".join(rows) + "\n"
