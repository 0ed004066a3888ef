"""Steps on the page: each role is offered what the order's life offers, does it, and is refused what it lacks."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from dashboard.casework.audit import AuditEntry
from dashboard.casework.database import Books
from dashboard.casework.order_lists import Story, story
from dashboard.casework.tables.orders import OrderPart
from tests.dashboard.views.cases_made import copied, of_state
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.lived_in import VIEWERS

Run = Callable[..., AppTest]


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Books]:
    opened = copied(monkeypatch, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def run(page_test: PageTest, books: Books) -> Run:
    def opened(number: str, viewer: Mapping[str, object], lang: str = "en") -> AppTest:
        app = page_test("orders", lang=lang, viewer=dict(viewer), order=number).run()
        assert not app.exception
        return app

    return opened


def told(books: Books, number: str) -> Story:
    with books.read() as session:
        found = story(session, number)
        assert found is not None
        return found


def choose(app: AppTest, action: str) -> AppTest:
    radio = next(one for one in app.radio if (one.key or "").startswith("step-"))
    radio.set_value(action).run()
    assert not app.exception
    return app


def send(app: AppTest) -> AppTest:
    next(one for one in app.button if (one.key or "").startswith("take-")).click().run()
    assert not app.exception
    return app


def photo() -> tuple[str, bytes, str]:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#123456").save(out, "JPEG")
    return "IMG.jpg", out.getvalue(), "image/jpeg"


def whose(books: Books, number: str, *, lead: bool) -> dict[str, Any]:
    query = select(OrderPart.department).where(OrderPart.order_number == number, OrderPart.lead.is_(lead))
    with books.read() as session:
        department = session.scalars(query).first()
    return {"account": "li", "name": "Li", "role": "department", "department": department}


def test_a_draft_is_registered_and_assigned_by_the_office(run: Run, books: Books) -> None:
    number = of_state(books, "draft")
    app = send(choose(run(number, VIEWERS["office"]), "register"))
    assert [one.value.replace("\\", "") for one in app.success] == ["Register: done"]
    assert told(books, number).order.state == "registered"
    app = choose(app, "assign")
    app.text_area[0].set_value("see to it").run()
    send(app)
    order = told(books, number).order
    assert (order.state, order.urgency, len(order.parts)) == ("assigned", "normal", 1)
    assert order.parts[0].requirement == "see to it"
    assert order.due_ms is not None
    with books.read() as session:
        assert session.scalars(select(AuditEntry.actor).order_by(AuditEntry.seq.desc())).first() == "wang"


def test_a_refusal_is_told_and_changes_nothing(run: Run, books: Books) -> None:
    number = of_state(books, "draft")
    app = send(choose(run(number, VIEWERS["office"], "zh"), "dismiss"))
    assert [one.value for one in app.error] == ["不予登记需要文字说明"]
    assert told(books, number).order.state == "draft"


def test_a_department_accepts_with_a_photo_and_not_without(run: Run, books: Books) -> None:
    number = of_state(books, "redo")
    app = choose(run(number, whose(books, number, lead=True)), "accept")
    app.text_area[0].set_value("on site").run()
    app = send(app)
    assert [one.value for one in app.error] == ["Accept needs a photo"]
    assert len(told(books, number).files) == 2, "a refused step leaves no file"
    app.file_uploader[0].set_value([photo()]).run()
    send(app)
    found = told(books, number)
    assert (found.order.state, len(found.files), found.steps[-1].files) == ("accepted", 3, [found.files[-1].id])


def test_a_file_that_is_none_is_refused(run: Run, books: Books) -> None:
    number = of_state(books, "redo")
    app = choose(run(number, whose(books, number, lead=True)), "accept")
    app.text_area[0].set_value("on site").run()
    app.file_uploader[0].set_value([("a.jpg", b"<script>", "image/jpeg")]).run()
    app = send(app)
    assert "no file that is kept" in app.error[0].value
    assert told(books, number).order.state == "redo"


def test_what_was_urged_is_answered_and_a_part_is_reported(run: Run, books: Books) -> None:
    number = of_state(books, "accepted")
    app = choose(run(number, whose(books, number, lead=True)), "reply")
    app.text_area[0].set_value("we are at it").run()
    send(app)
    steps = told(books, number).steps
    assert steps[-1].answers == next(step.id for step in steps if step.action == "urge")
    helper = choose(run(number, whose(books, number, lead=False)), "answer")
    helper.text_area[0].set_value("done, for our part").run()
    send(helper)
    assert [part.state for part in told(books, number).order.parts if not part.lead] == ["answered"]


def test_the_office_extends_urges_and_sends_back(run: Run, books: Books) -> None:
    number = of_state(books, "accepted")
    for action in ("urge", "extend"):
        app = choose(run(number, VIEWERS["office"]), action)
        app.text_area[0].set_value("please").run()
        send(app)
        assert told(books, number).steps[-1].action == action
    number = of_state(books, "done")
    app = choose(run(number, VIEWERS["admin"]), "redo")
    app.text_area[0].set_value("not yet").run()
    send(app)
    step = told(books, number).steps[-1]
    assert (step.action, step.role, step.actor) == ("redo", "office", "root")


@pytest.mark.parametrize("role", ["engineer", "chief"])
def test_who_only_looks_is_offered_nothing(run: Run, books: Books, role: str) -> None:
    viewer = {**VIEWERS[role], "rivers": None}
    for state in ("draft", "assigned", "done"):
        app = run(of_state(books, state), viewer)
        assert not app.radio
        assert not app.button


def test_a_text_that_is_too_long_is_refused_in_words_and_kept(run: Run, books: Books) -> None:
    number = of_state(books, "accepted")
    app = choose(run(number, VIEWERS["office"]), "urge")
    app.text_area[0].set_value("x" * 4001).run()
    app = send(app)
    assert "4001" in app.error[0].value
    assert len(app.text_area[0].value or "") == 4001
    assert told(books, number).steps[-1].text[:2] != "xx"


def test_an_order_is_not_assigned_without_saying_what_is_to_be_done(run: Run, books: Books) -> None:
    number = of_state(books, "registered")
    app = send(run(number, VIEWERS["office"], "zh"))
    assert [one.value for one in app.error] == ["请填写办理要求：各部门需要做什么。"]
    assert told(books, number).order.state == "registered"


def test_nothing_is_proposed_where_only_side_steps_are_left(run: Run, books: Books) -> None:
    app = run(of_state(books, "assigned"), VIEWERS["office"])
    [radio] = [one for one in app.radio if (one.key or "").startswith("step-")]
    assert (radio.value, radio.options) == (None, ["Extend"])
    assert not [one for one in app.button if (one.key or "").startswith("take-")]
