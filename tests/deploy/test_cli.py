"""The command's answers to good and bad input."""

import shutil
import socket
import sys
from pathlib import Path

from deploy.cli import main
from sensors.profile import load_profiles

EXAMPLE = Path(__file__).resolve().parents[2] / "deploy" / "sites" / "xietang"


def run(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["riverchief", *words])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_a_whole_site_is_counted(monkeypatch, capsys) -> None:
    code, out, _ = run(monkeypatch, capsys, "check", str(EXAMPLE))
    assert code == 0
    assert "28 rivers, 40.0 km, 56 stations, 150 outfalls, 274 grids. No mistake found." in out


def test_mistakes_are_listed_and_counted(monkeypatch, capsys, tmp_path) -> None:
    site = Path(shutil.copytree(EXAMPLE, tmp_path / "site"))
    text = (site / "stations.csv").read_text(encoding="utf-8")
    broken = text.replace(",station_cabinet,", ",cabinet,", 1).replace(",60\n", ",soon\n", 1)
    (site / "stations.csv").write_text(broken, encoding="utf-8")
    code, out, err = run(monkeypatch, capsys, "check", str(site))
    assert (code, out) == (1, "")
    assert "column profile: found 'cabinet'; accepted: an instrument profile: station_cabinet" in err
    assert "column period_s: found 'soon'; accepted: a number from 1 to 86400 s" in err
    assert err.endswith("2 mistakes found.\n")


def test_profiles_are_listed(monkeypatch, capsys) -> None:
    code, out, _ = run(monkeypatch, capsys, "profiles")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(load_profiles())


def test_a_port_in_use_is_one_clear_sentence(monkeypatch, capsys, tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run(monkeypatch, capsys, "simulate", "--port", str(port), "--data", str(tmp_path / "var"))
    assert (code, out) == (1, "")
    assert err == (f"riverchief: port {port} is in use: is the board already running? Choose another with --port.\n")


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    data = tmp_path / "file" / "var"
    code, _, err = run(monkeypatch, capsys, "simulate", "--port", "1", "--data", str(data))
    assert code == 1
    assert err.startswith(f"riverchief: cannot write to {data}: Not a directory.")
    assert err.count("\n") == 1


def test_options_that_need_a_replay_say_so(monkeypatch, capsys) -> None:
    for option in (("--once",), ("--day", "2021-04-01"), ("--station", "a")):
        code, _, err = run(monkeypatch, capsys, "simulate", *option)
        assert code == 2
        assert f"{option[0]} goes with --replay FILE" in err


def test_a_record_that_is_not_there(monkeypatch, capsys, tmp_path) -> None:
    words = ("simulate", "--port", "1", "--data", str(tmp_path / "v"), "--replay", str(tmp_path / "none.csv"))
    code, _, err = run(monkeypatch, capsys, *words)
    assert code == 1
    assert "none.csv" in err
