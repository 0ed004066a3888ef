"""Twenty writers at once: no number twice, none missing, also where some give up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.casework.audit import verify
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.notices import issue
from dashboard.casework.sequences import next_number
from tests.dashboard.casework.made import NOW, OFFICE, assigned, at

WRITERS = 20


class GivesUpError(Exception):
    """Power cut after the number was taken."""


def test_a_number_that_was_not_used_is_given_again(books: Books) -> None:
    def take(fail: bool) -> int:
        with books.change("li", NOW) as session:
            number = next_number(session, "a-2026")
            if fail:
                raise GivesUpError
            return number

    assert take(fail=False) == 1
    with pytest.raises(GivesUpError):
        take(fail=True)
    assert take(fail=False) == 2
    with books.change("li", NOW) as session:
        assert [next_number(session, "a-2026"), next_number(session, "a-2026"), next_number(session, "b")] == [3, 4, 1]


def test_notices_of_twenty_writers_have_no_gap(books: Books, desk: Desk) -> None:
    number = assigned(books, desk, "water")

    def write(writer: int) -> list[str]:
        made = []
        for turn in range(2):
            try:
                with books.change(f"w{writer}", NOW) as session:
                    kind = ("supervision", "rectification")[turn]
                    notice = issue(session, desk, number, kind, OFFICE, NOW, "water")
                    if writer % 5 == turn:
                        raise GivesUpError
                made.append(notice.number)
            except GivesUpError:
                pass
        return made

    with ThreadPoolExecutor(WRITERS) as pool:
        made = [name for names in pool.map(write, range(WRITERS)) for name in names]
    assert sorted(made) == sorted(
        f"斜塘街道{kind}〔2026〕{sequence}号" for kind in ("督办", "整改") for sequence in range(1, 17)
    )
    with books.change("li", NOW) as session:
        # A year begins at 1.
        assert issue(session, desk, number, "supervision", OFFICE, at("2027-01-01 00:30"), "water").sequence == 1
        assert verify(session).problems == ()
