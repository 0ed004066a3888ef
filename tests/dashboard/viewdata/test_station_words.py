"""Everything that quality control and stations say has a word."""

from __future__ import annotations

from analytics.qc.checks import MEANING, Test
from analytics.qc.episodes import RULES
from dashboard.viewdata import station_words as words
from dashboard.wording import Wording
from sensors.reading import Quality, StationState


def test_everything_that_quality_control_says_has_a_word(zh: Wording, en: Wording) -> None:
    for test in Test:
        assert words.name_of_test(test.key, zh) != test.key
        for text in (MEANING[test].statistic, MEANING[test].limit):
            assert words.means(text, zh) != text
            assert words.means(text, en) == text
    assert all(words.fault_name(rule.kind, zh) != rule.kind for rule in RULES)
    assert all(words.quality_name(int(one), zh) != str(int(one)) for one in Quality)
    assert all(words.state_name(str(one), zh) != str(one) for one in StationState)
    assert words.name_of_test("new", zh) == "new"
