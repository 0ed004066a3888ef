"""A history regraded from end to end: the same as graded at once, whoever does it and whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import sys
from multiprocessing import active_children
from pathlib import Path

import polars as pl
import pytest

from collectors.stores import open_store
from deploy.cli import main
from deploy.grade import grade_frame
from deploy.regrade.run import regrade
from sensors.errors import ConfigError, UsageError
from sensors.reading import Block, Quality, Reading, to_ms
from tests.deploy.regrade.histories import SITE, content, grades, table, tidy, wide, write


def small_parts(monkeypatch: pytest.MonkeyPatch, size: int = 50_000) -> None:
    """Parts of about a day, so that there are many."""
    monkeypatch.setattr("deploy.regrade.parquet.PART_BYTES", size)


def expected(frame: pl.DataFrame) -> pl.DataFrame:
    """The classes that ``riverchief grade`` gives."""
    return grade_frame(frame).with_columns(pl.col("time").dt.cast_time_unit("us")).sort("time", "station")


def run(monkeypatch, capsys, *words: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["riverchief", "regrade", *map(str, words)])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize("layout", ["file", "wide", "by month", "by station", "by determinand", "in no order"])
def test_classes_are_those_of_the_grade_command_however_the_files_are_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    frame, source = tidy("2024-01-30", 4), tmp_path / "in"
    if layout == "wide":
        write(wide(frame), source / "a.parquet", rows=50)
    elif layout == "by month":
        for (month,), part in frame.group_by(pl.col("time").dt.month(), maintain_order=True):
            write(part, source / f"month={month}" / "0.parquet")
    elif layout in ("by station", "by determinand"):
        name = layout.removeprefix("by ")
        for (each,), part in frame.group_by(name, maintain_order=True):
            write(part.drop(name), source / f"{name}={each}" / "0.parquet", rows=100)
    else:
        shuffled = frame.sample(fraction=1, shuffle=True, seed=1) if layout == "in no order" else frame
        write(shuffled, source / "a.parquet", rows=200)
    small_parts(monkeypatch, 15_000 if layout == "wide" else 50_000)
    summary = regrade(str(source), SITE, tmp_path / "out", workers=1)
    found = grades(tmp_path / "out")
    assert found.drop("provisional").equals(expected(frame))
    assert not found["provisional"].any()
    assert summary.parts >= 4
    assert (summary.counts.records, summary.counts.repeated) == (found.height, 0)
    assert sum(summary.counts.classes.values()) == found.height
    assert summary.counts.partial == found["partial"].sum()


def test_one_worker_or_two_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tidy(days=5), tmp_path / "in.parquet", rows=300)
    small_parts(monkeypatch)
    regrade(str(source), SITE, tmp_path / "one", workers=1)
    regrade(str(source), SITE, tmp_path / "two", workers=2)
    one = content(tmp_path / "one")
    assert {name.partition("/")[0] for name in one} == {".regrade", "grades", "hours", "evaluations", "means", "trends"}
    assert content(tmp_path / "two") == one


def test_a_killed_worker_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tidy(days=12, every="4h"), tmp_path / "in.parquet", rows=100)
    small_parts(monkeypatch, 12_000)
    regrade(str(source), SITE, tmp_path / "calm", workers=1, grades_only=True)
    killed: list[tuple[str, int, int]] = []

    def kill(name: str, done: int, total: int) -> None:
        if done == 2 and not killed:
            os.kill(active_children()[0].pid or 0, signal.SIGKILL)
            killed.append((name, done, total))

    summary = regrade(str(source), SITE, tmp_path / "killed", workers=2, grades_only=True, progress=kill)
    assert killed[0][:2] == ("grading", 2)
    assert summary.parts == killed[0][2] >= 12
    assert content(tmp_path / "killed") == content(tmp_path / "calm")


def test_a_killed_worker_of_a_cluster_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    source = write(tidy(days=12, every="4h"), tmp_path / "in.parquet", rows=100)
    small_parts(monkeypatch, 12_000)
    regrade(str(source), SITE, tmp_path / "calm", workers=1, grades_only=True)
    killed: list[tuple[str, int, int]] = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0", silence_logs=60
    ) as cluster:

        def kill(name: str, done: int, total: int) -> None:
            if done == 1 and not killed:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)
                killed.append((name, done, total))

        address = cluster.scheduler_address
        regrade(str(source), SITE, tmp_path / "killed", cluster=address, grades_only=True, progress=kill)
    assert killed[0][:2] == ("grading", 1)
    assert killed[0][2] >= 12
    assert content(tmp_path / "killed") == content(tmp_path / "calm")


def test_a_run_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = write(tidy(days=5), tmp_path / "in.parquet", rows=300), tmp_path / "out"
    small_parts(monkeypatch)

    def stop(name: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        regrade(str(source), SITE, out, workers=1, progress=stop)
    assert len(list((out / ".regrade" / "parts").rglob("*.json"))) == 2
    (out / ".regrade" / "tmp").mkdir(exist_ok=True)
    (out / ".regrade" / "tmp" / "half").write_bytes(b"of a file")
    resumed = regrade(str(source), SITE, out, workers=1)
    assert (resumed.parts, resumed.reused) == (5, 2)
    whole = regrade(str(source), SITE, tmp_path / "whole", workers=1)
    assert content(out) == content(tmp_path / "whole")
    assert resumed.counts == whole.counts
    again = regrade(str(source), SITE, out, workers=1)
    assert again.reused == 5
    assert content(out) == content(tmp_path / "whole")
    assert again.trends == whole.trends


def test_only_what_changed_is_done_again(tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    write(tidy("2024-01-01", 2), source / "2024-01.parquet")
    write(tidy("2024-02-01", 2), source / "2024-02.parquet")
    regrade(str(source), SITE, out, workers=1)
    before = content(out)
    write(tidy("2024-02-01", 3, seed=2), source / "2024-02.parquet")
    summary = regrade(str(source), SITE, out, workers=1)
    assert (summary.parts, summary.reused) == (2, 1)
    after = content(out)
    changed = {name for name in after if after[name] != before[name]}
    assert {name for name in changed if "2024-01" in name} == set()
    assert "grades/month=2024-02/0000.parquet" in changed
    (source / "2024-02.parquet").unlink()
    regrade(str(source), SITE, out, workers=1)
    assert {name for name in content(out) if "2024-02" in name} == set()


def test_a_result_that_was_lost_or_cut_is_made_again(tmp_path: Path) -> None:
    source, out = write(tidy(), tmp_path / "in.parquet"), tmp_path / "out"
    regrade(str(source), SITE, out, workers=1)
    whole = content(out)
    path = out / "grades" / "month=2024-01" / "0000.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    (out / ".regrade" / "months" / "2024-01" / "0000.json").write_text("{")
    assert regrade(str(source), SITE, out, workers=1).reused == 0
    assert content(out) == whole


def test_another_site_makes_other_classes(tmp_path: Path) -> None:
    source, out = write(tidy(), tmp_path / "in.parquet"), tmp_path / "out"
    regrade(str(source), SITE, out, workers=1)
    site = tmp_path / "site"
    site.mkdir()
    for file in SITE.iterdir():
        text = file.read_text(encoding="utf-8")
        (site / file.name).write_text(
            text.replace(",river,station_cabinet,", ",lake,station_cabinet,"), encoding="utf-8"
        )
    river = grades(out)
    assert regrade(str(source), site, out, workers=1).reused == 0
    assert not grades(out).equals(river)


def test_grades_only_leaves_no_evaluations_of_other_classes(tmp_path: Path) -> None:
    source, out = write(tidy(), tmp_path / "in.parquet"), tmp_path / "out"
    summary = regrade(str(source), SITE, out, workers=1, grades_only=True)
    assert summary.trends is None
    assert sorted(path.name for path in out.iterdir()) == [".regrade", "grades"]
    regrade(str(source), SITE, out, workers=1)
    whole = content(out)
    assert regrade(str(source), SITE, out, workers=1, grades_only=True).reused == 1
    assert content(out) == whole
    write(tidy(seed=3), source)
    regrade(str(source), SITE, out, workers=1, grades_only=True)
    assert sorted(path.name for path in out.iterdir()) == [".regrade", "grades"]


def test_days_and_months_stations_and_rivers_are_evaluated(tmp_path: Path) -> None:
    source, out = write(tidy("2024-01-01", 31, every="2h"), tmp_path / "in.parquet"), tmp_path / "out"
    regrade(str(source), SITE, out, workers=1)
    rows = table(out, "evaluations")
    assert dict(rows.group_by("scope", "period").len().select(pl.struct("scope", "period").struct.unnest(), "len")
                .select(pl.concat_str("scope", "period", separator=" "), "len").iter_rows()) == {
        "station day": 4 * 31, "station month": 4, "river day": 31 * 2, "river month": 2,
    }  # fmt: skip
    month = rows.filter(pl.col("period") == "month", pl.col("subject") == "S01").row(0, named=True)
    assert to_ms(month["start"]) == to_ms(month["start"].replace(year=2023, month=12, day=31, hour=16))
    assert (month["hours"], month["hours_in_period"]) == (31 * 12, 31 * 24)
    means = {row["determinand"]: row["mean"] for row in table(out, "means").to_dicts() if row["station"] == "S01"}
    hand = tidy("2024-01-01", 31, every="2h").filter(pl.col("station") == "S01").group_by("determinand").agg(
        pl.col("value").mean()
    )  # fmt: skip
    assert means == pytest.approx(dict(hand.iter_rows()))


def test_trends_of_years(tmp_path: Path) -> None:
    years = pl.concat(
        tidy(f"{year}-{month:02d}-15", 1, "4h", ("S01",)) for year in range(2018, 2024) for month in range(1, 13)
    )
    age = (pl.col("time").dt.epoch("ms") - to_ms(years["time"][0])) / 31_556_952_000
    fallen = pl.when(pl.col("determinand") == "ammonia_nitrogen").then(2 - 0.2 * age).otherwise("value")
    source, out = write(years.with_columns(value=fallen), tmp_path / "in.parquet"), tmp_path / "out"
    summary = regrade(str(source), SITE, out, workers=1)
    rows = table(out, "trends").filter(pl.col("determinand") == "ammonia_nitrogen").to_dicts()
    assert [(row["method"], row["direction"], row["n"]) for row in rows] == [
        ("seasonal_kendall", "falling", 72), ("daniel", "falling", 6),
    ]  # fmt: skip
    assert rows[0]["slope"] == pytest.approx(-0.2, abs=0.001)
    assert summary.trends is not None
    assert summary.trends["falling"] >= 1
    assert sum(summary.trends.values()) == 6


def test_a_store_gives_what_its_readings_give_as_a_file(tmp_path: Path) -> None:
    frame = tidy("2024-01-30", 4, stations=("S01", "S02"))
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    store = open_store(url)
    readings = [
        Reading(row["station"], row["determinand"], to_ms(row["time"]), row["value"], Quality.GOOD)
        for row in frame.iter_rows(named=True)
    ]
    store.write(Block.of(readings))
    store.close()
    write(frame, tmp_path / "in.parquet")
    stored = regrade(url, SITE, tmp_path / "stored", workers=1)
    regrade(str(tmp_path / "in.parquet"), SITE, tmp_path / "filed", workers=1)
    for kind in ("grades", "hours", "evaluations", "means", "trends"):
        assert table(tmp_path / "stored", kind).equals(table(tmp_path / "filed", kind)), kind
    assert (stored.first, stored.last) == ("2024-01", "2024-02")


def test_the_command_tells_what_it_did(tmp_path: Path, monkeypatch, capsys) -> None:
    source = write(
        tidy().with_columns(pl.col("determinand").replace("water_temperature", "vibes")), tmp_path / "a.parquet"
    )
    code, out, err = run(monkeypatch, capsys, source, "--site", SITE, "--out", tmp_path / "out", "--workers", 1)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].startswith("288 records with 1")
    assert lines[0].endswith(" values, 2024-01 to 2024-01, in 1 parts")
    assert lines[-1] == "determinands not known, left out: vibes (288 rows)"
    assert "trends: rising 0, falling 0, none 0, too short 20" in lines
    assert [line.split()[0] for line in err.splitlines()] == ["grading", "evaluating", "trends"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("{}/none.parquet",), "none.parquet: no such file or folder"),
        (("{}/empty",), "empty: no Parquet files in it"),
        (("ftp://host/store",), "ftp://host/store: no such kind of store; accepted: sqlite://"),
        (("sqlite:///{}/none.sqlite",), "does not exist yet"),
        (("{}/rowless.parquet",), "rowless.parquet: no readings in it"),
    ],
)
def test_a_source_that_cannot_be_had(tmp_path: Path, monkeypatch, capsys, words, message: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tidy().clear(), tmp_path / "rowless.parquet")
    given = [word.format(tmp_path) for word in words]
    code, out, err = run(monkeypatch, capsys, *given, "--site", SITE, "--out", tmp_path / "out", "--workers", 1)
    assert (code, out) == (1, "")
    assert message in err
    assert not (tmp_path / "out").exists()


def test_source_and_output_must_not_lie_in_each_other(tmp_path: Path) -> None:
    source = write(tidy(), tmp_path / "in" / "a.parquet")
    with pytest.raises(UsageError, match="lies in the history that is read"):
        regrade(str(source.parent), SITE, source.parent / "out", workers=1)
    with pytest.raises(UsageError, match="lies in the output folder"):
        regrade(str(source), SITE, source.parent, workers=1)


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    source = write(tidy(), tmp_path / "in.parquet")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        regrade(str(source), SITE, tmp_path / "file" / "out", workers=1)


def test_mistakes_in_the_data_are_listed(tmp_path: Path, monkeypatch, capsys) -> None:
    odd = tidy().with_columns(station=pl.col("station").replace({"S01": "X1", "S02": "X2"}))
    source = write(odd, tmp_path / "in" / "a.parquet")
    code, _, err = run(monkeypatch, capsys, source.parent, "--site", SITE, "--out", tmp_path / "out", "--workers", 2)
    assert code == 1
    assert "a.parquet: row 1: found station X1; accepted: a station of the site, e.g. S01, S02, S03" in err
    assert "a.parquet: row 7: found station X2;" in err
    assert err.endswith("2 mistakes found.\n")


def test_headers_of_all_files_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    write(tidy().drop("value"), tmp_path / "in" / "a.parquet")
    write(tidy().with_columns(pl.col("time").dt.replace_time_zone(None)), tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "c.parquet").write_bytes(b"PAR1 it is not")
    with pytest.raises(ConfigError) as error:
        regrade(str(tmp_path / "in"), SITE, tmp_path / "out", workers=1)
    found = [(problem.file, problem.where) for problem in error.value.problems]
    assert found == [("a.parquet", "columns"), ("b.parquet", "column time"), ("c.parquet", "the file")]
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("deploy.regrade.workers.CLUSTER_TIMEOUT_S", 0.2)
    source = write(tidy(), tmp_path / "in.parquet")
    with pytest.raises(UsageError, match="no Dask scheduler answers at tcp:"):
        regrade(str(source), SITE, tmp_path / "out", cluster="tcp://127.0.0.1:1")
    words = (source, "--site", SITE, "--out", tmp_path / "out", "--cluster", "tcp://127.0.0.1:1", "--workers", 2)
    code, _, err = run(monkeypatch, capsys, *words)
    assert (code, "--workers is for this machine" in err) == (2, True)
