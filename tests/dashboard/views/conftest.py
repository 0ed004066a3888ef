"""Opening one page of the board without a browser, as somebody, in a language."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

#: Makes a test of a page: its path, then ``lang``, ``viewer`` (a `dashboard.access.Viewer` as keywords of a dict; an
#: engineer where absent) and whatever stands in the address. Nothing runs before ``.run()``.
PageTest = Callable[..., AppTest]


def _script(path: str, lang: str, viewer: dict[str, object]) -> None:
    from dashboard.access import Viewer
    from dashboard.i18n import translator
    from dashboard.page import Context
    from dashboard.sources import Sources
    from dashboard.views import PAGES
    from dashboard.wording import Wording

    sources = Sources.from_environment()
    page = next(page for page in PAGES if page.path == path)
    somebody = Viewer(**viewer)  # type: ignore[arg-type]
    assert somebody.role in page.roles, "the frame would not offer this page"
    page.draw(Context(sources, somebody, Wording.of(sources.site, translator(lang))))


@pytest.fixture
def page_test(monkeypatch: pytest.MonkeyPatch) -> PageTest:
    """See `PageTest`; the environment of `dashboard.sources` is the test's business."""
    # A page under test becomes ``__main__``, and every process that is spawned later would begin by running it.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])

    def made(path: str, lang: str = "en", viewer: dict[str, object] | None = None, **address: str) -> AppTest:
        somebody = viewer or {"account": "e1", "name": "Engineer", "role": "engineer"}
        app = AppTest.from_function(_script, args=(path, lang, somebody), default_timeout=30)
        for name, value in address.items():
            app.query_params[name] = value
        return app

    return made
