"""People at the board, and the clock by which they sign in."""

from __future__ import annotations

import pytest

from dashboard.accounts import passwords, people
from dashboard.accounts.people import Details
from dashboard.casework.database import Books
from sensors.site import Site

#: A Monday morning.
NOW = 1_778_464_800_000
MINUTE = 60_000
GOOD = "willow-weir-heron"


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> None:
    """Hashes that are cheap: what they are made of is not what these tests are about."""
    from argon2 import PasswordHasher

    passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    passwords._nobodys.cache_clear()


@pytest.fixture
def boss(books: Books, xietang: Site) -> str:
    """One-time password of the only admin, ``boss``."""
    return people.add(books, xietang, "test", NOW, "boss", Details("王主任", "admin"))
