"""The pages: one file each, listed here. Never a folder called ``pages``: Streamlit would run its files unguarded."""

from __future__ import annotations

from dashboard.page import Page
from dashboard.views import (
    admin,
    books,
    evaluation,
    events,
    goals,
    inspections,
    orders,
    probes,
    public,
    reports,
    river,
    station,
    today,
    wall,
)

#: Every page, in the order of the navigation; the first that a viewer may open is where they arrive.
PAGES: tuple[Page, ...] = (
    today.PAGE,
    events.PAGE,
    orders.PAGE,
    goals.PAGE,
    river.PAGE,
    station.PAGE,
    probes.PAGE,
    evaluation.PAGE,
    books.PAGE,
    inspections.PAGE,
    reports.PAGE,
    public.PAGE,
    wall.PAGE,
    admin.PAGE,
)
