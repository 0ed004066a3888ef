"""A report as PDF, as it goes out and is kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from dashboard.casework.notices import _chinese_font
from dashboard.reports.drawing import svg
from dashboard.reports.figures import COLOURS, WRITING
from dashboard.reports.model import Report, Stamp
from sensors.errors import UsageError

FORMS = Path(__file__).resolve().parent / "templates"


def pdf(report: Report, stamp: Stamp) -> bytes:
    """The document.

    Raises
    ------
    UsageError
        If the machine has no font with Chinese characters.
    """
    from weasyprint import HTML

    if not _chinese_font():
        raise UsageError("a PDF needs a font with Chinese characters: install the Debian package fonts-noto-cjk")
    identifier = bytes.fromhex(report.digest)[:16]
    page = HTML(string=html(report, stamp), url_fetcher=_no_fetching)
    document: bytes = page.write_pdf(pdf_identifier=identifier)
    return document


def html(report: Report, stamp: Stamp) -> str:
    """The report as a page: what is printed as PDF. Text of people is escaped; pictures are our own."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def drawn(figure: Any) -> Any:
        return Markup(svg(figure.drawing, figure.alt))

    forms = Environment(loader=FileSystemLoader(FORMS), undefined=StrictUndefined, autoescape=True)
    made = datetime.fromtimestamp(stamp.made_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return forms.get_template("report.html").render(
        report=report, stamp=stamp, made=made, drawn=drawn, colours=COLOURS, writing=WRITING
    )


def _no_fetching(url: str, *_args: object, **_kwargs: object) -> NoReturn:
    raise ValueError(f"a report loads nothing from elsewhere: {url}")
