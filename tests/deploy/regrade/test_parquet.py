"""How a history is cut into parts: every reading in one of them, and none larger than it may be."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from deploy.regrade.parquet import plan_parquet
from deploy.regrade.part import Ground
from sensors.errors import ConfigError, UsageError
from sensors.reading import to_ms
from sensors.site import Site
from tests.deploy.regrade.histories import tidy, wide, write


@pytest.fixture(scope="module")
def ground(xietang: Site) -> Ground:
    return Ground.of(xietang)


def test_months_are_those_of_the_site(tmp_path: Path, ground: Ground) -> None:
    parts = plan_parquet(write(tidy("2024-01-31", 2), tmp_path / "a.parquet"), ground)
    assert [(part.key, part.month) for part in parts] == [("2024-01/0000", "2024-01"), ("2024-02/0000", "2024-02")]
    assert parts[0].end_ms == parts[1].start_ms == to_ms(pl.Series(["2024-01-31T16:00Z"]).str.to_datetime()[0])
    assert [part.read(ground).counts.records for part in parts] == [96, 96]


@pytest.mark.parametrize("size", [1e9, 50_000, 10_000])
@pytest.mark.parametrize("order", [("time",), ("station", "time"), ("determinand", "time")])
def test_every_reading_is_in_one_part(
    tmp_path: Path, ground: Ground, monkeypatch: pytest.MonkeyPatch, size: float, order: tuple[str, ...]
) -> None:
    monkeypatch.setattr("deploy.regrade.parquet.PART_BYTES", size)
    frame = tidy(days=3).sort(order, maintain_order=True)
    parts = plan_parquet(write(frame, tmp_path / "a.parquet", rows=144), ground)
    records = [part.read(ground) for part in parts]
    assert sum(each.counts.records for each in records) == 3 * 24 * 4
    assert sum(each.counts.values for each in records) == frame["value"].count()
    if size < 1e9:
        assert max(sum(value.size for value in each.values.values()) for each in records) * 80 <= max(size, 6 * 24 * 80)


def test_a_part_reads_only_row_groups_that_it_can_need(
    tmp_path: Path, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.regrade.parquet.PART_BYTES", 12_000)
    path = write(tidy(days=2).sort("station", "time", maintain_order=True), tmp_path / "a.parquet", rows=144)
    parts = plan_parquet(path, ground)
    assert {len(part.groups) for part in parts} == {1}
    assert len(parts) == 8


def test_wide_tables_are_measured_by_their_columns(
    tmp_path: Path, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.regrade.parquet.PART_BYTES", 24 * 6 * 24 * 4)
    parts = plan_parquet(write(wide(tidy(days=3)), tmp_path / "a.parquet", rows=96), ground)
    assert [part.read(ground).counts.records for part in parts] == [96, 96, 96]


def test_days_without_readings_make_no_parts(tmp_path: Path, ground: Ground) -> None:
    write(tidy("2024-01-01", 1), tmp_path / "a.parquet")
    write(tidy("2024-06-01", 1), tmp_path / "b.parquet")
    assert [part.month for part in plan_parquet(tmp_path, ground)] == ["2024-01", "2024-06"]


def test_a_change_of_the_file_changes_the_part_and_is_noticed_while_reading(tmp_path: Path, ground: Ground) -> None:
    path = write(tidy(), tmp_path / "a.parquet")
    (before,) = plan_parquet(path, ground)
    os.utime(path, ns=(1, 1))
    (after,) = plan_parquet(path, ground)
    assert after.token(ground) != before.token(ground)
    with pytest.raises(UsageError, match="files changed while they were read"):
        before.read(ground)


def test_where_the_folder_lies_does_not_matter(tmp_path: Path, ground: Ground) -> None:
    tokens = []
    for name in ("x", "y"):
        path = write(tidy(), tmp_path / name / "a.parquet")
        os.utime(path, ns=(1, 1))
        tokens.append(plan_parquet(tmp_path / name, ground)[0].token(ground))
    assert tokens[0] == tokens[1]


def test_hidden_files_are_no_part_of_a_history(tmp_path: Path, ground: Ground) -> None:
    write(tidy(), tmp_path / "a.parquet")
    write(tidy("2020-01-01"), tmp_path / ".old" / "a.parquet")
    write(tidy("2020-01-01"), tmp_path / ".b.parquet")
    assert [part.month for part in plan_parquet(tmp_path, ground)] == ["2024-01"]


def test_files_without_statistics_are_read_for_their_times(tmp_path: Path, ground: Ground) -> None:
    path = tmp_path / "a.parquet"
    tidy("2024-01-31", 2).write_parquet(path, statistics=False, row_group_size=100)
    parts = plan_parquet(path, ground)
    assert [part.read(ground).counts.records for part in parts] == [96, 96]


def test_tidy_and_wide_files_do_not_mix(tmp_path: Path, ground: Ground) -> None:
    write(tidy(), tmp_path / "a.parquet")
    write(wide(tidy()), tmp_path / "b.parquet")
    with pytest.raises(
        ConfigError, match=r"b\.parquet: columns: found a column for each determinand, and in a\.parquet"
    ):
        plan_parquet(tmp_path, ground)


def test_the_later_file_by_name_wins(tmp_path: Path, ground: Ground) -> None:
    write(tidy(), tmp_path / "b.parquet")
    write(tidy().with_columns(value=pl.lit(1.5)), tmp_path / "c" / "a.parquet")
    write(tidy().with_columns(value=pl.lit(2.5)), tmp_path / "a.parquet")
    (part,) = plan_parquet(tmp_path, ground)
    records = part.read(ground)
    assert set(records.values["total_phosphorus"]) == {1.5}
    assert records.counts.repeated == 2 * tidy().height
