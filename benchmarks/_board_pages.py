"""How long each page of the board takes without a browser, in each language and for each role that may open it.

Run as a program, so that its memory and its caches are its own: prints one line of JSON, seconds by
``page/language/role``. With ``--few`` one role and one language a page.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")

#: Whose area, where a role has one: the part of the water that the example site's people have.
AREAS: dict[str, dict[str, Any]] = {
    "department": {"department": "water"},
    "grid_officer": {"grids": frozenset({"G001", "G002"})},
    "chief": {"rivers": frozenset({"R01", "R02", "R25"})},
}


def _script(path: str, lang: str, viewer: dict[str, object]) -> None:
    from dashboard.access import Viewer
    from dashboard.i18n import translator
    from dashboard.page import Context
    from dashboard.sources import Sources
    from dashboard.views import PAGES
    from dashboard.wording import Wording

    sources = Sources.from_environment()
    page = next(page for page in PAGES if page.path == path)
    page.draw(Context(sources, Viewer(**viewer), Wording.of(sources.site, translator(lang))))  # type: ignore[arg-type]


def _nothing() -> None:
    """A page without anything."""


def main() -> None:
    from streamlit.testing.v1 import AppTest

    from dashboard.views import PAGES
    from dashboard.warm import warm

    # As a board that has been started; the test's own machinery is loaded as well.
    AppTest.from_function(_nothing).run()
    warm()
    few = "--few" in sys.argv
    own = sys.modules["__main__"]
    found = {}
    for page in PAGES:
        for lang in LANGUAGES[: 1 if few else None]:
            for role in sorted(page.roles)[: 1 if few else None]:
                viewer = {"account": role if role != "public" else "", "name": role, "role": role} | AREAS.get(role, {})
                app = AppTest.from_function(_script, args=(page.path, lang, viewer), default_timeout=60)
                begun = time.perf_counter()
                app.run()
                took_s = time.perf_counter() - begun
                sys.modules["__main__"] = own
                name = f"{page.path}/{lang}/{role}"
                if app.exception:
                    raise SystemExit(f"{name}: {app.exception[0].message}")
                found[name] = round(took_s, 4)
    print(json.dumps(found))


if __name__ == "__main__":
    os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "error")
    sys.path.insert(0, str(Path.cwd()))
    main()
