from __future__ import annotations

from datetime import time

import pytest

from dashboard.alerts.settings import ROUTES, AlertSettings, Route, load_alerts, read_alerts
from sensors.errors import ConfigError
from sensors.site import Site

GOOD = """
language = "en"
board = "https://board.example/"
office = ["duty-river-office"]
[raise]
silent_min = 45
class_hours = 3
from_class = "V"
[tell]
quiet_from = 23:00:00
quiet_to = "06:30"
quiet_passes = "serious"
cleared = false
[outbox]
attempts = 5
[events]
discharge = "critical"
[channels]
sms = "critical"
[duty]
water = [["duty-water"], ["duty-river-office"]]
[[route]]
kinds = ["event.discharge", "water_class"]
to = ["department", "department:ecology", "account:li"]
classes = ["V", "INFERIOR_V"]
rivers = ["R01"]
severity = "serious"
[[route]]
kinds = ["silent", "event.fault"]
to = ["maintainer", "office"]
"""


def test_everything_can_be_set(xietang: Site) -> None:
    found = read_alerts(GOOD.encode(), xietang)
    assert (found.language, found.board, found.office) == ("en", "https://board.example", ("duty-river-office",))
    assert (found.raising.silent_min, found.raising.class_hours, found.raising.from_class) == (45, 3, "V")
    assert (found.tell.quiet_from, found.tell.quiet_to, found.tell.cleared) == (time(23), time(6, 30), False)
    assert found.outbox.attempts == 5
    assert found.events == {"discharge": "critical"}
    assert found.duty == {"water": (("duty-water",), ("duty-river-office",))}
    assert found.routes[0] == Route(
        ("event.discharge", "water_class"), ("department", "department:ecology", "account:li"), ("V", "INFERIOR_V"),
        ("R01",), "serious",
    )  # fmt: skip


def test_a_site_without_the_file_has_the_defaults(xietang: Site) -> None:
    assert read_alerts(b"", xietang) == AlertSettings()
    assert AlertSettings().routes == ROUTES
    assert load_alerts(xietang).maintainer in xietang.departments


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("sillent = 1", "sillent"),
        ("[raise]\nsilent_min = 0", "raise.silent_min"),
        ("[raise]\nclass_hours = 1.5", "raise.class_hours"),
        ('[raise]\nfrom_class = "I"', "raise.from_class"),
        ("[raise]\nsilent = 1", "raise.silent"),
        ('[tell]\nquiet_from = "25:00"', "tell.quiet_from"),
        ('[tell]\nquiet_passes = "loud"', "tell.quiet_passes"),
        ('[events]\ndischarge = "bad"', "events.discharge"),
        ('[channels]\nsms = "bad"', "channels.sms"),
        ('[duty]\nnobody = [["x"]]', "duty.nobody"),
        ('[duty]\nwater = ["x"]', "duty.water"),
        ('maintainer = "nobody"', "maintainer"),
        ('board = "board.example"', "board"),
        ('[[route]]\nkinds = ["water"]\nto = ["office"]', "route[0] (['office']).kinds"),
        ('[[route]]\nkinds = ["order"]\nto = ["police"]', "route[0] (['police']).to"),
        ('[[route]]\nkinds = ["order"]\nto = ["department:police"]', "route[0] (['department:police']).to"),
        ('[[route]]\nkinds = ["order"]\nto = ["office"]\nrivers = ["R99"]', "route[0] (['office']).rivers"),
        ('[[route]]\nkinds = ["order"]\nto = ["office"]\nclasses = ["VI"]', "route[0] (['office']).classes"),
        ("x = ", "file"),
    ],
)
def test_every_mistake_has_its_place(xietang: Site, text: str, where: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_alerts(text.encode(), xietang)
    assert where in [problem.where for problem in caught.value.problems]


@pytest.mark.parametrize("kind", ["silent", "fault", "calibration", "event.fault", "spool", "clock", "disk", "hub"])
@pytest.mark.parametrize("to", ["department", "grid", "chief"])
def test_faults_cannot_be_sent_to_whoever_answers_for_the_water(xietang: Site, kind: str, to: str) -> None:
    text = f'[[route]]\nkinds = ["{kind}"]\nto = ["{to}"]'
    with pytest.raises(ConfigError, match="not the polluter's"):
        read_alerts(text.encode(), xietang)
