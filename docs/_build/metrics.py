"""Reference of the metrics, from the calls that tell them."""

from __future__ import annotations

import ast
from pathlib import Path

from docs._build.text import cell, code, table

HEAD = {
    "en": (
        "# Metrics",
        "Made from the code. Each service serves `/metrics` where `--metrics` says; "
        "what to watch and when to worry is in [operation](../operation.md#metrics-and-health).",
        ("name", "kind", "labels", "meaning"),
    ),
    "zh": (
        "# 指标",
        "由代码生成。各服务在 `--metrics` 指定的地址提供 `/metrics`；"
        "重点看哪些、何时告警，见[运行](../operation.md#metrics-and-health)。",
        ("名称", "种类", "标签", "含义"),
    ),
}


def told(root: Path) -> list[tuple[str, str, str, str]]:
    """Name, kind, labels and help of every metric."""
    from deploy.metrics.text import PREFIX

    found = []
    for path in sorted((root / "deploy").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or len(call.args) < 2:
                continue
            kind = getattr(call.func, "attr", getattr(call.func, "id", ""))
            name, help_ = (arg.value if isinstance(arg, ast.Constant) else None for arg in call.args[:2])
            if kind in ("gauge", "counter") and isinstance(name, str) and isinstance(help_, str):
                labels = [label for word in call.keywords for label in _labels(word, tree)]
                found.append((PREFIX + name, kind, ", ".join(labels), help_))
    return found


def _labels(word: ast.keyword, tree: ast.Module) -> list[str]:
    """Labels of one keyword: its own name, or those of the dictionary that it unpacks."""
    if word.arg:
        return [word.arg]
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(word.value, ast.Name):
            for target, value in _pairs(node):
                if isinstance(target, ast.Name) and target.id == word.value.id and isinstance(value, ast.Dict):
                    found += [str(key.value) for key in value.keys if isinstance(key, ast.Constant)]
    return list(dict.fromkeys(found))


def _pairs(node: ast.Assign) -> list[tuple[ast.expr, ast.expr]]:
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
        return list(zip(target.elts, node.value.elts, strict=False))
    return [(target, node.value)]


def page(root: Path, language: str) -> str:
    """The page in a language."""
    title, intro, head = HEAD[language]
    rows = {name: (code(name), kind, code(labels), cell(help_)) for name, kind, labels, help_ in told(root)}
    return "\n".join([title, "", intro, "", table(head, [rows[name] for name in sorted(rows)])])
