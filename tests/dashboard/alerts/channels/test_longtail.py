from __future__ import annotations

import pytest

from dashboard.alerts.channels import read_channel
from sensors.lists import Checker
from sensors.toml_table import Table

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("wecombot://0123456789", 'kind = "wecom"'),
        ("dingtalk://aaaaaaaaaaaa/15300000001", 'kind = "dingtalk"'),
        ("feishu://0123456789", 'kind = "feishu"'),
        ("nonsense://s3cret", "an address that apprise understands"),
    ],
)
def test_what_it_would_get_wrong_or_does_not_know_is_refused(url: str, accepted: str) -> None:
    check = Checker("c.toml")
    read_channel(Table({"kind": "apprise", "url": url}, "channel.x.", check))
    [problem] = check.problems
    assert accepted in problem.accepted
    assert "s3cret" not in str(problem)
