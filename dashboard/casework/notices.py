"""Notices (督办单 / 整改通知单): numbered without gaps as they are issued, printed as Word and as PDF.

What a notice says is kept with it, so that it can be printed again as it went out. Text that people wrote is put into
the form as text; it is never read as a form itself.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import DEPARTMENT_STATES, Actor, StepRefusedError
from dashboard.casework.marked import _
from dashboard.casework.order_effects import note
from dashboard.casework.orders import find_order
from dashboard.casework.sequences import next_number, take_turn
from dashboard.casework.tables.orders import EventLink, Notice, Order
from sensors.determinand import DETERMINANDS
from sensors.errors import ConfigError, Problem, UsageError

#: Kinds and what stands at the head of each, after the name of the site.
KINDS: Mapping[str, str] = MappingProxyType({"supervision": "督办单", "rectification": "整改通知单"})

URGENCY_WORDS: Mapping[str, str] = MappingProxyType({"normal": "一般", "urgent": "加急", "critical": "紧急"})

FORMS = Path(__file__).resolve().parent / "templates"

#: Characters that a Word form would take for layout of its own, or that XML cannot carry.
_DROPPED = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])


def issue(session: Session, desk: Desk, number: str, kind: str, actor: Actor, now_ms: int, department: str) -> Notice:
    """Issue a notice to a department of an order.

    Its number is taken in this transaction: one that is not committed leaves no gap.

    Parameters
    ----------
    session : Session
    desk : Desk
    number : str
        Our own number of the order.
    kind : {'supervision', 'rectification'}
    actor : Actor
        Of the office.
    now_ms : int
        Milliseconds since the epoch, UTC.
    department : str

    Raises
    ------
    StepRefusedError
        If the order is not with its departments, the department has no part in it, or the actor may not.
    """
    take_turn(session)
    order = find_order(session, number)
    if kind not in KINDS:
        raise StepRefusedError(_("there is no notice {kind}"), kind=kind)
    if not actor.may("order.notice"):
        raise StepRefusedError(_("{action} is not for the role {role}"), action="notice", role=actor.role)
    if order.state not in DEPARTMENT_STATES:
        raise StepRefusedError(
            _("{action} is not possible while the order is {state}"), action="notice", state=order.state
        )
    if department not in {part.department for part in order.parts if part.state != "returned"}:
        raise StepRefusedError(_("the department has no part in this order"))
    year = desk.calendar.day(now_ms).year
    series = f"{kind}-{year}"
    sequence = next_number(session, series)
    form = getattr(desk.settings.numbers, kind)
    printed = form.format(site=desk.site.name, year=year, sequence=sequence)
    notice = Notice(
        series=series, sequence=sequence, number=printed, kind=kind, order_number=number, department=department,
        issued_ms=now_ms, issued_by=actor.account,
        content=_content(session, desk, order, kind, printed, department, now_ms),
    )  # fmt: skip
    session.add(notice)
    note(order, actor, now_ms, "notice", order.state, order.state, printed, department=department)
    session.flush()
    return notice


def notice_docx(notice: Notice, folder: Path | None = None) -> bytes:
    """The notice as a Word document.

    Parameters
    ----------
    notice : Notice
    folder : Path, optional
        The site's folder, whose ``templates/notice-KIND.docx`` is used where there is one.

    Raises
    ------
    ConfigError
        If the form cannot be filled.
    """
    from docx.opc.exceptions import OpcError
    from docxtpl import DocxTemplate
    from jinja2 import StrictUndefined, TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    own = folder / "templates" / f"notice-{notice.kind}.docx" if folder is not None else None
    path = own if own is not None and own.is_file() else FORMS / f"notice-{notice.kind}.docx"
    try:
        form = DocxTemplate(str(path))
        form.render(_clean(notice.content), SandboxedEnvironment(undefined=StrictUndefined), autoescape=True)
        written = io.BytesIO()
        form.save(written)
    except TemplateError as error:
        _unusable(path, error.message or type(error).__name__)
    except (OpcError, KeyError, ValueError, OSError) as error:
        _unusable(path, f"no Word document ({error})")
    return written.getvalue()


def notice_pdf(notice: Notice) -> bytes:
    """The notice as a PDF.

    Raises
    ------
    UsageError
        If the machine has no font with Chinese characters.
    """
    from weasyprint import HTML

    if not _chinese_font():
        raise UsageError("a PDF needs a font with Chinese characters: install the Debian package fonts-noto-cjk")
    document: bytes = HTML(string=notice_html(notice), url_fetcher=_no_fetching).write_pdf()
    return document


def notice_html(notice: Notice) -> str:
    """The notice as a page: what is printed as PDF."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    forms = Environment(loader=FileSystemLoader(FORMS), undefined=StrictUndefined, autoescape=True)
    return forms.get_template("notice.html").render(_clean(notice.content))


