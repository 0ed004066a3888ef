from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deploy.broker.certs import Authority, hub_name
from deploy.hub.role import Role, check_certificate, role_of
from sensors.errors import UsageError


@pytest.fixture
def sharded(xietang):
    """The example site with its gateways on shards 0 and 1."""
    return replace(
        xietang,
        gateways={
            name: replace(gateway, shard=number % 2) for number, (name, gateway) in enumerate(xietang.gateways.items())
        },
    )


def test_roles_and_their_names(sharded) -> None:
    everything = role_of(sharded, ())
    assert (everything.label, everything.client_id("x"), everything.judge) == ("all", "x-hub", True)
    both = role_of(sharded, (1, 0, 1), judge=False)
    assert (both.shards, both.client_id("x"), both.judge) == ((0, 1), "x-hub-0.1", False)
    only = role_of(sharded, (), judge_only=True)
    assert (only.label, only.ingest, only.judge) == ("judge", False, True)


@pytest.mark.parametrize(
    ("shards", "more"), [((2,), {}), ((0,), {"judge_only": True}), ((), {"judge": False, "judge_only": True})]
)
def test_what_makes_no_role(sharded, shards, more) -> None:
    with pytest.raises(UsageError):
        role_of(sharded, shards, **more)


def test_a_certificate_goes_with_one_role(tmp_path) -> None:
    authority = Authority.create(tmp_path / "ca", datetime.now(UTC))
    pairs = {shard: authority.issue(hub_name(shard), datetime.now(UTC)).certificate for shard in (None, 0, 1)}
    check_certificate(Role(), pairs[None])
    check_certificate(Role((1,)), pairs[1])
    for role, shard in ((Role(), 0), (Role((0,)), None), (Role((0,)), 1)):
        with pytest.raises(UsageError, match="riverchief certs issue --hub"):
            check_certificate(role, pairs[shard])
    with pytest.raises(UsageError, match="start a hub for each"):
        check_certificate(Role((0, 1)), pairs[0])
    with pytest.raises(UsageError, match="cannot use"):
        check_certificate(Role(), tmp_path / "none")
