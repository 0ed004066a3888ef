"""What the first page would wait for is loaded before it; what is not there is no hindrance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.casework.database import open_books
from tests.dashboard import made

ROOT = Path(__file__).resolve().parents[2]

#: In a process of its own: what is loaded in a process stays in it.
SCRIPT = """
import sys
from dashboard.warm import warm
warm()
from dashboard import parts, sources
from dashboard.i18n import LANGUAGES
import gc
print(*sorted(name for name in ("altair", "streamlit.emojis") if name in sys.modules))
print(parts.source.cache_info().currsize == len(parts.PARTS), gc.get_freeze_count() > 100_000)
read = []
sources.load_site = lambda folder: read.append(folder)
found = sources.Sources.from_environment()
print(len(found.site.rivers), found.books is found.books, read)
"""


def warmed(environment: dict[str, str], script: str = SCRIPT) -> subprocess.CompletedProcess[str]:
    """A process that has warmed up, and what it says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RIVERCHIEF_")}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=own | environment, capture_output=True, text=True, check=False,
        timeout=100,
    )  # fmt: skip


def test_all_of_it_is_loaded(tmp_path: Path, filled_url: str) -> None:
    books = f"sqlite:///{tmp_path / 'books.sqlite'}"
    open_books(books).close()
    done = warmed({"RIVERCHIEF_SITE": str(made.SITE_FOLDER), "RIVERCHIEF_STORE": filled_url, "RIVERCHIEF_BOOKS": books})
    assert done.stdout.splitlines() == ["altair streamlit.emojis", "True True", "28 True []"], done.stderr


@pytest.mark.parametrize("given", ["nothing", "no site", "no books"])
def test_what_is_missing_is_no_hindrance(tmp_path: Path, given: str) -> None:
    (tmp_path / "books.sqlite").write_text("these are no books")
    site = made.SITE_FOLDER if given == "no books" else tmp_path / "nowhere"
    environment = {
        "RIVERCHIEF_SITE": str(site),
        "RIVERCHIEF_STORE": f"sqlite:///{tmp_path / 'nowhere.sqlite'}",
        "RIVERCHIEF_BOOKS": f"sqlite:///{tmp_path / 'books.sqlite'}",
    }
    done = warmed(
        {} if given == "nothing" else environment, "from dashboard.warm import warm; warm(); print('went on')"
    )
    assert (done.returncode, done.stdout) == (0, "went on\n"), done.stderr
