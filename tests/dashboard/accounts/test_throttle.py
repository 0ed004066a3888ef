"""How often one address may try."""

from __future__ import annotations

from dashboard.accounts import throttle
from dashboard.accounts.throttle import Throttle


def test_so_many_at_once_and_then_one_by_one() -> None:
    gate = Throttle(20)
    assert [gate.passes("10.0.0.1", 0.0) for _ in range(21)] == [True] * 20 + [False]
    assert not gate.passes("10.0.0.1", 2.9)
    assert gate.passes("10.0.0.1", 3.1)
    assert not gate.passes("10.0.0.1", 3.2)
    assert gate.passes("10.0.0.2", 0.0), "others are not held up"


def test_a_line_has_one_network_of_ipv6_and_many_addresses() -> None:
    gate = Throttle(1)
    assert gate.passes("2001:db8:1:2::1", 0.0)
    assert not gate.passes("2001:db8:1:2:ffff::9", 0.0)
    assert gate.passes("2001:db8:1:3::1", 0.0)
    assert gate.passes("::ffff:10.0.0.1", 0.0)
    assert gate.passes("::ffff:10.0.0.2", 0.0)
    assert gate.passes("testclient", 0.0)


def test_memory_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(throttle, "MOST", 5)
    gate = Throttle(1)
    for number in range(50):
        gate.passes(f"10.0.0.{number}", 0.0)
    assert len(gate._held) == 5
