"""The page of administration without a browser: both languages, each action once with its effect and once refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from collectors.clock import ReplayClock
from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import sign_in
from dashboard.casework.audit import verify
from dashboard.casework.database import Books, open_books
from dashboard.casework.tables.accounts import Account, Duty
from dashboard.casework.tables.alerts import Alert, Attempt, Message
from dashboard.rights import RIGHTS, STAFF
from dashboard.views import admin
from dashboard.views.admin import TABS
from sensors.site import Site
from tests.dashboard import made
from tests.dashboard.views.conftest import PageTest
from tests.dashboard.views.drawn import columns

NOW = made.NOW_MS
BOSS = {"account": "boss", "name": "王主任", "role": "admin"}


@pytest.fixture
def books(
    tmp_path: Path, migrated: Callable[[str], Path], xietang: Site, monkeypatch: pytest.MonkeyPatch, filled_url: str
) -> Iterator[Books]:
    """Books with an admin, somebody of a department, and a message that was given up."""
    shutil.copy(migrated(""), tmp_path / "books.sqlite")
    url = f"sqlite:///{tmp_path / 'books.sqlite'}"
    channels = tmp_path / "channels.toml"
    channels.touch(mode=0o600)
    channels.write_text(f'[channel.log]\nkind = "file"\npath = "{tmp_path / "told.jsonl"}"\n')
    clock = ReplayClock(real0_ms=0, start_ms=NOW, end_ms=NOW, speed=1.0)
    for name, value in {
        "RIVERCHIEF_SITE": str(made.SITE_FOLDER), "RIVERCHIEF_STORE": filled_url, "RIVERCHIEF_BOOKS": url,
        "RIVERCHIEF_CLOCK": clock.to_json(), "RIVERCHIEF_CHANNELS": str(channels),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = open_books(url)
    people.add(found, xietang, "t", NOW, "boss", Details("王主任", "admin"))
    people.add(found, xietang, "t", NOW, "li", Details("*李工* <b>", "department", "water", ("R01",)))
    with found.change("t", NOW) as session:
        alert = Alert(key="k", kind="event", severity="serious", title="排口异常", raised_ms=NOW, updated_ms=NOW)
        session.add(alert)
        session.flush()
        message = Message(alert_id=alert.id, account="li", channel="sms", reason="raised", state="dead", due_ms=NOW,
                          attempts=5)  # fmt: skip
        session.add(message)
        session.flush()
        session.add(Attempt(message_id=message.id, time_ms=NOW, ok=False, answer="no such number"))
    st.cache_resource.clear()
    yield found
    st.cache_resource.clear()
    found.close()


def row(books: Books, account: str) -> Account:
    with books.read() as session:
        assert verify(session).problems == ()
        return session.get_one(Account, account)


def named(app: AppTest, kind: str, key: str) -> Any:
    return next(one for one in getattr(app, kind) if one.key is not None and one.key.startswith(key))


def press(app: AppTest, key: str) -> AppTest:
    app = named(app, "button", key).click().run()
    assert not app.exception
    return app


def submit(app: AppTest, label: str) -> AppTest:
    app = next(one for one in app.button if one.label == label).click().run()
    assert not app.exception
    return app


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(page_test: PageTest, books: Books, tab: str, lang: str) -> None:
    app = page_test("admin", lang, BOSS, tab=tab, account="li").run()
    assert not app.exception
    assert not app.error


def test_it_is_for_admins_only() -> None:
    assert admin.PAGE.roles == {"admin"}
    assert admin.PAGE.needs_books


@pytest.mark.parametrize("role", sorted({*STAFF} - {"admin"}))
@pytest.mark.parametrize("press_it", ["admin-once-li", "admin-off-li"])
def test_others_change_nothing(
    page_test: PageTest, books: Books, role: str, press_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = replace(RIGHTS["page.admin"], roles=frozenset(STAFF))
    monkeypatch.setattr("dashboard.rights.RIGHTS", {**RIGHTS, "page.admin": opened})
    before = row(books, "li").session_epoch
    app = page_test("admin", "en", {"account": "x", "name": "x", "role": role}, account="li").run()
    app = named(app, "button", press_it).click().run()
    assert "Denied" in str(app.exception[0].value) or "not for the role" in str(app.exception[0].value)
    assert (row(books, "li").session_epoch, row(books, "li").disabled) == (before, False)


def test_an_account_is_made_and_its_password_shown_once(page_test: PageTest, books: Books) -> None:
    app = page_test("admin", "en", BOSS).run()
    named(app, "text_input", "admin-id").set_value("sun")
    named(app, "text_input", "admin-name").set_value("孙工")
    named(app, "selectbox", "admin-role").set_value("department")
    app = submit(app, "Make the account")
    assert [one.value for one in app.error] == ["Somebody of the role department needs a department\\."]
    named(app, "selectbox", "admin-department").set_value("city_management")
    named(app, "multiselect", "admin-rivers").set_value(["R02"])
    named(app, "text_area", "admin-contacts").set_value("wecom = 13800000000")
    app = submit(app, "Make the account")
    assert [one.value for one in app.success] == ["The account sun is made\\."]
    once = app.code[0].value
    found = row(books, "sun")
    assert (found.department, found.rivers, found.contacts) == ("city_management", ["R02"], {"wecom": "13800000000"})
    assert sign_in(books, "sun", once, NOW, AccessSettings()) is not None
    app.run()
    assert not app.code, "and never again"


def test_an_account_is_changed(page_test: PageTest, books: Books) -> None:
    app = page_test("admin", "en", BOSS, account="li").run()
    assert named(app, "text_input", "admin-name").value == "*李工* <b>"
    named(app, "text_input", "admin-name").set_value("李工")
    named(app, "selectbox", "admin-role").set_value("office")
    app = submit(app, "Save")
    assert [one.value for one in app.success] == ["li is saved\\."]
    assert (row(books, "li").name, row(books, "li").role, row(books, "li").rivers) == ("李工", "office", ["R01"])


def test_what_another_admin_changed_meanwhile_is_not_written_over(
    page_test: PageTest, books: Books, xietang: Site
) -> None:
    app = page_test("admin", "en", BOSS, account="li").run()
    held = people.details_of(row(books, "li"))
    people.change(books, xietang, "zhang", NOW, "li", replace(held, name="李师傅", contacts={"email": "li@b.example"}))
    named(app, "text_input", "admin-name").set_value("李工")
    app = submit(app, "Save")
    assert "Somebody has changed li meanwhile" in app.error[0].value
    assert row(books, "li").name == "李师傅"
    assert named(app, "text_input", "admin-name").value == "李师傅", "as it is now"
    named(app, "multiselect", "admin-rivers").set_value(["R02"])
    people.change(books, xietang, "zhang", NOW, "li", replace(people.details_of(row(books, "li")), name="李老师"))
    app = submit(app, "Save")
    assert [one.value for one in app.success] == ["li is saved\\."]
    assert (row(books, "li").name, row(books, "li").rivers) == ("李老师", ["R02"]), "only what was changed is written"


def test_rivers_that_the_site_has_no_more_are_shown_and_stay(page_test: PageTest, books: Books) -> None:
    with books.change("t", NOW) as session:
        session.get_one(Account, "li").rivers = ["R99"]
    app = page_test("admin", "en", BOSS, account="li").run()
    rivers = named(app, "multiselect", "admin-rivers")
    assert rivers.value == ["R99"]
    assert "R99 (not in the site any more)" in rivers.options
    named(app, "text_input", "admin-name").set_value("李工")
    app = submit(app, "Save")
    assert [one.value for one in app.success] == ["li is saved\\."]
    assert row(books, "li").rivers == ["R99"], "an empty area would be all of the site"


def test_a_one_time_password(page_test: PageTest, books: Books) -> None:
    app = press(page_test("admin", "en", BOSS, account="li").run(), "admin-once-li")
    assert sign_in(books, "li", app.code[0].value, NOW, AccessSettings()) is not None


def test_off_and_on(page_test: PageTest, books: Books) -> None:
    app = press(page_test("admin", "en", BOSS, account="li").run(), "admin-off-li")
    assert row(books, "li").disabled
    press(app, "admin-on-li")
    assert not row(books, "li").disabled


def test_the_last_admin_cannot_go(page_test: PageTest, books: Books) -> None:
    app = press(page_test("admin", "zh", BOSS, account="boss").run(), "admin-off-boss")
    assert "最后一名系统管理员" in app.error[0].value
    assert not row(books, "boss").disabled


def test_a_duty_is_put_in_and_taken_out(page_test: PageTest, books: Books) -> None:
    app = page_test("admin", "en", BOSS, tab="duty").run()
    named(app, "selectbox", "duty-department").set_value("water")
    named(app, "selectbox", "duty-account").set_value("li")
    named(app, "date_input", "duty-until-en").set_value(date(2020, 1, 1))
    app = submit(app, "Put into the roster")
    assert "ends after it has begun" in app.error[0].value
    named(app, "date_input", "duty-until-en").set_value(named(app, "date_input", "duty-from-en").value)
    named(app, "time_input", "duty-until-at").set_value(time(21))
    app = submit(app, "Put into the roster")
    assert not app.error
    with books.read() as session:
        duty = session.scalars(select(Duty)).one()
    assert (duty.department, duty.account, duty.level) == ("water", "li", 1)
    press(app, "duty-out")
    with books.read() as session:
        assert session.scalars(select(Duty)).all() == []


def test_a_channel_is_tried(page_test: PageTest, books: Books, tmp_path: Path) -> None:
    app = submit(page_test("admin", "en", BOSS, tab="channels").run(), "Send a test")
    assert "log has delivered" in app.success[0].value
    assert (tmp_path / "told.jsonl").read_text().count("\n") == 1


def test_a_channels_file_that_others_may_read(page_test: PageTest, books: Books, tmp_path: Path) -> None:
    (tmp_path / "channels.toml").chmod(0o644)
    app = page_test("admin", "en", BOSS, tab="channels").run()
    assert not app.exception
    assert "others may read" in app.error[0].value


@pytest.mark.parametrize(("key", "state"), [("letters-again", "waiting"), ("letters-go", "dropped")])
def test_dead_letters(page_test: PageTest, books: Books, key: str, state: str) -> None:
    app = press(page_test("admin", "en", BOSS, tab="letters").run(), key)
    with books.read() as session:
        assert session.scalars(select(Message.state)).all() == [state]
    assert "Every message was delivered" in app.success[-1].value


def test_the_trail_is_searched_and_checked(page_test: PageTest, books: Books) -> None:
    app = page_test("admin", "en", BOSS, tab="trail").run()
    named(app, "selectbox", "trail-days").set_value(0)
    named(app, "text_input", "trail-text").set_value("li").run()
    found = columns(app, "admin-trail")
    assert set(found["Row"]) == {"li"}
    assert not any("argon2" in value for values in found.values() for value in values)
    app = press(app, "trail-check")
    assert "none was tampered with" in app.success[0].value
    with books.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE account SET role = 'admin' WHERE id = 'li'")
    app = press(app, "trail-check")
    assert "tampered" in app.error[0].value
