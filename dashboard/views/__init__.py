"""The pages: one file each, listed here. Never a folder called ``pages``: Streamlit would run its files unguarded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from dashboard.i18n import Translator
from dashboard.sources import Sources
from dashboard.views import evaluation, today

#: What draws a page, by its path in the address; the first is the default.
View = Callable[[Sources, Translator], None]
VIEWS: Mapping[str, View] = MappingProxyType({"today": today.page, "evaluation": evaluation.page})
