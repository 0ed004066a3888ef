"""A site folder: every mistake at once, with file, line and what is accepted."""

import shutil
from pathlib import Path

import pytest

from sensors.errors import SiteError
from sensors.network import components
from sensors.site import load_site

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "site"))


def edit(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first occurrence; returns its line."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{old!r} not in {file}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> list[tuple[str, str, str, str]]:
    with pytest.raises(SiteError) as caught:
        load_site(folder)
    return [(p.file, p.where, p.found, p.accepted) for p in caught.value.problems]


def row(folder: Path, file: str, start: str) -> str:
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith(start))


@pytest.mark.parametrize(
    ("old", "new", "column", "accepted"),
    [
        (",river,station_cabinet", ",sea,station_cabinet", "water_body", "river, lake"),
        (",station_cabinet,", ",hach_9000,", "profile", "station_cabinet"),
        ("tcp://10.66", "modbus://10.66", "endpoint", "tcp://"),
        (":502,1,", ":502,248,", "unit", "whole number from 1 to 247"),
        (":502,1,", ":502,one,", "unit", "whole number from 1 to 247"),
        (",60", ",0", "period_s", "number from 1 to 86400 s"),
        (",198,", ",99999,", "chainage_m", "0 to 400 m, the length of R01-1"),
        (",R01,R01-1,", ",R02,R01-1,", "reach", "a reach of the river R02"),
        (",R01,R01-1,", ",R01,R99-1,", "reach", "a reach of reaches.csv"),
        (",gw-04,", ",gw-99,", "gateway", "a gateway of site.toml"),
    ],
)
def test_a_mistake_in_a_station_names_line_column_and_what_is_accepted(folder, old, new, column, accepted) -> None:
    station = row(folder, "stations.csv", "S01,")
    line = edit(folder, "stations.csv", station, station.replace(old, new, 1))
    found = [p for p in problems(folder) if p[:2] == ("stations.csv", f"line {line}, column {column}")]
    assert len(found) == 1
    assert accepted in found[0][3]


def test_mistakes_of_many_files_are_reported_together(folder) -> None:
    edit(folder, "site.toml", "schema = 1", "schema = 7")
    edit(folder, "site.toml", "Asia/Shanghai", "Asia/Suzhou")
    edit(folder, "rivers.csv", ",III,", ",3,")
    edit(folder, "outfalls.csv", ",L,", ",left,")
    edit(folder, "people.csv", ",water,", ",fire_brigade,")
    edit(folder, "grids.csv", ",R10,", ",R77,")
    found = {(file, where.split(", ")[-1]) for file, where, _, _ in problems(folder)}
    assert found == {
        ("site.toml", "schema"),
        ("site.toml", "site.timezone"),
        ("rivers.csv", "column target_class"),
        ("outfalls.csv", "column bank"),
        ("people.csv", "column department"),
        ("grids.csv", "column river"),
    }


def test_a_second_use_of_an_id_or_a_unit_is_found(folder) -> None:
    first, second = row(folder, "stations.csv", "S01,"), row(folder, "stations.csv", "S02,")
    line = edit(folder, "stations.csv", second, first)
    found = problems(folder)
    assert ("stations.csv", f"line {line}, column unit") in [p[:2] for p in found]
    assert ("stations.csv", f"line {line}, column id") in [p[:2] for p in found]


def test_one_bus_belongs_to_one_gateway(folder) -> None:
    station = row(folder, "stations.csv", "S01,")
    twin = station.replace("S01", "S99").replace(":502,1,", ":502,9,").replace("gw-04", "gw-05")
    edit(folder, "stations.csv", station, f"{station}\n{twin}")
    [(file, where, found, accepted)] = problems(folder)
    assert (file, where.split(", ")[1], found) == ("stations.csv", "column gateway", "'gw-05'")
    assert accepted.startswith("gw-04")


def test_missing_files_and_columns_are_named(folder) -> None:
    (folder / "reaches.csv").unlink()
    text = (folder / "people.csv").read_text(encoding="utf-8").replace("contact_key", "phone")
    (folder / "people.csv").write_text(text, encoding="utf-8")
    found = problems(folder)
    assert ("reaches.csv", "file", "nothing") in [p[:3] for p in found]
    assert [p[2] for p in found if p[0] == "people.csv"] == ["no column contact_key", "the column phone"]


