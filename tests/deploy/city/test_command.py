"""`riverchief city` as it is asked for."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from deploy.city import command
from sensors.errors import UsageError


@pytest.mark.parametrize(("name", "words"), [
    ("bridge", ("--store", "--books", "--again", "--kafka-config", "--metrics")),
    ("watch", ("--state", "--name", "--commit", "--partitions", "--replication")),
])  # fmt: skip
def test_help_names_the_options(name, words) -> None:
    told = CliRunner().invoke(command.command, [name, "--help"])
    assert told.exit_code == 0
    assert all(word in told.output for word in words)


def test_a_missing_library_is_named(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    told = CliRunner().invoke(command.command, ["watch", "--kafka", "k:9092", "--state", str(tmp_path)])
    assert isinstance(told.exception, UsageError)
    assert ".[hub,city]" in str(told.exception)


def test_kafka_may_come_from_the_environment(monkeypatch, tmp_path) -> None:
    pytest.importorskip("quixstreams")
    asked = []
    monkeypatch.setattr("deploy.city.worker.serve", lambda city, name, state, **rest: asked.append((city, name, rest)))
    told = CliRunner().invoke(
        command.command, ["watch", "--state", str(tmp_path), "--name", "w"],
        env={"RIVERCHIEF_KAFKA": "k:9092", "RIVERCHIEF_METRICS": "127.0.0.1:0"},
    )  # fmt: skip
    assert told.exit_code == 0, told.exception
    [(city, name, rest)] = asked
    assert (city.servers, name, rest["metrics"]) == ("k:9092", "w", "127.0.0.1:0")
