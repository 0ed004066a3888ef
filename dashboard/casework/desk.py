"""What the office works with: the site, its settings, its calendar, and the language of what programs write for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

from dashboard.casework.calendar import WorkCalendar
from dashboard.casework.settings import OfficeSettings, load_settings
from dashboard.i18n import DEFAULT_LANGUAGE, Translator, translator
from sensors.site import Site


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything but the books that casework needs; the same for as long as the site's folder is.

    Attributes
    ----------
    site : Site
    settings : OfficeSettings
    calendar : WorkCalendar
    words : Translator
        For titles and steps that a program writes. People's own text is never translated.
    """

    site: Site
    settings: OfficeSettings
    calendar: WorkCalendar
    words: Translator

    @classmethod
    def of(cls, site: Site, settings: OfficeSettings | None = None, language: str = DEFAULT_LANGUAGE) -> Self:
        """Desk of a site; without settings, those of its folder.

        Raises
        ------
        ConfigError
            With every mistake in ``casework.toml``.
        """
        settings = settings or load_settings(site)
        calendar = WorkCalendar(ZoneInfo(site.timezone), settings.calendar)
        return cls(site, settings, calendar, translator(language))

    def department(self, name: str) -> str:
        """What a department is called, in the desk's language; an id that the site does not know stays as it is."""
        known = self.site.departments.get(name)
        if known is None:
            return name
        return known.name if self.words.code == "zh" else known.name_en or known.name

    def proposed_due(self, urgency: str, now_ms: int) -> int:
        """Deadline that the settings propose for an urgency [ms since the epoch, UTC]."""
        return self.calendar.add_days(now_ms, getattr(self.settings.deadlines, f"{urgency}_days"))
