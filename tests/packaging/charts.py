"""The Helm chart as its tests see it: rendered by helm, and what is in it by what it is for."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.packaging.kube_schemas import VERSION
from tests.packaging.tools import DEPLOY, tool

CHART = DEPLOY / "helm" / "riverchief"

#: Values under which everything of the chart is rendered at least once.
VALUES = sorted((CHART / "ci").glob("*.yaml"))

SOURCE = "go install helm.sh/helm/v3/cmd/helm@v3.21.4"

Object = dict[str, Any]


def helm(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run helm; what it says of symbolic links, which are meant, is left out."""
    done = subprocess.run(
        [tool("helm", SOURCE), *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    told = "".join(line for line in done.stderr.splitlines(keepends=True) if not line.startswith("walk.go"))
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout, told)


def template(values: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Manifests of the chart under some values."""
    return helm("template", "rivers", CHART, "--namespace", "water", "--kube-version", VERSION, "-f", values, *words)


@cache
def rendered(values: Path, *words: str) -> str:
    """Manifests as text; the test fails with what helm said where there are none."""
    done = template(values, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def objects(values: Path, *kinds: str, words: tuple[str, ...] = ()) -> list[Object]:
    """Manifests of some kinds, of every kind where none is named."""
    return [one for one in _parsed(values, *words) if not kinds or one["kind"] in kinds]


@cache
def _parsed(values: Path, *words: str) -> list[Object]:
    return [one for one in yaml.load_all(rendered(values, *words), yaml.CSafeLoader) if one]


def part(one: Object) -> str:
    """What of the system an object belongs to."""
    return str(one["metadata"]["labels"]["app.kubernetes.io/component"])


def pods(values: Path) -> Iterator[tuple[str, Object, Object]]:
    """Part, labels and specification of every pod that the chart starts."""
    for one in objects(values, "Deployment", "StatefulSet", "Job", "CronJob"):
        spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
        yield part(one), spec["template"]["metadata"]["labels"], spec["template"]["spec"]


def containers(values: Path) -> Iterator[tuple[str, Object]]:
    """Part and container, of every pod."""
    for name, _, pod in pods(values):
        for container in pod["containers"]:
            yield name, container


def selects(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a selector of labels finds a pod."""
    plain = selector if "matchLabels" not in selector and "matchExpressions" not in selector else None
    wanted = plain if plain is not None else selector.get("matchLabels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    expressions = [] if plain is not None else selector.get("matchExpressions", [])
    return all((labels.get(one["key"]) in one["values"]) == (one["operator"] == "In") for one in expressions)
