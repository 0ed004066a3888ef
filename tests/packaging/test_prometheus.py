"""Prometheus' files: valid, tested, and about figures that the program really tells."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.packaging.tools import DEPLOY, metrics, ran, tool, used_metrics

FOLDER = DEPLOY / "prometheus"
SOURCE = "Debian package prometheus"


def test_promtool_is_content() -> None:
    promtool = tool("promtool", SOURCE)
    ran(promtool, "check", "config", "prometheus.yml", cwd=FOLDER)
    ran(promtool, "check", "rules", "rules.yml", cwd=FOLDER)


def test_rules_fire_when_they_should() -> None:
    assert "SUCCESS" in ran(tool("promtool", SOURCE), "test", "rules", "rules_test.yml", cwd=FOLDER)


def test_every_figure_in_a_rule_is_one_that_the_program_tells() -> None:
    used = used_metrics((FOLDER / "rules.yml").read_text("utf-8"))
    assert len(used) > 15
    assert used - metrics() == set()


def test_every_rule_says_how_urgent_it_is_and_what_to_do() -> None:
    rules = [
        rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text("utf-8"))["groups"] for rule in group["rules"]
    ]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_targets_are_where_compose_has_them() -> None:
    compose = (DEPLOY / "compose.yaml").read_text("utf-8") + (DEPLOY / "containers" / "nginx.conf").read_text("utf-8")
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    targets = [
        target for job in config["scrape_configs"] for one in job.get("static_configs", []) for target in one["targets"]
    ]
    assert len(targets) == 3
    for target in targets:
        name, _, port = target.partition(":")
        assert f"\n  {name}:\n" in compose
        assert f"--metrics=0.0.0.0:{port}" in compose or f"listen {port};" in compose


def test_files_that_a_config_names_are_there() -> None:
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text("utf-8"))
    assert [name for name in config["rule_files"] if not (Path(FOLDER) / name).is_file()] == []
