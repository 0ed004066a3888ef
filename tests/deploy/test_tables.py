from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from deploy.tables import read_readings, read_stations, time_zone, write_table
from sensors.errors import ConfigError, UsageError

NOON = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)


def readings_csv(folder: Path, *rows: str) -> Path:
    path = folder / "readings.csv"
    path.write_text("\n".join(["time,station,determinand,value", *rows]) + "\n", encoding="utf-8")
    return path


def values(folder: Path, *texts: str) -> pl.DataFrame:
    return read_readings(readings_csv(folder, *(f"2026-04-01T04:00Z,s,ph,{text}" for text in texts))).frame


def parquet(folder: Path, **columns: object) -> Path:
    path = folder / "readings.parquet"
    whole: dict[str, object] = {"time": [NOON], "station": ["s"], "determinand": ["ph"], "value": [7.0]}
    pl.DataFrame(whole | columns).write_parquet(path)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-01T04:00:00Z", "2026-04-01 04:00:00+00:00", "2026-04-01T12:00+08:00", "2026-04-01 12:00:00.000 +0800",
        "2026-03-31T22:00:00-06:00",
    ],
)  # fmt: skip
def test_times_with_an_offset_need_nothing_else(tmp_path: Path, text: str) -> None:
    assert read_readings(readings_csv(tmp_path, f"{text},s,ph,7")).frame["time"].to_list() == [NOON]


@pytest.mark.parametrize("text", ["2026-04-01T12:00:00", "2026-04-01 12:00", "2026/4/1 12:00", "2026/04/01 12:00:00"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "+08:00", "+0800"])
def test_times_without_one_take_the_zone_that_is_given(tmp_path: Path, text: str, zone: str) -> None:
    path = readings_csv(tmp_path, f"{text},s,ph,7", "2026-04-01T04:00:00Z,s,ph,7")
    assert read_readings(path, timezone=zone).frame["time"].to_list() == [NOON, NOON]


def test_times_without_one_are_refused_otherwise(tmp_path: Path) -> None:
    path = readings_csv(tmp_path, "2026-04-01T04:00Z,s,ph,7", "2026-04-01 12:00,s,ph,7", "2026-04-01 13:00,s,ph,7")
    with pytest.raises(ConfigError) as error:
        read_readings(path)
    assert str(error.value) == (
        "readings.csv: line 3: found time 2026-04-01 12:00 without a time zone (2 such rows); "
        "accepted: a time with Z or an offset, or a time zone given for the whole file (--timezone)"
    )


@pytest.mark.parametrize("dtype", [pl.Datetime("us"), pl.Datetime("ms"), pl.Datetime("ns")])
def test_naive_parquet_times_likewise(tmp_path: Path, dtype: pl.DataType) -> None:
    path = parquet(tmp_path, time=pl.Series([datetime(2026, 4, 1, 12)], dtype=dtype))
    assert read_readings(path, timezone="Asia/Shanghai").frame["time"].to_list() == [NOON]
    with pytest.raises(ConfigError, match=r"row 1: found time .* without a time zone"):
        read_readings(path)


def test_dates_are_midnights_of_the_zone(tmp_path: Path) -> None:
    path = parquet(tmp_path, time=[date(2026, 4, 1)])
    frame = read_readings(path, timezone="Asia/Shanghai").frame
    assert frame["time"].to_list() == [datetime(2026, 3, 31, 16, tzinfo=UTC)]


def test_aware_parquet_times_are_brought_to_utc(tmp_path: Path) -> None:
    local = pl.Series([datetime(2026, 4, 1, 12)]).dt.replace_time_zone("Asia/Shanghai").dt.cast_time_unit("ns")
    frame = read_readings(parquet(tmp_path, time=local)).frame
    assert frame.schema["time"] == pl.Datetime("us", "UTC")
    assert frame["time"].to_list() == [NOON]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00Z", "2026/2/30 1:00", "1743480000"])
def test_what_is_no_time_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_readings(readings_csv(tmp_path, f"{text},s,ph,7"), timezone="UTC")
    assert f"readings.csv: line 2: found time {text}; accepted: a time with Z or an offset" in str(error.value)


def test_numbers_are_no_times(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="time: found a column of Int64"):
        read_readings(parquet(tmp_path, time=[1]))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("ph", "ph"),
        ("pH", "ph"),
        ("nh3n", "ammonia_nitrogen"),
        ("NH3N", "ammonia_nitrogen"),
        ("w21003", "ammonia_nitrogen"),
    ],
)
def test_determinands_by_key_alias_and_code(tmp_path: Path, name: str, key: str) -> None:
    table = read_readings(readings_csv(tmp_path, f"2026-04-01T04:00Z,s,{name},7"))
    assert table.frame["determinand"].to_list() == [key]
    assert table.unknown == {}


def test_unknown_determinands_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [f"2026-04-01T04:00Z,s,{name},7" for name in ("vibes", "ph", "vibes", "wind")]
    table = read_readings(readings_csv(tmp_path, *rows))
    assert table.frame["determinand"].to_list() == ["ph"]
    assert table.unknown == {"vibes": 2, "wind": 1}
    assert table.where(table.frame["row"][0]) == "line 3"


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7.0), (" 7.25 ", 7.25), ("-0.5", -0.5), ("1e-3", 0.001), ("+5", 5.0), (".5", 0.5), ("5.", 5)],
)
def test_numbers(tmp_path: Path, text: str, value: float) -> None:
    frame = values(tmp_path, text)
    assert frame["value"].to_list() == [value]
    assert frame["below"].to_list() == [False]


