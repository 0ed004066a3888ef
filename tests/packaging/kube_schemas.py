"""What Kubernetes says of its objects, as JSON schemas for kubeconform, which would fetch them from the internet.

``python -m tests.packaging.kube_schemas SWAGGER FOLDER`` makes them from ``api/openapi-spec/swagger.json``, which comes
with the Go module ``k8s.io/kubernetes`` (a zip of it will do). They are strict: a key that an object does not have is a
mistake, because Kubernetes would drop it without a word; and so is a null, by which a template lost its value.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Of which release; .ci/run fetches the module of the same.
VERSION = "1.34.4"

_SPEC = "api/openapi-spec/swagger.json"
_PREFIX = "#/definitions/"

#: Types that the specification calls strings although numbers are accepted.
_LOOSE: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["string", "number"],
        "pattern": r"^[+-]?[0-9.]+([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$",
    },
}


def strict(definition: dict[str, Any]) -> dict[str, Any]:
    """A definition that accepts what it names and nothing else."""
    made = {key: value for key, value in definition.items() if not key.startswith("x-") and key != "description"}
    if "properties" in made:
        made["properties"] = {name: strict(one) for name, one in made["properties"].items()}
        made.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = strict(made[key])
    return made


def needed(name: str, definitions: dict[str, Any]) -> set[str]:
    """Names of all definitions that one rests on, itself included."""
    found, open_ = {name}, [name]
    while open_:
        for other in re.findall(rf'"\$ref": "{_PREFIX}([^"]+)"', json.dumps(definitions[open_.pop()])):
            if other not in found:
                found.add(other)
                open_.append(other)
    return found


def schemas(spec: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name of a file as kubeconform looks for it, and what goes in, for every kind that a manifest may have."""
    definitions = {name: strict(one) for name, one in spec["definitions"].items()} | _LOOSE
    for name, one in spec["definitions"].items():
        kinds = one.get("x-kubernetes-group-version-kind", [])
        # Options of requests are of every group, and in no manifest.
        if len(kinds) != 1 or not {"apiVersion", "kind"} <= one.get("properties", {}).keys():
            continue
        [kind] = kinds
        group, version = kind["group"], kind["version"]
        own = json.loads(json.dumps(definitions[name]))
        own["properties"]["apiVersion"]["enum"] = [f"{group}/{version}" if group else version]
        own["properties"]["kind"]["enum"] = [kind["kind"]]
        own["required"] = sorted(
            {*own.get("required", []), "apiVersion", "kind", "metadata"} & own["properties"].keys()
        )
        others = needed(name, definitions) - {name}
        own["definitions"] = {other: definitions[other] for other in sorted(others)}
        # kubeconform names a file by the first word of the group only.
        parts = [kind["kind"], *([group.split(".")[0]] if group else []), version]
        yield f"{'-'.join(parts).lower()}.json", own


def read(source: Path) -> dict[str, Any]:
    """The specification from a file, or from the zip of the module."""
    if source.suffix != ".zip":
        return dict(json.loads(source.read_text("utf-8")))
    with zipfile.ZipFile(source) as module:
        [name] = [name for name in module.namelist() if name.endswith(_SPEC)]
        return dict(json.loads(module.read(name)))


def folder_of(servers: Path) -> Path:
    """Where the schemas of this version lie."""
    return servers / "kubernetes" / f"v{VERSION}"


def main() -> None:
    """Write every schema; the folder is there when all of them are."""
    source, folder = Path(sys.argv[1]), folder_of(Path(sys.argv[2]))
    spec = read(source)
    assert spec["info"]["version"] in (f"v{VERSION}", "unversioned"), spec["info"]
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, schema in schemas(spec):
        (part / name).write_text(json.dumps(schema), "utf-8")
        count += 1
    part.rename(folder)
    print(f"{folder}: {count} schemas")


if __name__ == "__main__":
    main()
