from __future__ import annotations

from dashboard.casework.exchange.said import Said, Wrong

CHINESE = {
    "a number from {low} to {high}": "{low} 至 {high} 的数",
    "file: found {found}; accepted: {accepted}": "文件：{found}；应为{accepted}",
    "nothing": "空",
    "row {row}: found {found}; accepted: {accepted}": "第{row}行：{found}；应为{accepted}",
    "row {row}, column {column}: found {found}; accepted: {accepted}": "第{row}行，{column}列：{found}；应为{accepted}",
}


def chinese(message: str, **values: object) -> str:
    return CHINESE[message].format(**values)


def test_a_mistake_in_english_and_in_the_reader_s_language() -> None:
    wrong = Wrong(7, "桩号", "x", Said("a number from {low} to {high}", low=0, high=9))
    assert str(wrong.problem("a.csv")) == "a.csv: row 7, column 桩号: found 'x'; accepted: a number from 0 to 9"
    assert wrong.told(chinese) == "第7行，桩号列：x；应为0 至 9 的数"
    whole = Wrong(0, "", "", Said("a number from {low} to {high}", low=0, high=9))
    assert str(whole.problem("a.csv")) == "a.csv: file: found nothing; accepted: a number from 0 to 9"
    assert whole.told(chinese) == "文件：空；应为0 至 9 的数"
    row = Wrong(3, "", "", Said("a number from {low} to {high}", low=0, high=9))
    assert row.told(chinese) == "第3行：空；应为0 至 9 的数"


def test_sentences_are_equal_by_what_they_say() -> None:
    assert Said("yes or no") == Said("yes or no") != Said("one of {words}", words="a")
    assert Said("a", x=1) != Said("a", x=2)
    assert Said("a") != "a"
    assert repr(Said("{x}", x=1)) == "Said(1)"
