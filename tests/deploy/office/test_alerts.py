from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from collectors.stores import open_store
from collectors.stores.base import Event, ReadingStore
from dashboard.alerts.channels.file import File
from dashboard.alerts.contacts import load_outside
from dashboard.alerts.looks import QUICK, SLOW
from dashboard.alerts.sender import Office
from dashboard.casework.database import open_books
from dashboard.casework.files import attach
from dashboard.casework.settings import ReportSettings
from dashboard.casework.tables.goals import Goal, GoalProgress
from dashboard.casework.tables.orders import Order
from dashboard.reports.keep import kept
from deploy.office.alerts import AlertService, Pace, demo_channels, serve
from sensors.errors import UsageError
from sensors.reading import Block, Reading
from sensors.site import Site
from tests.dashboard.alerts.staged import HOUR_MS, MINUTE_MS, NOW_MS, Recorder, alerts, messages, office_of
from tests.dashboard.reports.months import months

FAST = Pace(tick_s=0.02, grace_ms=0)


@pytest.fixture
def office(tmp_path: Path, xietang: Site) -> Iterator[Office]:
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    yield office_of(books, xietang)
    books.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ReadingStore]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield opened
    opened.close()


def run(service: AlertService, until: Callable[[], bool]) -> None:
    async def main() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(service.run(stop))
        async with asyncio.timeout(30):
            while not until():
                await asyncio.sleep(0.01)
        stop.set()
        await task

    asyncio.run(main())


def everybody_speaks(store: ReadingStore, site: Site, time_ms: int = NOW_MS) -> None:
    store.write(Block.of([Reading(name, "ph", time_ms, 7.0) for name in site.stations]))


def test_from_event_to_order_to_message(office: Office, store: ReadingStore, xietang: Site) -> None:
    everybody_speaks(store, xietang)
    store.put_events([Event("E1", "discharge", NOW_MS - HOUR_MS, None, NOW_MS, NOW_MS, ("S01",), {})])
    chat = office.outside.channels["chat"]
    assert isinstance(chat, Recorder)
    run(AlertService(office, store, lambda: NOW_MS, pace=FAST), lambda: bool(chat.sent))
    with office.books.read() as session:
        order = session.scalars(select(Order)).one()
    [alert] = alerts(office)
    assert (alert.event, alert.order) == ("E1", order.number)
    [(_, told)] = chat.sent
    assert told.title.endswith("Suspected discharge: Xietang River")
    assert f"Work order {order.number}" in told.lines


def test_a_restart_tells_nothing_again(office: Office, store: ReadingStore, xietang: Site) -> None:
    everybody_speaks(store, xietang, NOW_MS - HOUR_MS)
    chat = office.outside.channels["chat"]
    assert isinstance(chat, Recorder)
    rounds: list[int] = []

    def clock() -> int:
        rounds.append(NOW_MS)
        return NOW_MS

    run(AlertService(office, store, clock, pace=FAST), lambda: bool(chat.sent))
    assert len(chat.sent) == 1
    assert len(alerts(office)) == 7
    for _ in range(2):
        rounds.clear()
        run(AlertService(office, store, clock, pace=FAST), lambda: len(rounds) > 60)
    assert len(chat.sent) == 1
    assert len(messages(office)) == 7


def test_after_a_start_silence_has_to_wait(office: Office, store: ReadingStore, xietang: Site) -> None:
    everybody_speaks(store, xietang, NOW_MS - HOUR_MS)
    now = [NOW_MS]
    service = AlertService(office, store, lambda: now[0], pace=Pace(tick_s=0.02))
    looked: list[int] = []
    service.quick = {**QUICK, "probe": lambda scene: (looked.append(1), QUICK["orders"](scene))[1]}
    run(service, lambda: len(looked) >= 3)
    assert alerts(office) == []
    now[0] += 5 * MINUTE_MS
    run(service, lambda: len(alerts(office)) == 7)


def test_the_hub_s_own_words_are_read_from_the_store(office: Office, store: ReadingStore, xietang: Site) -> None:
    everybody_speaks(store, xietang)
    store.put_mark("hub.state/0.1", json.dumps({"time_ms": NOW_MS - HOUR_MS, "gateways": {}}))
    store.put_mark("hub.state/all", "{")
    service = AlertService(office, store, lambda: NOW_MS, hubs=("0.1", "all", "judge"), pace=FAST)
    run(service, lambda: bool(alerts(office)))
    assert [one.key for one in alerts(office)] == ["hub:silent:0.1"]


