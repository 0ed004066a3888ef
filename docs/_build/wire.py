"""Reference of topics and messages, from `docs/asyncapi.yaml` and `docs/schema/`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from docs._build.text import cell, code, table

HEAD = {
    "en": (
        "# Topics and messages",
        "Made from [asyncapi.yaml](../asyncapi.yaml) and the JSON schemas. How they work together: [wire](../wire.md).",
        ("topic", "a gateway", "what", "schema"),
        ("sends", "receives"),
        ("key", "type", "needed", "accepted", "meaning"),
        "yes",
    ),
    "zh": (
        "# 主题与消息",
        "由 [asyncapi.yaml](../asyncapi.yaml) 和 JSON Schema 生成。它们如何配合见 [wire](../wire.md)。",
        ("主题", "网关", "内容", "Schema"),
        ("发送", "接收"),
        ("键", "类型", "必填", "可接受", "含义"),
        "是",
    ),
}

#: Keywords of JSON Schema that bound a value.
_BOUNDS = ("const", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")


def page(root: Path, language: str) -> str:
    """The page in a language."""
    title, intro, head, (sends, receives), columns, yes = HEAD[language]
    api = yaml.safe_load((root / "docs/asyncapi.yaml").read_text(encoding="utf-8"))
    sent = {one["channel"]["$ref"].rpartition("/")[2] for one in api["operations"].values() if one["action"] == "send"}
    sent |= {one["reply"]["channel"]["$ref"].rpartition("/")[2] for one in api["operations"].values() if "reply" in one}
    rows = [
        (
            code(channel["address"]),
            sends if name in sent else receives,
            cell(channel["description"]),
            f"[{name}](#{name}), [JSON](../schema/{name}.json)",
        )
        for name, channel in api["channels"].items()
    ]
    parts = [title, "", intro, "", table(head, rows)]
    for name in api["channels"]:
        schema = json.loads((root / f"docs/schema/{name}.json").read_text(encoding="utf-8"))
        parts += [f"## {name}", "", cell(schema.get("description", "")), "", table(columns, _keys(schema, yes))]
        for part, inner in schema.get("$defs", {}).items():
            if "properties" in inner:
                parts += [f"### {name}: {part}", "", cell(inner.get("description", "")), ""]
                parts += [table(columns, _keys(inner, yes))]
    return "\n".join(parts)


def _keys(schema: Mapping[str, Any], yes: str) -> Iterator[tuple[str, ...]]:
    needed = schema.get("required", ())
    for key, value in schema.get("properties", {}).items():
        bounds = ", ".join(f"{word} {json.dumps(value[word])}" for word in _BOUNDS if word in value)
        yield (
            code(key),
            cell(_type(value)),
            yes if key in needed else "",
            code(bounds),
            cell(value.get("description", "")),
        )


def _type(value: Mapping[str, Any]) -> str:
    if "$ref" in value:
        return str(value["$ref"]).rpartition("/")[2]
    if "anyOf" in value:
        return " / ".join(dict.fromkeys(_type(each) for each in value["anyOf"]))
    if "items" in value:
        return f"array of {_type(value['items'])}"
    kind = value.get("type", "enum" if "enum" in value else "any")
    return " / ".join(kind) if isinstance(kind, list) else str(kind)
