"""The documentation: it builds strictly, loads nothing from elsewhere, and names only what there is."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from deploy.cli import EXAMPLE_SITE, cli
from docs._build.metrics import told
from sensors.profile import read_profiles
from sensors.site_files import SiteReader

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *(DOCS / "guides").glob("*.md"), ROOT / "README.md", ROOT / "README.zh.md"])
TRANSLATED = sorted(DOCS.rglob("*.zh.md"))
READMES = (ROOT / "README.md", ROOT / "README.zh.md")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    pytest.importorskip("material", reason="needs the dependency group docs")
    target = tmp_path_factory.mktemp("docs") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)],
        cwd=ROOT, capture_output=True, text=True, timeout=110, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return target


def test_every_page_is_there_in_both_languages(site: Path) -> None:
    for page in TRANSLATED:
        name = page.relative_to(DOCS).as_posix().removesuffix(".zh.md").removesuffix("index")
        for language in ("", "zh"):
            assert (site / language / name / "index.html").is_file(), f"{language}/{name}"
    for name in ("cli", "configuration", "metrics", "profiles", "wire"):
        assert (site / "reference" / name / "index.html").is_file()
        chinese = (site / "zh/reference" / name / "index.html").read_text(encoding="utf-8")
        assert re.search(r"<h1[^>]*>[一-鿿]", chinese), name


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loads = re.compile(
        r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?https?://"""
    )
    pages = list(site.rglob("*.html"))
    assert len(pages) > 60
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not loads.search(text), page
        assert 'class="mermaid"' not in text, f"{page}: the theme would fetch mermaid"
    assert not any("fonts.g" in sheet.read_text(encoding="utf-8") for sheet in site.rglob("*.css"))


def test_reference_is_made_from_what_there_is(site: Path) -> None:
    text = (site / "reference/cli/index.html").read_text(encoding="utf-8")
    for name in ("gateway", "hub", "board", "backup", "restore", "doctor"):
        assert f">riverchief {name}<" in text, name
    assert "--passphrase-file" in text
    assert "window_hours" in (site / "reference/configuration/index.html").read_text(encoding="utf-8")
    assert "riverchief_hub_ingested_readings_total" in (site / "reference/metrics/index.html").read_text("utf-8")
    assert "yosemitech_y504" in (site / "zh/reference/profiles/index.html").read_text(encoding="utf-8")
    assert "expires_ms" in (site / "zh/reference/wire/index.html").read_text(encoding="utf-8")


def test_rules_and_dashboards_name_metrics_of_the_reference() -> None:
    names = {name for name, *_ in told(ROOT)}
    files = [*(ROOT / "deploy/prometheus").glob("*.yml"), *(ROOT / "deploy/grafana").rglob("*.json")]
    used = {name for file in files for name in re.findall(r"riverchief_\w+", file.read_text(encoding="utf-8"))}
    assert used
    assert used <= names


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Language and content of each block of code."""
    for match in re.finditer(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.M | re.S):
        yield match[1], match[2]


def calls(text: str) -> Iterator[str]:
    """What follows ``riverchief`` in each command of a page."""
    outside = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    lines = re.findall(r"`(riverchief [^`]+)`", outside)
    for language, block in fences(text):
        if language in ("sh", "console", "bash", ""):
            lines += re.sub(r"\\\n\s*", " ", block).splitlines()
    for line in lines:
        line = re.split(r"(?:^|\s)#\s|\s→", line)[0]
        for match in re.finditer(r"(?:^|[\s/(])riverchief (?P<call>[a-z][^|;&>`]*)", line):
            yield match["call"].strip()


def mistake(call: str) -> str:
    """What is wrong with a call; empty where nothing is."""
    try:
        words = shlex.split(call)
    except ValueError:
        words = call.split()
    at: click.Command = cli
    context = click.Context(cli)
    while isinstance(at, click.Group) and words and re.fullmatch(r"[a-z][a-z-]*", words[0]):
        found = at.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        at, words = found, words[1:]
    known = {option for each in at.params for option in (*each.opts, *each.secondary_opts)}
    for word in words:
        option = word.rstrip(",.)]").lstrip("[(").partition("=")[0]
        if re.fullmatch(r"--[a-z][a-z-]*", option) and option not in known | {"--help", "--version"}:
            return f"no option {option}"
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_options_exist(page: Path) -> None:
    wrong = [
        f"riverchief {call}: {what}" for call in calls(page.read_text(encoding="utf-8")) if (what := mistake(call))
    ]
    assert wrong == []


def test_the_check_of_commands_finds_what_is_wrong() -> None:
    block = "```sh\nriverchief grde X\nriverchief check MYSITE && riverchief hub S --store X\n```\n"
    text = f"`riverchief hub SITE --stor X`\n{block}"
    assert [mistake(call) for call in calls(text)] == ["no option --stor", "no command grde", "", ""]


def outline(page: Path) -> list[int]:
    """Levels of a page's headings, in order."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return [len(mark) for mark in re.findall(r"^(#+) ", text, re.M)]