def test_progress_is_kept_and_a_step_that_fails_stops_no_other(
    office: Office,
    store: ReadingStore,
    xietang: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    everybody_speaks(store, xietang, NOW_MS - HOUR_MS)
    with office.books.change("t", NOW_MS) as session:
        session.add(Goal(id="g", name="g", term="near", measure="outfalls_surveyed", target=1.0,
                         begins_on=date(2026, 1, 1), due_on=date(2026, 12, 31)))  # fmt: skip

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("deploy.office.alerts.take_events", fail)
    service = AlertService(office, store, lambda: NOW_MS, pace=FAST, slow={"classes": SLOW["classes"]})
    run(service, lambda: len(alerts(office)) == 7)
    with office.books.read() as session:
        assert session.scalars(select(GoalProgress.day)).all() == [date(2026, 11, 23)]
    assert "cases" in caplog.text


def test_one_machine_without_bots_tells_everybody_in_a_file(tmp_path: Path, xietang: Site) -> None:
    path = demo_channels(xietang, tmp_path)
    outside = load_outside(path, xietang)
    assert outside.channels == {"log": File(tmp_path / "told.jsonl")}
    assert set(outside.contacts) == {person.contact_key for person in xietang.people}
    path.write_text("[channel]", encoding="utf-8")
    assert demo_channels(xietang, tmp_path).read_text("utf-8") == "[channel]", "it was written over"


def test_mistakes_are_found_before_anything_is_opened(tmp_path: Path, xietang: Site) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        serve(
            xietang.folder, f"sqlite:///{tmp_path}/s.sqlite", f"sqlite:///{tmp_path}/b.sqlite", tmp_path / "none.toml"
        )
    assert list(tmp_path.iterdir()) == []


def test_files_that_no_row_names_are_removed(
    office: Office, store: ReadingStore, caplog: pytest.LogCaptureFixture
) -> None:
    orphan, young = (office.books.files / name[:2] / name for name in ("a" * 64, "b" * 64))
    for path in (orphan, young):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x")
    old_s = NOW_MS / 1000 - 2 * 86_400
    os.utime(orphan, (old_s, old_s))
    os.utime(young, (NOW_MS / 1000, NOW_MS / 1000))
    with office.books.change("t", NOW_MS) as session:
        file = attach(session, office.books.files, "order", "1", "a.pdf", b"%PDF-1.7\n%%EOF", "t", NOW_MS)
        (office.books.files / file.sha256[:2] / file.sha256).unlink()
    service = AlertService(office, store, lambda: NOW_MS, pace=replace(FAST, sweep_first_s=0), quick={}, slow={})
    run(service, lambda: not orphan.exists() and "1 gone or damaged" in caplog.text)
    assert young.exists()


def test_the_report_of_a_month_is_made_once(office: Office, xietang: Site) -> None:
    opened = open_store(months(), read_only=True)
    settings = replace(office.desk.settings, reports=ReportSettings(pdf=False, docx=False))
    service = AlertService(replace(office, desk=replace(office.desk, settings=settings)), opened, lambda: NOW_MS)
    for _round in range(4):
        service._report()
    opened.close()
    with office.books.read() as session:
        rows = kept(session)
    # The third quarter and last year were not evaluated.
    assert [(row.label, row.form, row.made_by) for row in rows] == [("2026-10", "xlsx", "riverchief")]


def test_no_alert_waits_for_a_report(
    office: Office, store: ReadingStore, xietang: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody_speaks(store, xietang, NOW_MS - HOUR_MS)
    printing, printed, at_once = threading.Event(), threading.Event(), threading.Semaphore()

    def slow(*_: object) -> int:
        assert at_once.acquire(blocking=False), "two reports at a time"
        printing.set()
        assert printed.wait(20)
        at_once.release()
        return 0

    monkeypatch.setattr("deploy.office.alerts.make_due", slow)
    service = AlertService(office, store, lambda: NOW_MS, pace=FAST, slow={"classes": SLOW["classes"]})

    def told() -> bool:
        if printing.is_set() and len(alerts(office)) == 7:
            assert not printed.is_set()
            printed.set()
        return printed.is_set()

    run(service, told)
    assert len(alerts(office)) == 7
