"""Reference of the instrument profiles, from their files."""

from __future__ import annotations

from pathlib import Path

from docs._build.text import cell, code, table

HEAD = {
    "en": (
        "# Models that ship",
        "Made from `sensors/profiles/`. How to write one: [Write a profile](../guides/write-profile.md); "
        "every key: [profiles](../profiles.md).",
        ("profile", "instrument", "measures", "register", "address", "type", "unit", "note"),
        ("Line as it leaves the factory", "Source", "Known by", "Notes", "May be told to", "Has to be started"),
    ),
    "zh": (
        "# 自带型号",
        "由 `sensors/profiles/` 生成。怎样写一个：[编写型号文件](../guides/write-profile.md)；"
        "全部字段：[profiles](../profiles.md)。",
        ("型号", "仪器", "测量", "寄存器", "地址", "类型", "单位", "说明"),
        ("出厂串口设置", "出处", "依据", "提示", "可下达的指令", "须先启动"),
    ),
}


def page(root: Path, language: str) -> str:
    """The page in a language."""
    from sensors.profile import load_profiles

    title, intro, head, labels = HEAD[language]
    known = load_profiles()
    rows = [
        (f"[{name}](#{name})", cell(f"{one.vendor} {one.model}"), cell(", ".join(one.determinands)))
        for name, one in known.items()
    ]
    parts = [title, "", intro, "", table(head[:3], rows)]
    for name, one in known.items():
        parts += [f"## {name} {{: #{name} }}", "", f"{cell(one.vendor)} {cell(one.model)}", ""]
        parts += [f"- {labels[1]}: {cell(one.source)}"]
        if one.evidence:
            parts += [f"- {labels[2]}: {cell(one.evidence)}"]
        if one.serial is not None:
            line = one.serial
            shown = f"{line.baud} Bd, {line.bytesize}{line.parity}{line.stopbits}, unit {line.unit}"
            parts += [f"- {labels[0]}: {shown}"]
        if one.start is not None:
            parts += [f"- {labels[5]}"]
        if one.commands:
            parts += [f"- {labels[4]}: " + ", ".join(f"{code(each.name)} ({each.kind})" for each in one.commands)]
        parts += [f"- {labels[3]}: {cell('. '.join(one.notes))}"] if one.notes else []
        parts += [
            "",
            table(
                head[3:],
                [
                    (code(each.name), str(each.address), code(each.type), cell(each.unit), cell(each.note))
                    for each in one.registers
                ],
            ),
        ]
    return "\n".join(parts)