@pytest.mark.parametrize("page", TRANSLATED, ids=lambda page: page.name)
def test_translations_say_the_same(page: Path) -> None:
    other = page.with_name(page.name.replace(".zh.md", ".md"))
    assert outline(page) == outline(other)
    chinese, english = (path.read_text(encoding="utf-8") for path in (page, other))
    # The same commands, whatever remarks and notes say.
    plain = [
        [re.sub(r'\s+#.*|--note "[^"]*"', "", block) for kind, block in fences(text) if kind == "sh"]
        for text in (chinese, english)
    ]
    assert plain[0] == plain[1]
    rows = [len(re.findall(r"^\|", text, re.M)) for text in (chinese, english)]
    assert rows[0] == rows[1], "rows of tables"


@pytest.mark.parametrize("page", ["write-profile.md", "write-profile.zh.md"])
def test_the_profile_of_the_guide_is_one(page: str, tmp_path: Path) -> None:
    [text] = [block for kind, block in fences((DOCS / "guides" / page).read_text(encoding="utf-8")) if kind == "toml"]
    (tmp_path / "my_ph.toml").write_text(text, encoding="utf-8")
    assert read_profiles(tmp_path)["my_ph"].determinands == ("ph", "water_temperature")


@pytest.mark.parametrize("page", ["site-folder.md", "site-folder.zh.md"])
def test_the_site_file_of_the_page_is_accepted(page: str, tmp_path: Path) -> None:
    [text] = [block for kind, block in fences((DOCS / page).read_text(encoding="utf-8")) if kind == "toml"]
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    reader = SiteReader(tmp_path)
    top, departments, gateways, *_ = reader._toml()
    assert reader.problems == []
    assert (top["id"], list(departments), list(gateways)) == ("xietang", ["water"], ["gw-01"])


def words(language: str) -> set[str]:
    """What stands on the board in a language, in small letters."""
    found: set[str] = set()
    for file in (ROOT / "dashboard/i18n" / language).glob("*.po"):
        with file.open("rb") as stream:
            for message in read_po(stream, locale=language):
                said = message.string
                found |= {text.lower() for text in (said if isinstance(said, list | tuple) else (said,))}
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("guide", ["chief", "department", "engineer", "office", "run-hub"])
def test_guides_call_the_boards_pages_what_they_are_called(guide: str, language: str) -> None:
    page = DOCS / "guides" / f"{guide}{'.zh' if language == 'zh' else ''}.md"
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    mark = r"\*\*([^*\n`]+)\*\*" if language == "zh" else r"(?<![*`\w])\*([^*\n`]+)\*(?!\*)"
    named = [word for match in re.findall(mark, text) for word in match.split(" → ")]
    assert named
    known = words(language)
    assert [word for word in named if word.lower() not in known] == []


def test_both_readmes_have_the_same_sections() -> None:
    english, chinese = map(outline, READMES)
    assert english == chinese


@pytest.mark.parametrize("page", ["site-folder.md", "site-folder.zh.md"])
def test_site_folder_names_every_column(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, set[str]] = {}
    real = SiteReader._rows

    def rows(self: SiteReader, file: str, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> object:
        asked[file] = {*columns, *optional}
        return real(self, file, columns, optional)

    monkeypatch.setattr(SiteReader, "_rows", rows)
    reader = SiteReader(EXAMPLE_SITE)
    assert reader.read() is not None
    assert reader.problems == []
    text = (DOCS / page).read_text(encoding="utf-8")
    told = {}
    for match in re.finditer(r"^## (\w+\.csv)\n(.*?)(?=^## )", text, re.M | re.S):
        cells = [line.split("|")[1] for line in match[2].splitlines() if line.startswith("| `")]
        told[match[1]] = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert told == asked
