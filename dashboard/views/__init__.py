"""The pages: one file each, listed here. Never a folder called ``pages``: Streamlit would run its files unguarded."""

from __future__ import annotations

from dashboard.page import Page
from dashboard.views import evaluation, today

#: Every page, in the order of the navigation; the first that a viewer may open is where they arrive.
PAGES: tuple[Page, ...] = (
    today.PAGE,
    evaluation.PAGE,
)
