"""Reference of the commands, from click."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from docs._build.text import cell, code, table

HEAD = {
    "en": (
        "# Commands",
        "Made from the program, version {version}. `riverchief COMMAND --help` says the same.",
        ("option", "meaning"),
        "needed",
        "default",
        "Exit code 0: done. 1: something is wrong, and is told. 2: the command line itself is wrong; "
        "`doctor` and `upgrade-check` have codes of their own.",
    ),
    "zh": (
        "# 命令",
        "由程序生成，版本 {version}。`riverchief 命令 --help` 显示同样内容（英文）。",
        ("选项", "含义"),
        "必填",
        "默认",
        "退出码 0：完成；1：有问题，并已说明；2：命令行写法有误。`doctor` 与 `upgrade-check` 另有约定。",
    ),
}


def commands(group: click.Group, path: tuple[str, ...] = ("riverchief",)) -> Iterator[tuple[str, click.Command]]:
    """Every command that is not hidden, with its full name."""
    context = click.Context(group, info_name=path[-1])
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def page(root: Path, language: str) -> str:
    """The page in a language."""
    from importlib.metadata import version

    from deploy.cli import cli

    title, intro, head, needed, default, codes = HEAD[language]
    parts = [title, "", intro.format(version=version("riverchief")), "", codes, ""]
    for name, command in commands(cli):
        context = click.Context(command, info_name=name)
        usage = " ".join([name, *command.collect_usage_pieces(context)])
        parts += [
            f"## {name}",
            "",
            inspect.cleandoc(command.help or "").replace("<", "&lt;"),
            "",
            "```",
            usage,
            "```",
            "",
        ]
        rows = [
            (
                f"{code(', '.join(option.opts + option.secondary_opts))} {cell(_metavar(option, context))}".strip(),
                _meaning(option, needed, default),
            )
            for option in command.params
            if isinstance(option, click.Option) and not option.hidden
        ]
        if rows:
            parts += [table(head, rows)]
    return "\n".join(parts)


def _metavar(option: click.Option, context: click.Context) -> str:
    return "" if option.is_flag else option.make_metavar(context)


def _meaning(option: click.Option, needed: str, default: str) -> str:
    notes = [needed] if option.required else []
    if option.show_default and option.default is not None and not option.is_flag:
        notes.append(f"{default} `{option.default}`")
    if option.envvar:
        notes.append(f"`{option.envvar}`")
    return cell(option.help or "") + (f" [{', '.join(notes)}]" if notes else "")
