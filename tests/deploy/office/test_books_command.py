from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import open_books
from dashboard.casework.exchange.exchange import Report
from dashboard.casework.exchange.said import Said, Wrong
from deploy.office import books_command
from deploy.office.books_command import LEFT_OUT, TOLD, command, mistakes
from sensors.errors import UsageError

SITE = str(Path(books_command.__file__).parents[1] / "sites" / "xietang")


def run(tmp_path: Path, *words: str) -> Result:
    verb, *rest = words
    return CliRunner().invoke(command, [verb, SITE, *rest, "--books", f"sqlite:///{tmp_path / 'books.sqlite'}"])


def test_seed_export_edit_import(tmp_path: Path) -> None:
    assert run(tmp_path, "seed").output == "outfalls: 150 new\n"
    file = tmp_path / "outfalls.csv"
    assert run(tmp_path, "export", "outfalls", str(file)).output == f"{file}: 150 rows\n"
    text = file.read_text("utf-8-sig").replace("PK001,,,", "PK001,FA-1,桥下,")
    file.write_text(text, "utf-8-sig")
    dry = run(tmp_path, "import", "outfalls", str(file), "--dry-run")
    assert (dry.output, dry.exit_code) == (
        "outfalls.csv: 150 rows: 0 new, 1 changed, 149 the same, 0 wrong (dry run)\n", 0,
    )  # fmt: skip
    done = run(tmp_path, "import", "outfalls", str(file), "--actor", "li", "--reason", "survey of May")
    assert done.output.endswith("0 new, 1 changed, 149 the same, 0 wrong (imported)\n")
    assert run(tmp_path, "import", "outfalls", str(file)).output.endswith("150 the same, 0 wrong (nothing imported)\n")
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    with books.read() as session:
        last = session.get_one(AuditEntry, 151)
    books.close()
    assert (last.actor, last.reason, last.after) == ("li", "survey of May", {"code": "FA-1", "name": "桥下"})


def test_mistakes_are_told_and_end_with_an_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "shops.csv"
    file.write_text("编号,店名,河道,星级\nS1,a,长江,5\nS2,b,R01,4\n", "utf-8")
    result = run(tmp_path, "import", "shops", str(file))
    assert result.exit_code == 1
    assert result.output.splitlines()[0].startswith("shops.csv: row 2, column 河道: found '长江'; accepted: one that")
    assert "shops.csv: not read: the columns 星级" in result.output
    assert result.output.endswith("2 rows: 1 new, 0 changed, 0 the same, 1 wrong (nothing imported)\n")
    result = run(tmp_path, "import", "shops", str(file), "--good-rows")
    assert (result.exit_code, result.output.splitlines()[-1].endswith("1 wrong (imported)")) == (LEFT_OUT, True)
    assert run(tmp_path, "import", "shops", str(file), "--good-rows", "--dry-run").exit_code == LEFT_OUT
    file.write_text("编号,店名,河道\nS1,a,长江\n", "utf-8")
    assert run(tmp_path, "import", "shops", str(file), "--good-rows").exit_code == 1
    file.write_text("编号,店名,河道\nS2,b,R01\n", "utf-8")
    assert run(tmp_path, "import", "shops", str(file), "--good-rows").exit_code == 0
    file.write_text("a,b\n", "utf-8")
    assert run(tmp_path, "import", "shops", str(file), "--good-rows").exit_code == 1


def test_only_so_many_mistakes_are_told_one_by_one() -> None:
    wrong = tuple(Wrong(row, "x", "?", Said("yes or no")) for row in range(TOLD + 1))
    lines = list(mistakes(Report("shops", "a.csv", mistakes=wrong)))
    assert (len(lines), lines[-1]) == (TOLD + 1, f"a.csv: … {TOLD + 1} mistakes in all")
    assert lines[1] == "a.csv: row 1, column x: found '?'; accepted: yes or no"


def test_a_form_and_a_demonstration(tmp_path: Path) -> None:
    form = tmp_path / "form.xlsx"
    assert run(tmp_path, "export", "shops", str(form), "--empty").output == f"{form}: 0 rows\n"
    output = run(tmp_path, "seed", "--demo").output
    assert "shop: 200 illustrative" in output
    again = run(tmp_path, "seed", "--demo")
    assert isinstance(again.exception, UsageError)


def test_calibrations_that_are_due(tmp_path: Path) -> None:
    typo = run(tmp_path, "calibrations")
    assert (typo.exit_code, "found no books" in typo.output, list(tmp_path.glob("*.sqlite"))) == (2, True, [])
    assert run(tmp_path, "seed").exit_code == 0
    assert run(tmp_path, "calibrations").output == "nothing is due\n"
    file = tmp_path / "visits.csv"
    file.write_text("编号,站点,到站时间,因子,标准值,下次校准\nV1,S01,2026-01-05 09:00,pH,6.86,2026-02-05\n", "utf-8")
    assert run(tmp_path, "import", "visits", str(file)).exit_code == 0
    lines = run(tmp_path, "calibrations", "--language", "zh").output.splitlines()
    assert lines[0] == "已超期"
    assert lines[1].startswith("  2026-02-05  S01")


@pytest.mark.parametrize(
    "words", [("import", "cats", "x.csv"), ("export", "cats", "x.csv"), ("export", "shops", "x.doc")]
)
def test_what_cannot_be_had(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, "seed").exit_code == 0
    assert isinstance(run(tmp_path, *words).exception, UsageError)
