"""A marked sentence stays as it is, and everything that is marked has its words."""

from __future__ import annotations

from dashboard.casework.lifecycle import LABELS, NEEDS, STATES, StepRefusedError
from dashboard.casework.marked import _
from dashboard.i18n import translator
from dashboard.rights import ROLE_WORDS


def test_a_sentence_stays_as_it_is() -> None:
    assert _("Draft") == "Draft"


def test_what_is_marked_is_translated_where_it_is_shown() -> None:
    zh = translator("zh")
    for table in (STATES, LABELS, NEEDS, ROLE_WORDS):
        for text in table.values():
            assert zh(text) != text
    refused = StepRefusedError(_("{action} needs {needs}"), action="close", needs="text, photo")
    assert (str(refused), refused.told(zh)) == ("close needs text, photo", "办结需要文字说明、照片")
    refused = StepRefusedError(_("parts have not been answered: {departments}"), departments="water, market")
    assert refused.told(zh, {"water": "水务"}) == "尚未反馈：水务、market"
