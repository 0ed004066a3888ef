"""Which of Streamlit's files its page asks for, at once and later."""

from __future__ import annotations

from deploy.board.chunks import ROOTS, begun, later, scripts


def test_the_files_are_there_and_are_told_once() -> None:
    folder = scripts().parent
    for addresses in (begun(), later()):
        assert addresses
        assert all((folder / one.removeprefix("./static/")).is_file() for one in addresses)
        assert len(set(addresses)) == len(addresses)
    assert not set(begun()) & set(later())


def test_what_our_pages_draw_with_is_among_them() -> None:
    for root in ROOTS:
        assert any(f"/{root}." in one for one in later()), f"{root} has another name in this Streamlit"


def test_what_they_import_comes_with_them() -> None:
    known = {one.rpartition("/")[2] for one in (*begun(), *later())}
    chart = next(one for one in later() if "/EChartsChart." in one)
    text = (scripts().parent / chart.removeprefix("./static/")).read_text(encoding="utf-8")[:20_000]
    imported = {name for name in known if f'from"./{name}"' in text}
    assert imported
    assert len(imported) == text.count('from"./')
