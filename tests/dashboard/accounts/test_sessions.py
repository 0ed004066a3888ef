"""Sessions: what a cookie is worth, and when it is worth nothing any more."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dashboard.accounts.sessions import Sessions, sessions_of
from dashboard.accounts.settings import AccessSettings
from sensors.errors import UsageError
from tests.dashboard.accounts.conftest import MINUTE, NOW

KEY = b"k" * 32
HOUR = 60 * MINUTE


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(KEY, AccessSettings(), tmp_path / "ended")


def test_a_cookie_names_its_account(sessions: Sessions) -> None:
    ticket = sessions.read(sessions.issue("wang", 3, NOW), NOW)
    assert ticket is not None
    assert (ticket.account, ticket.epoch, ticket.issued_ms) == ("wang", 3, NOW)


def test_every_cookie_is_another(sessions: Sessions) -> None:
    assert sessions.issue("wang", 3, NOW) != sessions.issue("wang", 3, NOW)


@pytest.mark.parametrize("spoil", [
    lambda cookie: "", lambda cookie: "v1..", lambda cookie: "v1.x", lambda cookie: cookie[:-1],
    lambda cookie: "v2" + cookie[2:],
    lambda cookie: cookie[:6] + ("A" if cookie[6] != "A" else "B") + cookie[7:], lambda cookie: cookie + "é",
    lambda cookie: cookie.rpartition(".")[0] + ".",
])  # fmt: skip
def test_a_cookie_that_was_touched_is_none(sessions: Sessions, spoil) -> None:
    assert sessions.read(spoil(sessions.issue("wang", 3, NOW)), NOW) is None


def test_another_boards_cookie_is_none(sessions: Sessions) -> None:
    other = Sessions(b"x" * 32, AccessSettings())
    assert sessions.read(other.issue("wang", 3, NOW), NOW) is None


def test_it_ends_without_use_and_in_any_case(sessions: Sessions) -> None:
    cookie = sessions.issue("wang", 3, NOW)
    assert sessions.read(cookie, NOW + 2 * HOUR) is not None
    assert sessions.read(cookie, NOW + 4 * HOUR) is not None, "used in between"
    assert sessions.read(cookie, NOW + 6 * HOUR, use=False) is not None
    assert sessions.read(cookie, NOW + 6 * HOUR + 1) is None, "a page that looks by itself is no use"
    busy = sessions.issue("wang", 3, NOW)
    for number in range(1, 13):
        assert sessions.read(busy, NOW + number * HOUR) is not None
    assert sessions.read(busy, NOW + 12 * HOUR + 1) is None
    assert sessions.read(sessions.issue("wang", 3, NOW + HOUR), NOW) is None, "from the future"


def test_a_screen_on_a_wall_goes_on_and_is_good_for_nothing_else(sessions: Sessions, tmp_path: Path) -> None:
    cookie = sessions.issue("wall", 1, NOW)
    for hour in range(1, 40):
        assert sessions.read(cookie, NOW + hour * HOUR, use=False, display=True) is not None, "shown is used"
    assert sessions.read(cookie, NOW + 39 * HOUR) is None, "everywhere else it has ended"
    assert sessions.read(cookie, NOW + 42 * HOUR, display=True) is None, "dark for longer than a session may be"
    assert sessions.problem("s", 1, NOW, NOW + 13 * HOUR, display=True) == ""
    assert sessions.problem("s", 1, NOW, NOW + 13 * HOUR) == "expired"
    other = sessions.issue("wall", 1, NOW)
    sessions.end(other, NOW + HOUR)
    late = NOW + 14 * HOUR
    sessions.end(sessions.issue("wang", 1, late), late)
    again = Sessions(KEY, AccessSettings(), tmp_path / "ended")
    assert again.read(other, late, display=True) is None, "signed out is remembered as long as a wall may go on"
    third = again.issue("wall", 1, NOW)
    assert again.read(third, NOW + 91 * 24 * HOUR, display=True) is None, "in any case it ends after a quarter"


def test_signing_out_holds_when_the_board_starts_again(sessions: Sessions, tmp_path: Path) -> None:
    cookie, other = sessions.issue("wang", 3, NOW), sessions.issue("wang", 3, NOW)
    ended = sessions.end(cookie, NOW)
    assert ended is not None
    assert ended.account == "wang"
    assert sessions.end(cookie, NOW) is None, "once"
    assert sessions.end("rubbish", NOW) is None
    assert sessions.read(cookie, NOW) is None
    again = Sessions(KEY, AccessSettings(), tmp_path / "ended")
    assert again.read(cookie, NOW) is None
    assert again.read(other, NOW) is not None, "others go on"
    assert stat.S_IMODE((tmp_path / "ended").stat().st_mode) == 0o600


def test_the_list_of_ended_sessions_forgets_what_is_over(sessions: Sessions, tmp_path: Path) -> None:
    sessions.end(sessions.issue("wang", 3, NOW), NOW)
    late = NOW + 91 * 24 * HOUR
    sessions.end(sessions.issue("wang", 3, late), late)
    assert len((tmp_path / "ended").read_text().splitlines()) == 1


def test_a_list_that_cannot_be_read_or_written_ends_sessions_all_the_same(tmp_path: Path, caplog) -> None:
    (tmp_path / "ended").write_text("nonsense\n")
    Sessions(KEY, AccessSettings(), tmp_path / "ended")
    assert "cannot be read" in caplog.text
    away = Sessions(KEY, AccessSettings(), tmp_path / "away" / "ended")
    cookie = away.issue("wang", 3, NOW)
    away.end(cookie, NOW)
    assert away.read(cookie, NOW) is None
    assert "cannot be written" in caplog.text


def test_memory_is_bounded(sessions: Sessions, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.accounts.sessions.MOST", 3)
    cookies = [sessions.issue("wang", 0, NOW) for _ in range(5)]
    assert [sessions.read(cookie, NOW) is not None for cookie in cookies] == [False, False, True, True, True]


def test_a_session_elsewhere_follows_the_epoch_at_which_it_was_seen(sessions: Sessions) -> None:
    assert sessions.is_new("a")
    assert sessions.problem("a", 1, NOW, NOW) == ""
    assert not sessions.is_new("a")
    assert sessions.problem("a", 1, NOW, NOW) == ""
    assert sessions.problem("a", 2, NOW, NOW) == "disabled"
    assert sessions.problem("b", 2, NOW, NOW) == ""
    assert sessions.problem("b", 2, NOW, NOW + 3 * HOUR) == "expired"


def test_a_session_elsewhere_that_was_ended_stays_so(sessions: Sessions, tmp_path: Path) -> None:
    assert sessions.problem("a", 1, NOW, NOW) == ""
    assert sessions.end_foreign("a", NOW)
    assert not sessions.end_foreign("a", NOW)
    assert sessions.problem("a", 1, NOW, NOW) == "expired"
    assert Sessions(KEY, AccessSettings(), tmp_path / "ended").problem("a", 1, NOW, NOW) == "expired"


def test_the_session_elsewhere_that_was_not_used_for_longest_is_lost(sessions: Sessions, monkeypatch) -> None:
    monkeypatch.setattr("dashboard.accounts.sessions.MOST", 2)
    for number, name in enumerate("abac"):
        assert sessions.problem(name, 1, NOW, NOW + number) == ""
    assert [sessions.problem(name, 1, NOW, NOW + 9, use=False) for name in "abc"] == ["", "expired", ""]
    late = NOW + 91 * 24 * HOUR
    for name in "def":
        sessions.problem(name, 1, late, late)
    assert len(sessions._lost) <= 3, "what has ended in any case is forgotten"
    assert [sessions.is_first(one) for one in "xyxzyx"] == [True, True, False, True, True, True]


def test_where_it_is_not_known_who_signed_out_everybody_has(sessions: Sessions, tmp_path: Path) -> None:
    cookie = sessions.issue("wang", 3, NOW)
    sessions.end(cookie, NOW)
    (tmp_path / "ended").write_bytes(b"\xff\xfe")
    again = Sessions(KEY, AccessSettings(), tmp_path / "ended")
    assert again.read(cookie, NOW + 1) is None
    assert again.problem("a", 1, NOW, NOW + 1) == "expired"
    later = again.issue("wang", 3, NOW + 2)
    assert again.read(later, NOW + 2) is not None
    again.end(later, NOW + 3)
    third = Sessions(KEY, AccessSettings(), tmp_path / "ended")
    assert third.read(cookie, NOW + 4) is None, "nor does it come back"
    assert third.read(third.issue("wang", 3, NOW + 4), NOW + 4) is not None


def test_keys(tmp_path: Path) -> None:
    path = tmp_path / "board.key"
    with pytest.raises(UsageError, match="cannot be read"):
        sessions_of(str(path))
    path.write_bytes(b"short")
    with pytest.raises(UsageError, match="too short: 5 bytes"):
        sessions_of(str(path))
    path.write_bytes(KEY)
    assert sessions_of(str(path)) is sessions_of(str(path))