def _content(
    session: Session, desk: Desk, order: Order, kind: str, printed: str, department: str, now_ms: int
) -> dict[str, object]:
    site = desk.site
    river = site.rivers.get(order.river or "")
    own = next(part for part in order.parts if part.department == department)
    others = [_department(desk, part.department) for part in order.parts if part is not own]
    return {
        "kind": kind,
        "heading": f"{site.name}{KINDS[kind]}",
        "number": printed,
        "department": _department(desk, department),
        "title": order.title,
        "order": order.code or order.number,
        "river": "" if river is None else river.name,
        "urgency": URGENCY_WORDS[order.urgency],
        "text": order.text,
        "requirement": own.requirement,
        "due": "" if own.due_ms is None else _date(desk, own.due_ms, "%Y年%m月%d日 %H:%M"),
        "others": "、".join(others),
        "evidence": _evidence(session, desk, order),
        "office": f"{site.name}河长制办公室",
        "issued": _date(desk, now_ms, "%Y年%m月%d日"),
    }


def _evidence(session: Session, desk: Desk, order: Order) -> list[str]:
    """Readings that stand out in the newest event of the case, one line each."""
    query = select(EventLink).where(EventLink.order_number == order.number)
    link = session.scalars(query.order_by(EventLink.start_ms.desc(), EventLink.event).limit(1)).first()
    rows = link.evidence.get("readings", []) if link is not None else []
    lines = []
    for row in rows if isinstance(rows, list) else []:
        station, key = desk.site.stations.get(row["station"]), DETERMINANDS.get(row["determinand"])
        if station is None or key is None:
            continue
        before = row["before_mean"]
        earlier = "" if before is None else f"，此前 24 小时均值 {before:.{key.decimals}f}"
        unit = f" {key.unit}" if key.unit else ""
        spread = f"{row['minimum']:.{key.decimals}f}–{row['maximum']:.{key.decimals}f}"
        lines.append(f"{station.name} {key.name}：{spread}{unit}{earlier}")
    return lines


def _department(desk: Desk, department: str) -> str:
    known = desk.site.departments.get(department)
    return department if known is None else known.name


def _date(desk: Desk, time_ms: int, form: str) -> str:
    return datetime.fromtimestamp(time_ms / 1000, desk.calendar.zone).strftime(form)


def _clean(content: Mapping[str, object]) -> dict[str, Any]:
    def clean(value: object) -> object:
        if isinstance(value, list):
            return [clean(item) for item in value]
        return str(value).replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED)

    return {key: clean(value) for key, value in content.items()}


def _unusable(path: Path, found: str) -> NoReturn:
    accepted = "a Word document (.docx) with {{ names }} of docs/casework.md"
    raise ConfigError([Problem(path.name, "form", found, accepted)])


def _no_fetching(url: str, *_args: object, **_kwargs: object) -> NoReturn:
    raise ValueError(f"a notice loads nothing from elsewhere: {url}")


@cache
def _chinese_font() -> bool:
    """Whether fontconfig knows a font for Chinese; without one, every character would be an empty box."""
    program = shutil.which("fc-list")
    if program is None:
        return False
    found = subprocess.run([program, ":lang=zh-cn", "family"], capture_output=True, check=False, timeout=30)
    return bool(found.stdout.strip())
