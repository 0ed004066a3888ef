"""Everything that an order can be has words in both languages."""

from __future__ import annotations

from dashboard.casework.lifecycle import LABELS, STATES
from dashboard.casework.notices import KINDS
from dashboard.casework.tables.accounts import ROLES
from dashboard.casework.tables.orders import ORIGINS, URGENCIES
from dashboard.viewdata import orders_words as words
from dashboard.wording import NOTHING, Wording
from sensors.site import Site
from tests.dashboard.casework.made import NOW


def test_no_key_is_without_words(zh: Wording, en: Wording) -> None:
    for w in (zh, en):
        assert set(words.urgency_words(w._)) == set(URGENCIES)
        assert set(words.origin_words(w._)) == set(ORIGINS)
        assert set(words.part_state_words(w._)) == {"assigned", "answered", "returned", "redo"}
        assert set(words.notice_words(w._)) == set(KINDS)
        for key in STATES:
            assert words.state_word(w._, key)
        for key in LABELS:
            assert words.action_word(w._, key)
        assert all(words.role_word(w._, role) != role for role in (*ROLES, "service"))


def test_names_and_instants(xietang: Site, zh: Wording, en: Wording) -> None:
    assert words.department_names(xietang, zh)["water"] == "水务"
    assert words.department_names(xietang, en)["water"] == "Water affairs"
    assert words.river_name(xietang, "R01", zh) == "斜塘河"
    assert (words.river_name(xietang, None, zh), words.river_name(xietang, "gone", zh)) == (NOTHING, "gone")
    assert (words.minute(NOW, en), words.minute(None, en)) == ("2026-05-11 10:00", NOTHING)