@pytest.mark.parametrize(
    "text", ["0.05L", "0.05 l", "<0.05", "< 0.05", "＜0.05", "ND(0.05)", "nd（0.05）", "未检出(<0.05)"]
)
def test_below_detection_is_the_detection_limit(tmp_path: Path, text: str) -> None:
    frame = values(tmp_path, text)
    assert frame["value"].to_list() == [0.05]
    assert frame["below"].to_list() == [True]


@pytest.mark.parametrize("text", ["", " ", "ND", "nd", "未检出", "NaN", "NA", "--", "-", "*", "null"])
def test_missing_values(tmp_path: Path, text: str) -> None:
    frame = values(tmp_path, text)
    assert frame["value"].to_list() == [None]
    assert frame["below"].to_list() == [False]


@pytest.mark.parametrize("text", ["seven", '"0,5"', "inf", "-inf", ">5", "5L5", "0x10", "L", "<", "7 mg/L", "0L"])
def test_what_is_no_value_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        values(tmp_path, "7", text)
    (problem,) = error.value.problems
    assert (problem.file, problem.where) == ("readings.csv", "line 3")
    assert problem.found == f"value {text.strip(chr(34))}"
    assert "0.05L" in problem.accepted


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = readings_csv(tmp_path, ",s,ph,7", "2026-04-01T04:00Z,,ph,7", "2026-04-01T04:00Z,s,,7", "soon,s,ph,x")
    with pytest.raises(ConfigError) as error:
        read_readings(path)
    told = {(problem.where, problem.found) for problem in error.value.problems}
    assert told == {
        ("line 2", "no time"), ("line 3", "no station"), ("line 4", "no determinand"), ("line 5", "time soon"),
        ("line 5", "value x"),
    }  # fmt: skip


def test_float32_widens_by_its_shortest_decimal(tmp_path: Path) -> None:
    frame = read_readings(parquet(tmp_path, value=pl.Series([0.2], dtype=pl.Float32))).frame
    assert frame["value"].to_list() == [0.2]


@pytest.mark.parametrize("value", [pl.Series([7], dtype=pl.Int16), pl.Series(["7"]), pl.Series([7.0])])
def test_parquet_values_of_several_types(tmp_path: Path, value: pl.Series) -> None:
    assert read_readings(parquet(tmp_path, value=value)).frame["value"].to_list() == [7.0]


def test_nan_is_missing(tmp_path: Path) -> None:
    assert read_readings(parquet(tmp_path, value=[float("nan")])).frame["value"].to_list() == [None]


def test_truth_values_are_no_values(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="value: found a column of Boolean"):
        read_readings(parquet(tmp_path, value=[True]))


def test_categories_and_numbers_may_name_stations(tmp_path: Path) -> None:
    names = pl.Series(["ph"], dtype=pl.Categorical)
    frame = read_readings(parquet(tmp_path, station=[12], determinand=names)).frame
    assert frame.select("station", "determinand").row(0) == ("12", "ph")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "+25:00", "../etc"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(UsageError, match="give one like Asia/Shanghai"):
        time_zone(zone)


def test_offsets_to_the_west() -> None:
    assert time_zone("-03:30").utcoffset(None) == -timedelta(hours=3, minutes=30)


def stations_csv(folder: Path, text: str) -> Path:
    path = folder / "stations.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_stations_and_their_water(tmp_path: Path) -> None:
    path = stations_csv(tmp_path, "station,water_body,remark\na,river,x\nb, lake ,\n\na,river,again\n")
    assert read_stations(path) == {"a": "river", "b": "lake"}


def test_the_stations_of_a_site_will_do(tmp_path: Path) -> None:
    path = stations_csv(tmp_path, "# illustrative\nid,name,water_body\nXT-1,one,river\n")
    assert read_stations(path) == {"XT-1": "river"}


def test_mistakes_in_a_list_of_stations_are_told_at_once(tmp_path: Path) -> None:
    text = "station,water_body\na,river\nb,pond\n,river\nc,\na,lake\n"
    with pytest.raises(ConfigError) as error:
        read_stations(stations_csv(tmp_path, text))
    assert [str(problem) for problem in error.value.problems] == [
        "stations.csv: line 3: found water_body pond; accepted: river or lake",
        "stations.csv: line 4: found no station; accepted: a station in every row",
        "stations.csv: line 5: found no water_body; accepted: river or lake",
        "stations.csv: line 6: found station a as lake, and as river before; accepted: one water_body for a station",
    ]


def test_tables_are_written_in_both_forms(tmp_path: Path) -> None:
    frame = pl.DataFrame({"time": [NOON], "ok": [True], "text": [None]}, schema_overrides={"text": pl.String})
    write_table(frame, tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "time,ok,text\n2026-04-01T04:00:00Z,true,\n"
    write_table(frame, tmp_path / "out.parquet")
    assert pl.read_parquet(tmp_path / "out.parquet").equals(frame)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.parquet"]


class Unwritable(pl.DataFrame):
    def write_csv(self, *_: object, **__: object) -> None:  # type: ignore[override]
        raise OSError(28, "No space left on device")


def test_a_failed_write_leaves_the_old_table_and_no_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("old\n")
    with pytest.raises(UsageError, match=r"cannot be written \(No space left"):
        write_table(Unwritable({"a": [1]}), path)
    assert path.read_text() == "old\n"
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


@pytest.mark.parametrize("name", ["out.txt", "none/out.csv"])
def test_where_nothing_can_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"must end in|cannot be written"):
        write_table(pl.DataFrame({"a": [1]}), tmp_path / name)