def test_what_excel_does_to_a_list_is_accepted(folder) -> None:
    text = (folder / "people.csv").read_text(encoding="utf-8")
    (folder / "people.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b",,\r\n")
    assert load_site(folder).people == load_site(EXAMPLE).people


def test_a_quoted_cell_may_hold_a_line_break_or_a_comma(folder) -> None:
    line = edit(folder, "rivers.csv", "R01,斜塘河,", 'R01,"斜塘河,\n西段",')
    assert load_site(folder).rivers["R01"].name == "斜塘河,\n西段"
    edit(folder, "rivers.csv", "R02,", "R 2,")
    assert ("rivers.csv", f"line {line + 2}, column id") in [p[:2] for p in problems(folder)]


def test_the_map_is_checked_against_the_list(folder) -> None:
    edit(folder, "reaches.csv", "R01-1,R01,N25,N30,400", "R01-1,R01,N25,N30,600")
    edit(folder, "rivers.geojson", '"R01-2"', '"R01-9"')
    wheres = [(p[0], p[1].split(", ")[-1]) for p in problems(folder)]
    assert ("reaches.csv", "column length_m") in wheres
    assert ("reaches.csv", "column id") in wheres
    assert ("rivers.geojson", "reach R01-9") in wheres


def test_reaches_apart_from_the_rest_are_found(folder) -> None:
    edit(folder, "reaches.csv", "R01-1,R01,N25,N30", "R01-1,R01,N98,N99")
    assert ("reaches.csv", "network", "R01-1 apart from the rest") in [p[:3] for p in problems(folder)]


def test_no_folder_and_no_toml(tmp_path) -> None:
    assert problems(tmp_path / "nowhere")[0][1] == "folder"
    assert ("site.toml", "file", "nothing") in [p[:3] for p in problems(tmp_path)]


def test_settings_of_the_periods(folder) -> None:
    with (folder / "site.toml").open("a", encoding="utf-8") as file:
        file.write("\n[periods]\nmin_days_month = 20\n")
    assert load_site(folder).periods.min_days_month == 20


def test_settings_of_the_assessment(folder) -> None:
    edit(folder, "site.toml", "window_hours = 24", "window_hours = 0\nmood = 3")
    assert [p[1] for p in problems(folder)] == ["assessment.mood", "assessment.window_hours"]


def test_with_endpoints_changes_only_what_it_names(xietang) -> None:
    station = next(iter(xietang.stations.values()))
    moved = xietang.with_endpoints({station.endpoint: "tcp://127.0.0.1:1"})
    changed = {s.id for s in moved.stations.values() if s.endpoint == "tcp://127.0.0.1:1"}
    assert changed == {s.id for s in xietang.stations.values() if s.endpoint == station.endpoint}
    assert len(components(moved.reaches.values())) == 1


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "found"),
    [
        ("site.toml", "[assessment]", "[[assessment]]", "assessment", "[{"),
        ("site.toml", "area_km2 = 22", "area_km2 = nan", "site.area_km2", "nan"),
        ("site.toml", "min_hours = 1", "min_hours = 48", "assessment.min_hours", "48"),
        ("rivers.geojson", '"features":', '"features": null, "old":', "file", "TypeError"),
        ("people.csv", "role,department,contact_key", "role;department;contact_key", "line 3", "not separated"),
        ("people.csv", "role,department,", "role,role,department,", "line 3", "the column role more than once"),
        ("people.csv", "街道总河长", '"街道总河长', "line ", "unexpected end of data"),
        ("stations.csv", ":502,1,", ":502,1_0,", "column unit", "1_0"),
    ],
)  # fmt: skip
def test_what_people_do_to_files_is_told_and_nothing_crashes(folder, file, old, new, where, found) -> None:
    edit(folder, file, old, new)
    told = [p for p in problems(folder) if p[0] == file]
    assert any(where in p[1] and found in p[2] for p in told), told


def test_a_list_in_another_encoding_is_told(folder) -> None:
    text = (folder / "people.csv").read_text(encoding="utf-8")
    (folder / "people.csv").write_bytes(text.encode("gbk"))
    [(file, where, _, accepted)] = problems(folder)
    assert (file, where) == ("people.csv", "file")
    assert "CSV UTF-8" in accepted


def test_one_serial_port_has_one_setting(folder) -> None:
    text = (folder / "stations.csv").read_text(encoding="utf-8")
    text = text.replace("tcp://10.66.4.11:502,1,", "rtu:///dev/ttyUSB0?baud=9600,1,", 1)
    text = text.replace("tcp://10.66.4.11:502,", "rtu:///dev/ttyUSB0?baud=19200,")
    (folder / "stations.csv").write_text(text, encoding="utf-8")
    told = problems(folder)
    assert {p[1].split(", ")[1] for p in told} == {"column endpoint"}
    assert "baud=9600" in told[0][3]


def test_an_instrument_that_waits_for_a_start_command_is_taken(folder) -> None:
    edit(folder, "stations.csv", ",station_cabinet,", ",yosemitech_y511,")
    assert "yosemitech_y511" in {station.profile for station in load_site(folder).stations.values()}


def test_two_gateways_may_have_serial_ports_and_dial_in_ports_of_the_same_name(folder) -> None:
    text = (folder / "stations.csv").read_text(encoding="utf-8")
    for here, there in (
        ("tcp://10.66.4.11:502", "rtu+listen://0.0.0.0:4001"), ("tcp://10.66.5.11:502", "rtu+listen://0.0.0.0:4001"),
    ):  # fmt: skip
        assert here in text
        text = text.replace(here, there)
    (folder / "stations.csv").write_text(text, encoding="utf-8")
    assert load_site(folder).stations


def test_a_dtu_without_registration_has_its_port_alone(folder) -> None:
    text = (folder / "stations.csv").read_text(encoding="utf-8")
    text = text.replace("tcp://10.66.4.11:502", "rtu+listen://0.0.0.0:4001")
    text = text.replace("tcp://10.66.4.12:502", "rtu+listen://0.0.0.0:4001?dtu=A")
    (folder / "stations.csv").write_text(text, encoding="utf-8")
    told = problems(folder)
    assert {where.split(", ")[1] for _, where, _, _ in told} == {"column endpoint"}
    assert all("?dtu=REGISTRATION" in accepted for *_, accepted in told)
    (folder / "stations.csv").write_text(text.replace(":4001,", ":4001?dtu=B,"), encoding="utf-8")
    assert load_site(folder).stations


def test_a_site_without_rivers_is_none(folder) -> None:
    lines = (folder / "rivers.csv").read_text(encoding="utf-8").splitlines()
    (folder / "rivers.csv").write_text("\n".join(lines[:3]) + "\n", encoding="utf-8")
    assert ("rivers.csv", "file", "no river", "at least one") in problems(folder)
