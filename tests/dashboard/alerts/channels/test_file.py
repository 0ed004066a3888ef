from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

from dashboard.alerts.channels.base import Told
from dashboard.alerts.channels.file import File

TOLD = Told.of("1", "info", "标题", ["行"])


def test_every_message_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "told.jsonl"
    for _ in range(2):
        assert asyncio.run(File(path).send("li", TOLD)).ok
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(line["to"], line["title"], line["lines"]) for line in lines] == [("li", "标题", ["行"])] * 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_is_an_answer(tmp_path: Path) -> None:
    answer = asyncio.run(File(tmp_path / "none" / "x").send("li", TOLD))
    assert not answer.ok
    assert "No such file" in answer.text
