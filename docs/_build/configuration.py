"""Reference of the settings of a site folder, from the dataclasses that read them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, time
from pathlib import Path
from typing import Any, get_type_hints

from docs._build.text import attributes, cell, code, first_line, table

HEAD = {
    "en": (
        "# Settings",
        "Made from the code: every key, its default and what is accepted. Files and columns: "
        "[site folder](../site-folder.md). All these files but `site.toml` may be left out, and so may every key that "
        "has a default.",
        ("key", "default", "accepted", "meaning"),
        ("key", "default", "accepted"),
        "no default: needed where the table is there",
        'Keys of `[all]`; `[determinand.NAME]`, `[station.ID]` and `[channel."ID/NAME"]` take the same ones, '
        "the narrower wins. What they do: [quality control](../quality.md).",
        "value of the same kind",
    ),
    "zh": (
        "# 配置项",
        "由代码生成：每个键、默认值和可接受的范围（含义为英文原文）。各文件与各列见[站点文件夹](../site-folder.md)。"
        "除 `site.toml` 外的文件都可省略，有默认值的键也可省略。",
        ("键", "默认", "可接受", "含义"),
        ("键", "默认", "可接受"),
        "无默认值：写了该表就必须填写",
        '`[all]` 的键；`[determinand.名称]`、`[station.编号]`、`[channel."编号/名称"]` 使用同样的键，范围小的优先。'
        "作用见[质控](../quality.md)。",
        "同类的值",
    ),
}


def page(root: Path, language: str) -> str:
    """The page in a language."""
    from dashboard.alerts.settings import AlertSettings, OutboxSettings, RaiseSettings, Route, TellSettings
    from dashboard.casework import settings as casework
    from sensors.platform import Platform
    from sensors.site_settings import _ASSESSMENT, _PERIODS, AssessmentSettings, PeriodSettings

    title, intro, head, short, needed, quality, same = HEAD[language]
    parts = [title, "", intro, ""]

    def add(name: str, kind: type, bounds: Mapping[str, Any] | None = None) -> None:
        if name:
            parts.extend(["", f"### `{name}`"])
        parts.extend(["", cell(first_line(kind)), "", table(head, _rows(kind, bounds or {}, needed))])

    parts += ["## site.toml", ""]
    add("[assessment]", AssessmentSettings, _ASSESSMENT)
    add("[periods]", PeriodSettings, _PERIODS)
    add("[[platform]]", Platform)
    parts += ["", "## alerts.toml", ""]
    add("", AlertSettings)
    add("[raise]", RaiseSettings)
    add("[tell]", TellSettings)
    add("[outbox]", OutboxSettings)
    add("[[route]]", Route)
    parts += ["", "## casework.toml", ""]
    for name, kind in get_type_hints(casework.OfficeSettings).items():
        if isinstance(kind, type) and is_dataclass(kind):
            add(f"[{name}]", kind)
    parts += ["", "### `[groups]`", "", cell(attributes(casework.OfficeSettings)["groups"]), ""]
    limits = tomllib.loads((root / "analytics/qc/default.toml").read_text(encoding="utf-8"))["all"]
    parts += [
        "",
        "## quality.toml",
        "",
        quality,
        "",
        table(short, ((code(k), code(v), same) for k, v in limits.items())),
    ]
    return "\n".join(parts)


def _rows(kind: type, bounds: Mapping[str, Any], needed: str) -> Iterator[tuple[str, ...]]:
    said = attributes(kind)
    for each in fields(kind):
        if each.default_factory is not MISSING and is_dataclass(each.default_factory()):
            continue  # a table of its own
        yield code(each.name), _default(each, needed), _accepted(each, bounds), cell(said.get(each.name, ""))


def _default(each: Field[Any], needed: str) -> str:
    if each.default is not MISSING:
        return code(_written(each.default))
    if each.default_factory is not MISSING:
        return code(_written(each.default_factory()))
    return needed


def _written(value: Any) -> str:
    """A value as it stands in TOML, as far as a reader needs it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, time):
        return f'"{value:%H:%M}"'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return "[...]" if any(is_dataclass(one) for one in value) else f"[{', '.join(map(_written, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_written(one)}" for key, one in value.items()) + "}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _accepted(each: Field[Any], bounds: Mapping[str, Any]) -> str:
    pair = each.metadata.get("bounds") or tuple(bounds.get(each.name, ()))[1:]
    return f"{pair[0]:g} – {pair[1]:g}" if pair else ""
