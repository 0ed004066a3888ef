"""Small tables in our own part."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from dashboard.views.listed import cell
from dashboard.wording import NOTHING
from tests.dashboard.views.drawn import columns


def test_values_as_people_read_them() -> None:
    assert [cell(one) for one in (None, "", 3, 2.50, True, {"a": "甲"})] == [
        NOTHING, NOTHING, "3", "2.5", "True", '{"a": "甲"}',
    ]  # fmt: skip


def test_rows_are_drawn_with_their_columns_and_numbers() -> None:
    def page() -> None:
        from pathlib import Path

        from dashboard.i18n import translator
        from dashboard.views.listed import listed
        from dashboard.wording import Wording
        from sensors.site import load_site
        from tests.dashboard import made

        words = Wording.of(load_site(Path(made.SITE_FOLDER)), translator("zh"))
        listed([{"Who": "<b>李</b>", "Tries": 3}, {"Who": None, "Tries": 4}], words, "who", "People")

    import sys

    main = sys.modules["__main__"]
    try:
        app = AppTest.from_function(page, default_timeout=60).run()
    finally:
        sys.modules["__main__"] = main
    assert not app.exception
    assert columns(app) == {"Who": ["<b>李</b>", NOTHING], "Tries": ["3", "4"]}
