"""Hooks of `mkdocs.yml`: stage the pages, complete the navigation, say which page there is in English only.

MkDocs builds from a staged copy beside the site's folder, `SITE-source`: the pages of `docs/`, the project's own files
(README and others) and the reference that is made from the code. Nothing generated is kept in the repository, so none
of it can be out of date.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import event_priority
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from docs._build.stage import LANGUAGES, stage  # noqa: E402 (MkDocs runs this file from anywhere)

#: Section that takes up pages which `mkdocs.yml` does not name.
REST = "More"

#: What stands above a page that nobody has translated.
ENGLISH_ONLY = '!!! note "本页只有英文"\n    命令、文件名和配置项两种语言相同；操作步骤见“指南”。\n\n'


_staged: set[Path] = set()


@event_priority(100)
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Stage the pages once, and build from there."""
    target = Path(f"{Path(config.site_dir).resolve()}-source")
    second = getattr(config.plugins.get("i18n"), "building", False)  # the same configuration, another language
    if not second:
        stage(ROOT, target)
        _staged.add(target)
        config.docs_dir = str(target)
        named = set(_pages(config.nav))
        rest = [name for name in _documents(target) if name not in named and not name.startswith("decisions/")]
        if rest and config.nav is not None:
            config.nav.append({REST: rest})
    return config


def on_shutdown() -> None:
    """Leave no copy behind."""
    for target in _staged:
        shutil.rmtree(target, ignore_errors=True)


def on_serve(server: LiveReloadServer, config: MkDocsConfig, builder: object) -> LiveReloadServer:
    """Watch the pages and not their copy."""
    server.unwatch(config.docs_dir)
    server.watch(str(ROOT / "docs"))
    return server


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Say in Chinese that a page is in English, where it is."""
    locale, wanted = getattr(page.file, "locale", "en"), getattr(page.file, "locale_alternate_of", "en")
    if locale == "en" and wanted == "zh":
        title, _, rest = markdown.partition("\n")
        return f"{title}\n\n{ENGLISH_ONLY}{rest}" if title.startswith("# ") else ENGLISH_ONLY + markdown
    return markdown


def _pages(nav: Any) -> Iterator[str]:
    """Every page that a navigation names."""
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for inner in nav.values():
            yield from _pages(inner)
    elif isinstance(nav, list):
        for inner in nav:
            yield from _pages(inner)


def _documents(folder: Path) -> list[str]:
    """Pages of a staged tree, without their translations."""
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.md")))
    return [name for name in names if not name.removesuffix(".md").endswith(tuple(f".{code}" for code in LANGUAGES))]
