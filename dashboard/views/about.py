"""What stands behind the figures: standard, clause, basis, and the marks beside a class. Shown on every page."""

from __future__ import annotations

import streamlit as st

from analytics.descriptors import DESCRIPTORS
from analytics.standards import GB3838_2002
from dashboard.classes import SHADES
from dashboard.course import LOOK_BACK_DAYS
from dashboard.i18n import Translator
from dashboard.wording import Wording
from sensors.site import Site


def expander(site: Site, translate: Translator) -> None:
    """Draw the folded explanation."""
    _ = translate
    with st.expander(_("How the class is found")):
        for paragraph in paragraphs(site, _):
            st.markdown(paragraph)


def paragraphs(site: Site, translate: Translator) -> tuple[str, ...]:
    """Standard, basis, marks and ages, as Markdown of our own."""
    _ = translate
    w = Wording.of(site, _)
    shades = [f"{w.descriptor(DESCRIPTORS[key])} = {w.short_class(name)}" for key, name in SHADES.items()]
    settings = site.assessment
    cited = {"Table 1": _("Table 1"), "clause 5.1": _("clause 5.1")}
    table, clause = (GB3838_2002.clauses[what] for what in ("class limits", "single-factor assessment"))
    return (
        _(
            "**Standard.** {standard}, {title}: limits of {table}, single-factor method of {clause}; the worst "
            "determinand decides. Values are graded unrounded and limits are inclusive; what is shown is rounded.",
            standard=GB3838_2002.number,
            title=GB3838_2002.title if _.code == "zh" else GB3838_2002.title_en,
            table=cited.get(table, table),
            clause=cited.get(clause, clause),
        ),
        _(
            "**Basis.** Mean of the valid hours of the last {hours} h, from {least} valid hour on. Fewer than 5 "
            "sections: mean of each determinand over the sections; 5 or more: ratio of their classes (MEP notice "
            "No. 22 of 2011).",
            hours=settings.window_hours,
            least=settings.min_hours,
        ),
        _(
            "**Rivers of 5 sections or more** have a quality word and no class. They are coloured, counted and ordered "
            "by the class that belongs to it: {shades}. They reach their target where every section does.",
            shades=w.join(shades),
        ),
        _(
            "**Partial**: pH, dissolved oxygen, permanganate index or ammonia nitrogen is not measured there, so the "
            "true class may be worse. **Provisional**: suspect readings took part, and nobody has looked at them yet."
        ),
        _(
            "**Exceedance** is against the limit of class III: (C − S) / S; none for pH and oxygen. **Old**: no usable "
            "reading for more than {minutes} min; the class then belongs to the hours before.",
            minutes=round(settings.stale_after_s / 60),
        ),
        _(
            "**This bad or worse**: how long the river has had its present class or a worse one without a break. One "
            "that has become better since yesterday has been at least this bad since before that. **At least**: it "
            "was so already at the first hour looked at, {days} days back at the most.",
            days=LOOK_BACK_DAYS,
        ),
    )
