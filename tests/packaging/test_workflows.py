"""The workflows of GitHub: of its schema, linted, and not open to what a pull request brings."""

from __future__ import annotations

import re

import yaml

from tests.packaging.tools import ROOT, ran, tool

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))


def test_they_are_what_github_reads() -> None:
    check = tool("check-jsonschema", "PyPI package check-jsonschema, in the dev group")
    assert [path.name for path in FILES] == ["ci.yml", "release.yml"]
    ran(check, "--builtin-schema", "vendor.github-workflows", *FILES)


def test_actionlint_is_content() -> None:
    ran(tool("actionlint", "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"), *FILES)


def test_zizmor_is_content() -> None:
    zizmor = tool("zizmor", "PyPI package zizmor, in the dev group")
    ran(zizmor, "--offline", "--no-progress", "--config", ROOT / ".github" / "zizmor.yml", FOLDER)


def test_rights_are_small_and_every_action_has_a_version() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        found = yaml.safe_load(text)
        assert found["permissions"] == {"contents": "read"}
        assert all(job["timeout-minutes"] <= 90 for job in found["jobs"].values())
        assert "pull_request_target" not in text
        for action in re.findall(r"uses: (\S+)", text):
            # By commit, or for GitHub's own by version.
            assert re.fullmatch(r"actions/[\w-]+@v\d+|[\w./-]+@[0-9a-f]{40}", action), action


def test_what_runs_there_is_what_runs_here() -> None:
    assert "run: bash .ci/run\n" in (FOLDER / "ci.yml").read_text("utf-8")
