"""HJ 212 in a site folder: what is taken, and what is said about everything else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sensors.errors import SiteError
from sensors.platform import Platform
from sensors.site import load_site

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"

PLATFORM = """
[[platform]]
id = "bureau"
host = "10.20.0.5"
port = 9003
[platform.stations]
S01 = "320506000000000000000001"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "site"))


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def add(folder: Path, text: str) -> None:
    with (folder / "site.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def problems(folder: Path) -> list[str]:
    with pytest.raises(SiteError) as caught:
        load_site(folder)
    return [str(problem) for problem in caught.value.problems]


def report(folder: Path, station: str = "S01", mn: str = "A1", port: str = "hj212_port = 9212") -> None:
    """Have a station report by itself."""
    lines = (folder / "stations.csv").read_text(encoding="utf-8").splitlines()
    header = next(line for line in lines if line.startswith("id,")).split(",")
    for index, line in enumerate(lines):
        if line.startswith(f"{station},"):
            cells = dict(zip(header, line.split(","), strict=True))
            cells |= {"endpoint": f"hj212:{mn}", "profile": "hj212"}
            lines[index] = ",".join(cells.values())
            gateway = cells["gateway"]
    (folder / "stations.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if port:
        edit(folder, "site.toml", f'id = "{gateway}"\n', f'id = "{gateway}"\n{port}\n')


def test_a_platform(folder: Path) -> None:
    add(folder, PLATFORM)
    assert load_site(folder).platforms == (Platform("bureau", "10.20.0.5", 9003, {"S01": "320506000000000000000001"}),)
    add(
        folder,
        PLATFORM.replace("bureau", "city").replace(
            "port = 9003",
            """port = 9004
data = ["hour", "day"]
minute_min = 5
password_file = "/etc/riverchief/city"
""",
        ),
    )
    assert load_site(folder).platforms[1] == Platform(
        "city", "10.20.0.5", 9004, {"S01": "320506000000000000000001"}, ("hour", "day"), 5, "/etc/riverchief/city"
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ('id = "bureau"', 'id = "b/u"', "platform[0].id: found 'b/u'"),
        ('id = "bureau"', "", "platform[0].id: found nothing"),
        ('host = "10.20.0.5"', 'host = "tcp://x"', "platform[0].host"),
        ("port = 9003", "port = 0", "platform[0].port: found 0; accepted: a port from 1 to 65535"),
        ("port = 9003", "port = true", "platform[0].port"),
        ("port = 9003", 'port = 1\ndata = ["week"]', "platform[0].data: found ['week']; accepted: some of realtime"),
        ("port = 9003", "port = 1\ndata = []", "platform[0].data"),
        ("port = 9003", "port = 1\nminute_min = 7", "platform[0].minute_min: found 7; accepted: one of 1, 2, 3"),
        ("port = 9003", 'port = 1\npassword_file = "here"', "platform[0].password_file"),
        ("port = 9003", "port = 1\nport_2 = 1", "platform[0].port_2"),
        ("S01 =", "S99 =", "platform[0].stations.S99: found 'S99'; accepted: a station of stations.csv"),
        ('S01 = "320506000000000000000001"', 'S01 = "x y"', "platform[0].stations.S01: found 'x y'"),
        ('S01 = "3205', 'S02 = "320506000000000000000001"\nS01 = "3205', "an MN of its own (S02 has this one)"),
        ('S01 = "320506000000000000000001"', "", "platform[0].stations: found {}"),
    ],
)
def test_mistakes_in_a_platform(folder: Path, old: str, new: str, text: str) -> None:
    assert old in PLATFORM
    add(folder, PLATFORM.replace(old, new))
    [found] = problems(folder)
    assert found.startswith("site.toml: ")
    assert text in found


def test_two_platforms_of_one_name_and_one_that_is_none(folder: Path) -> None:
    add(folder, PLATFORM * 2)
    assert problems(folder) == ["site.toml: platform[1].id: found 'bureau'; accepted: an id not used yet"]


def test_a_platform_that_is_no_table(folder: Path) -> None:
    text = (folder / "site.toml").read_text(encoding="utf-8")
    (folder / "site.toml").write_text('platform = "x"\n' + text, encoding="utf-8")
    [found] = problems(folder)
    assert "platform: found 'x'; accepted: tables [[platform]] with data, host, id" in found


def test_a_station_that_reports_by_itself(folder: Path) -> None:
    report(folder, port='hj212_port = 9212\nhj212_password_file = "/etc/riverchief/stations"')
    site = load_site(folder)
    station = site.stations["S01"]
    gateway = site.gateways[station.gateway]
    assert (station.endpoint, station.profile) == ("hj212:A1", "hj212")
    assert (gateway.hj212_port, gateway.hj212_password_file) == (9212, "/etc/riverchief/stations")


def test_a_gateway_that_does_not_listen(folder: Path) -> None:
    report(folder, port="")
    [found] = problems(folder)
    assert "column gateway: found 'gw-04'; accepted: a gateway with hj212_port in site.toml" in found


@pytest.mark.parametrize("port", ["hj212_port = 70000", 'hj212_port = "x"', "hj212_port = true"])
def test_a_port_that_is_none(folder: Path, port: str) -> None:
    report(folder, port=port)
    assert any("gateway[3].hj212_port" in found for found in problems(folder))


def test_an_mn_of_its_own(folder: Path) -> None:
    report(folder, "S01")
    report(folder, "S08", port="")
    [found] = problems(folder)
    assert "column endpoint: found 'hj212:A1'; accepted: an MN not used yet at gw-04 (line " in found


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("hj212:A1", "hj212:A 1", "accepted: hj212: and an MN"),
        (",hj212,", ",station_cabinet,", "column profile: found 'station_cabinet'; accepted: hj212"),
        ("hj212:A1", "tcp://10.0.0.1", "column endpoint: found 'tcp://10.0.0.1'; accepted: hj212:MN"),
    ],
)
def test_mistakes_in_a_station_that_reports(folder: Path, old: str, new: str, text: str) -> None:
    report(folder)
    edit(folder, "stations.csv", old, new)
    [found] = problems(folder)
    assert text in found
