"""`riverchief report` prints what the board prints, the same again for the same time."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.office import report_command
from deploy.office.report_command import command
from sensors.errors import UsageError
from tests.dashboard.reports.months import months

SITE = str(Path(report_command.__file__).parents[1] / "sites" / "xietang")
MADE = "2026-11-23T09:00+08:00"


def run(url: str, out: Path, *more: str) -> list[str]:
    words = [SITE, "--store", url, "--out", str(out), "--made", MADE, *more]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_the_same_bytes_again(tmp_path: Path) -> None:
    first = run(months(), tmp_path / "a", "--period", "2026-10")
    second = run(months(), tmp_path / "b", "--period", "2026-10")
    assert [Path(path).suffix for path in first] == [".pdf", ".docx", ".xlsx"]
    for one, other in zip(first, second, strict=True):
        assert Path(one).name == Path(other).name == f"斜塘街道河长制工作月报 2026-10{Path(one).suffix}"
        assert Path(one).read_bytes() == Path(other).read_bytes()


def test_one_form_in_english(tmp_path: Path) -> None:
    (path,) = run(months(), tmp_path, "--period", "2026-Q4", "--format", "xlsx", "--lang", "en")
    assert Path(path).name == "Xietang Sub-district quarterly report on the rivers 2026-Q4.xlsx"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--period", "2026-13"], "accepted: 2026-10-05, 2026-10, 2026-Q4, 2026"),
        (["--period", "2026-10", "--format", "odt"], "found 'odt'; accepted: pdf, docx, xlsx"),
        (["--period", "2024-10"], "nothing was evaluated for 2024-10"),
        (["--period", "2026-10", "--made", "yesterday"], "accepted: a time with its zone"),
        (["--period", "2026-10", "--made", "2026-11-01T09:00"], "accepted: a time with its zone"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, more: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(months(), tmp_path / "none", *more)
    assert not (tmp_path / "none").exists()
