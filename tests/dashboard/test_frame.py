"""What the frame of the board is, whoever draws it."""

from __future__ import annotations

import pytest

from dashboard.access import PUBLIC, Viewer
from dashboard.frame import banner, open_to
from dashboard.i18n import translator
from dashboard.views import PAGES


def test_everybody_arrives_at_the_first_page_that_is_theirs() -> None:
    assert [page.path for page in open_to(PUBLIC, PAGES, books=True)] == ["public"]
    office = [page.path for page in open_to(Viewer("w", "W", "office"), PAGES, books=True)]
    assert office[0] == "today"
    assert "admin" not in office
    water = open_to(Viewer("", "", "engineer"), PAGES, books=False)
    assert water[0].path == "today"
    assert not any(page.needs_books for page in water)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("probes", ""),
        ("virtual", "Virtual rivers: simulated water, not measurements of these rivers"),
        ("replay:2024", "Replay of 2024: a record, not measurements of these rivers now"),
    ],
)
def test_what_is_no_measurement_says_so(source: str, said: str) -> None:
    assert banner(source, translator("en")) == said
