from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from deploy.grade import grade_file
from sensors.errors import ConfigError, UsageError

T0 = "2026-04-01T04:00:00Z"
GOOD = {"ph": "7", "dissolved_oxygen": "8", "permanganate_index": "1", "ammonia_nitrogen": "0.1"}


def rows(station: str = "s", time: str = T0, **values: str) -> list[str]:
    return [f"{time},{station},{key},{value}" for key, value in (GOOD | values).items()]


def readings(folder: Path, *lines: str) -> Path:
    path = folder / "readings.csv"
    path.write_text("\n".join(["time,station,determinand,value", *lines]) + "\n", encoding="utf-8")
    return path


def stations(folder: Path, **bodies: str) -> Path:
    path = folder / "stations.csv"
    path.write_text("station,water_body\n" + "".join(f"{name},{body}\n" for name, body in bodies.items()))
    return path


def graded(folder: Path, *lines: str) -> list[dict[str, object]]:
    out = folder / "out.parquet"
    grade_file(readings(folder, *lines), None, out)
    return pl.read_parquet(out).drop("time").to_dicts()


def test_one_row_for_each_station_and_instant(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    later = "2026-04-01T16:00:00+08:00"
    lines = [*rows("b", permanganate_index="5", total_phosphorus="0.2"), *rows("a"), f"{later},a,ph,9.5"]
    summary = grade_file(readings(tmp_path, *lines), None, out)
    assert out.read_text().splitlines() == [
        "time,station,water_class,partial,deciding",
        f"{T0},a,I,false,ph;dissolved_oxygen;permanganate_index;ammonia_nitrogen",
        f"{T0},b,III,false,permanganate_index;total_phosphorus",
        "2026-04-01T08:00:00Z,a,INFERIOR_V,true,ph",
    ]
    assert (summary.records, summary.stations, summary.partial, summary.unclassed) == (3, 2, 1, 0)
    assert summary.classes == {"I": 1, "II": 0, "III": 1, "IV": 0, "V": 0, "INFERIOR_V": 1}
    assert summary.last == datetime(2026, 4, 1, 8, tzinfo=UTC)


def test_parquet_out_has_types(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    grade_file(readings(tmp_path, *rows()), None, out)
    assert pl.read_parquet_schema(out) == {
        "time": pl.Datetime("us", "UTC"), "station": pl.String, "water_class": pl.String, "partial": pl.Boolean,
        "deciding": pl.String,
    }  # fmt: skip


def test_the_later_row_wins(tmp_path: Path) -> None:
    lines = [*rows(), f"{T0},s,ammonia_nitrogen,0.8", "2026-04-01T12:00:00+08:00,s,nh3n,1.2"]
    assert graded(tmp_path, *lines)[0]["water_class"] == "IV"


def test_a_later_row_may_take_a_value_back(tmp_path: Path) -> None:
    (record,) = graded(tmp_path, *rows(permanganate_index="9"), f"{T0},s,permanganate_index,")
    assert (record["water_class"], record["partial"]) == ("I", True)


@pytest.mark.parametrize(
    ("key", "value"), [("permanganate_index", "-9999"), ("ph", "14.5"), ("dissolved_oxygen", "99")]
)
def test_implausible_values_count_as_missing(tmp_path: Path, key: str, value: str) -> None:
    (record,) = graded(tmp_path, *rows(**{key: value}))
    assert (record["water_class"], record["partial"]) == ("I", True)


def test_the_edge_of_the_plausible_range_is_plausible(tmp_path: Path) -> None:
    assert graded(tmp_path, *rows(permanganate_index="0"))[0]["partial"] is False
    assert graded(tmp_path, *rows(permanganate_index="100"))[0]["water_class"] == "INFERIOR_V"


@pytest.mark.parametrize(
    ("key", "text"),
    [("ammonia_nitrogen", "<2.01"), ("ph", "<7"), ("dissolved_oxygen", "<8"), ("total_phosphorus", "0.41L")],
)
def test_a_detection_limit_that_meets_no_class_counts_as_missing(tmp_path: Path, key: str, text: str) -> None:
    out = tmp_path / "out.csv"
    summary = grade_file(readings(tmp_path, *rows(**{key: text}), *rows("t", copper="<0.5")), None, out)
    first, second = (line.split(",") for line in out.read_text().splitlines()[1:])
    assert (first[2], first[3]) == ("I", "false" if key == "total_phosphorus" else "true")
    assert second[2] == "II"
    assert (summary.below, summary.unjudged) == (1, 1)
    assert "1 values below detection cannot be judged: their detection limit meets no class" in str(summary)


def test_whether_a_detection_limit_meets_a_class_depends_on_the_water(tmp_path: Path) -> None:
    table = readings(tmp_path, *rows("r", total_phosphorus="<0.3"), *rows("l", total_phosphorus="<0.3"))
    summary = grade_file(table, stations(tmp_path, r="river", l="lake"), tmp_path / "out.csv")
    lake, river = (line.split(",")[2] for line in (tmp_path / "out.csv").read_text().splitlines()[1:])
    assert (lake, river, summary.unjudged) == ("I", "IV", 1)


@pytest.mark.parametrize(("text", "water_class"), [("0.15L", "I"), ("<0.5", "II"), ("ND(0.51)", "III")])
def test_below_detection_is_graded_by_the_detection_limit(tmp_path: Path, text: str, water_class: str) -> None:
    assert graded(tmp_path, *rows(ammonia_nitrogen=text))[0]["water_class"] == water_class


def test_what_does_not_grade_leaves_an_empty_class(tmp_path: Path) -> None:
    assert graded(tmp_path, f"{T0},s,temp,20") == [
        {"station": "s", "water_class": None, "partial": True, "deciding": None}
    ]


def test_the_list_of_stations_says_which_phosphorus_limits_apply(tmp_path: Path) -> None:
    path = readings(tmp_path, *rows("a", total_phosphorus="0.1"), *rows("b", total_phosphorus="0.1"))
    out = tmp_path / "out.parquet"
    grade_file(path, stations(tmp_path, a="river", b="lake", c="lake"), out)
    assert pl.read_parquet(out)["water_class"].to_list() == ["II", "IV"]


@pytest.mark.parametrize(("body", "water_class"), [("river", "II"), ("lake", "IV")])
def test_without_a_list_one_kind_of_water_is_assumed_and_told(tmp_path: Path, body: str, water_class: str) -> None:
    path, out = readings(tmp_path, *rows(total_phosphorus="0.1")), tmp_path / "out.parquet"
    summary = grade_file(path, None, out, water_body=body)  # type: ignore[arg-type]
    assert pl.read_parquet(out)["water_class"].to_list() == [water_class]
    assert f"every station graded as a {body}" in str(summary)


def test_a_station_that_the_list_lacks_is_refused(tmp_path: Path) -> None:
    path = readings(tmp_path, *rows("a"), *rows("x"), *rows("y"))
    out = tmp_path / "out.csv"
    with pytest.raises(ConfigError) as error:
        grade_file(path, stations(tmp_path, a="river", b="lake"), out)
    assert [str(problem) for problem in error.value.problems] == [
        "readings.csv: line 6: found station x; accepted: a station that stations.csv lists, e.g. a, b",
        "readings.csv: line 10: found station y; accepted: a station that stations.csv lists, e.g. a, b",
    ]
    assert not out.exists()


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    path = readings(tmp_path, *rows())
    with pytest.raises(UsageError, match="would overwrite the input"):
        grade_file(path, None, tmp_path / "." / "readings.csv")
    assert path.read_text().startswith("time,station")


def test_a_wrong_suffix_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"out\.xlsx: the name must end in"):
        grade_file(tmp_path / "absent.csv", None, tmp_path / "out.xlsx")


def test_a_table_without_rows_gives_a_table_without_rows(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    summary = grade_file(readings(tmp_path), None, out)
    assert out.read_text() == "time,station,water_class,partial,deciding\n"
    assert str(summary).startswith("0 records of 0 stations\n")


def test_until_may_2020_a_class_without_phosphorus_is_partial(tmp_path: Path) -> None:
    before, after = "2020-05-14T23:59:59+08:00", "2020-05-15T00:00:00+08:00"
    lines = [*rows("a", before), *rows("a", after), *rows("b", before, total_phosphorus="0.1")]
    partial = {(record["station"], record["partial"]) for record in graded(tmp_path, *lines[:8])}
    assert partial == {("a", True), ("a", False)}
    assert [record["partial"] for record in graded(tmp_path, *lines)] == [True, False, False]


def test_the_summary_tells_what_was_left_out(tmp_path: Path) -> None:
    lines = [*rows(permanganate_index="-1"), f"{T0},s,vibes,3", f"{T0},s,ph,7.1", f"{T0},s,tp,0.01L"]
    summary = grade_file(readings(tmp_path, *lines), None, tmp_path / "out.csv")
    assert str(summary).splitlines() == [
        "1 records of 1 stations, 2026-04-01 04:00 to 2026-04-01 04:00 UTC",
        "I 1  II 0  III 0  IV 0  V 0  INFERIOR_V 0",
        "partial (a required determinand is missing) 1; no class 0",
        "no list of stations: every station graded as a river",
        "1 rows replaced by later rows of the same station, time and determinand",
        "1 implausible values counted as missing",
        "1 values below detection graded by their detection limit",
        "determinands not known, left out: vibes (1 rows)",
    ]


@pytest.mark.shared
@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize(
    ("case", "agreement", "claimed"),
    # What the printed, rounded values allow: see docs/standards.md for every kind of disagreement.
    [("grading_daily", "14575/14579", 1), ("grading_4h", "13793/13983", 0)],
)
def test_the_national_board_is_reproduced(
    shared: Path, tmp_path: Path, case: str, agreement: str, claimed: int, suffix: str
) -> None:
    folder, out = shared / "cases" / case, tmp_path / f"out{suffix}"
    grade_file(folder / "readings.parquet", folder / "stations.csv", out)
    command = [sys.executable, str(shared / "scorers" / "score_grading.py"), str(folder), str(out)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"agreement {agreement} " in told
    assert "duplicates 0;" in told
    assert f"of these claimed complete {claimed}\n" in told


def test_a_record_with_a_value_thrown_away_is_not_complete(tmp_path: Path) -> None:
    """What is implausible may have been the worst of it."""
    rows = ["ph,7.2", "dissolved_oxygen,8", "permanganate_index,2", "ammonia_nitrogen,0.1"]
    lines = [f"2026-04-01T04:00Z,s,{row}" for row in rows] + ["2026-04-01T04:00Z,s,total_phosphorus,100"]
    lines += [f"2026-04-01T08:00Z,s,{row}" for row in rows] + ["2026-04-01T08:00Z,s,total_phosphorus,12"]
    path = tmp_path / "in.csv"
    path.write_text("time,station,determinand,value\n" + "\n".join(lines) + "\n", encoding="utf-8")
    grade_file(path, None, tmp_path / "out.csv")
    found = pl.read_csv(tmp_path / "out.csv")
    assert found["water_class"].to_list() == ["I", "INFERIOR_V"]
    assert found["partial"].to_list() == [True, False]


def test_names_that_people_use_are_known_and_a_table_of_unknown_ones_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    rows = ["pH值,7.2", "溶解氧,8", "高锰酸盐指数,2", "NH3-N,0.1"]
    lines = "\n".join(f"2026-04-01T04:00Z,s,{row}" for row in rows)
    path.write_text(f"time,station,determinand,value\n{lines}\n", encoding="utf-8")
    grade_file(path, None, tmp_path / "out.csv")
    assert pl.read_csv(tmp_path / "out.csv")["partial"].to_list() == [False]
    path.write_text("time,station,determinand,value\n2026-04-01T04:00Z,s,vibes,1\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"in\.csv: no record that can be graded; unknown determinands: vibes"):
        grade_file(path, None, tmp_path / "out.csv")
