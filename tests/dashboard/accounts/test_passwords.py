"""Passwords are kept as argon2id, and easy ones are not taken."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from dashboard.accounts import passwords
from dashboard.accounts.settings import AccessSettings

STRICT = AccessSettings()


def test_a_hash_fits_its_password_only() -> None:
    kept = passwords.hashed("willow-weir-heron")
    assert kept.startswith(b"$argon2id$")
    assert passwords.fits(kept, "willow-weir-heron")
    assert not passwords.fits(kept, "willow-weir-heroN")
    assert kept != passwords.hashed("willow-weir-heron"), "salted"


def test_nobody_has_a_password_that_fits() -> None:
    assert not passwords.fits(None, "anything")
    assert not passwords.fits(b"not a hash", "anything")


def test_what_the_library_proposes_is_what_is_used() -> None:
    made = PasswordHasher()
    assert (made.time_cost, made.memory_cost, made.parallelism) == (3, 65536, 4), "RFC 9106, second recommended set"


def test_a_hash_of_other_parameters_is_outdated() -> None:
    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash("x").encode()
    assert passwords.outdated(old)
    assert not passwords.outdated(passwords.hashed("x"))


def test_one_time_passwords_differ_and_would_be_taken() -> None:
    made = {passwords.one_time() for _ in range(200)}
    assert len(made) == 200
    assert all(passwords.faults(one, "wang", "王", STRICT) == [] for one in made)
    assert not set("".join(made)) & set("il1o0"), "no letter is mistaken for another"


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        ("willow-weir-heron", []),
        ("芦苇丛中有三只白鹭在等鱼", []),
        ("short1!", ["short"]),
        ("x" * 201 + "abcdefg", ["long"]),
        ("xiaowang.li", ["name"]),
        ("Xiaowang.Li2026", ["name"]),
        ("password12", ["common"]),
        ("P@ssword2026!", ["common"]),
        ("!!admin!!2026", ["common"]),
        ("1234567890", ["common"]),
        ("2468013579!", ["common"]),
        ("aaaaaaaaaaaa", ["common"]),
        ("abcdefghijklm", ["common"]),
        ("", ["short", "common"]),
    ],
)
def test_which_are_taken(password: str, faults: list[str]) -> None:
    assert passwords.faults(password, "xiaowang.li", "李小王", STRICT) == faults
