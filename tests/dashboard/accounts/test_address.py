"""Where somebody goes after signing in."""

from __future__ import annotations

import pytest

from dashboard.accounts.address import inside, wanted


@pytest.mark.parametrize("address", [
    "", "orders", "//evil.example/x", "/\\evil.example", "https://evil.example", "/ok\r\nSet-Cookie: a=b", "/a\tb",
    "javascript:alert(1)", "/signin?next=/signin", "/signout", "/password", "//[",
])  # fmt: skip
def test_afterwards_nobody_is_sent_elsewhere(address: str) -> None:
    assert inside(address) == "/"


def test_the_way_back_to_a_page() -> None:
    assert inside("/orders?order=3&lang=en") == "/orders?order=3&lang=en"
    assert wanted("/orders", "order=3&lang=en") == "/signin?next=%2Forders%3Forder%3D3%26lang%3Den&lang=en"
    assert wanted("/orders", "") == "/signin?next=%2Forders"
