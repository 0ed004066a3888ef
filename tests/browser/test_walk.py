"""The way of a case over the board: each role does its part of it, signed in, in a real browser."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from dashboard.casework.tables.orders import Order
from dashboard.casework.tables.stations import Review
from dashboard.casework.tables.survey import OutfallRecord
from tests.browser import stage
from tests.browser.conftest import Board, Look
from tests.browser.looking import Visit, no_mistake

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def photo(colour: str) -> dict[str, object]:
    """A picture as a telephone would hand it in."""
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, "JPEG")
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def state_of(board: Board) -> str:
    """State of the order of the event on the worst river."""
    with board.books.read() as session:
        return session.scalars(select(Order.state).where(Order.event == stage.EVENT)).one()


def attach(page: Page, picture: dict[str, object]) -> None:
    """Hand in a photo, and wait until the board has it."""
    page.locator("input[type=file]").first.set_input_files(picture)  # type: ignore[arg-type]
    expect(page.get_by_text(str(picture["name"])).first).to_be_visible()


def told(visit: Visit, text: str) -> None:
    """What the board says of a step that was taken."""
    expect(visit.page.locator("[data-testid=stAlert]").filter(has_text=text).first).to_be_visible()
    visit.drawn()


def step(visit: Visit, name: str, text: str = "", picture: dict[str, object] | None = None) -> None:
    """Take a step of an order that is open on the page."""
    page = visit.page
    take = page.get_by_role("button", name=name, exact=True)
    if not take.count():
        page.locator("[data-testid=stRadio] label", has_text=re.compile(f"^{name}$")).click()
        expect(take).to_be_visible()
        visit.drawn()
    if picture is not None:
        attach(page, picture)
    if text:
        page.get_by_label("What to say").fill(text)
        page.get_by_label("What to say").press("Tab")
        visit.drawn()
    take.click()
    told(visit, f"{name}: done")


def test_a_case_from_the_water_to_the_goal(board: Board, look: Look) -> None:
    """The chief sees the worst river and its event, the office gives the order, the department answers with photos,
    the office archives it, the grid officer surveys the outfall, and the goal has moved."""
    # The chief, for the first time.
    chief = look()
    page = chief.page
    page.goto(f"{board.address}/signin?lang=en&next=/?lang=en")
    chief.enter("chief", board.stage.once)
    page.get_by_label("Current password").fill(board.stage.once)
    page.get_by_label("New password", exact=True).fill(stage.PASSWORD)
    page.get_by_label("New password again").fill(stage.PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator(".head h2")).to_have_text("Duntou Creek")
    chief.drawn()
    goal = page.locator("[data-card=goals] .line", has_text="Every outfall surveyed")
    expect(goal).to_contain_text("120 of 150")
    page.locator(".card").get_by_role("link", name="Suspected discharge").first.click()
    expect(page.get_by_role("heading", name="Suspected discharge: Duntou Creek")).to_be_visible()
    chief.drawn()
    first = page.locator(".sources ol li").first
    expect(first).to_contain_text(stage.OUTFALL)
    expect(first).to_contain_text("67 %")
    assert page.get_by_role("button", name="Accept: register the order").count() == 0, "the office's, not the chief's"
    no_mistake(page)

    # The office.
    office = look("office")
    page = office.open("events", lang="en")
    page.get_by_role("link", name="Suspected discharge: Duntou Creek").first.click()
    page.get_by_role("button", name="Accept: register the order").click()
    told(office, "The order was registered")
    assert state_of(board) == "registered"
    assert page.get_by_role("combobox", name=re.compile("Lead department")).input_value() == "Communities", (
        "who answers for the outfall is proposed"
    )
    page.get_by_label("Requirement").first.fill("Find where it comes from, and stop it.")
    page.get_by_label("Requirement").first.press("Tab")
    office.drawn()
    step(office, "Assign")
    assert state_of(board) == "assigned"

    # The department.
    department = look("department")
    page = department.open("orders", lang="en")
    page.locator("[data-state=assigned]").get_by_role("link", name=re.compile(stage.OUTFALL)).click()
    expect(page.get_by_text("Find where it comes from, and stop it.").first).to_be_attached()
    department.drawn()
    step(department, "Accept", "On the spot: grey water from a pipe.", photo("gray"))
    step(department, "Report done", "The pipe is closed; dry in dry weather.", photo("teal"))
    assert state_of(board) == "done"
    expect(page.locator("[data-testid=stImage] img")).to_have_count(2)

    # The office again: it looks at the answer, and archives.
    page = office.open("orders", lang="en")
    page.locator("[data-state=done]").get_by_role("link", name=re.compile(stage.OUTFALL)).click()
    expect(page.get_by_text("The pipe is closed; dry in dry weather.").first).to_be_visible()
    office.drawn()
    step(office, "Archive")
    assert state_of(board) == "archived"

    # The grid officer: what stands in the goals is what the books say of the outfall, not the order.
    grid = look("grid", width=390, height=844)
    page = grid.open("books", lang="en", book="outfalls", record=stage.OUTFALL)
    attach(page, photo("olive"))
    page.locator("[data-testid=stForm]", has=page.locator("input[type=file]")).get_by_role(
        "button", name="Add", exact=True
    ).click()
    told(grid, "1 file added.")
    page.get_by_role("group", name="Surveyed on").first.get_by_role("spinbutton").first.focus()
    page.keyboard.type("20261123")
    page.get_by_label("Surveyed by").first.fill("Chen")
    page.get_by_role("combobox", name="Flows in dry weather").first.click()
    page.get_by_role("option", name="yes").click()
    page.get_by_role("button", name="Take this step").first.click()
    told(grid, "Done.")
    with board.books.read() as session:
        assert session.get_one(OutfallRecord, stage.OUTFALL).stage == "surveyed"

    # The goal has moved, where the chief began.
    page = chief.open("goals", lang="en", goal="near-outfalls")
    expect(page.locator("[data-testid=stMetricValue]").first).to_have_text("121")
    page = chief.open(lang="en")
    expect(page.locator("[data-card=goals] .line", has_text="Every outfall surveyed")).to_contain_text("121 of 150")


def test_the_engineer_decides_on_doubtful_readings(board: Board, look: Look) -> None:
    engineer = look("engineer")
    page = engineer.open("station", lang="en", station=stage.DOUBTED, tab="review")
    expect(page.get_by_text("spike").first).to_be_visible()
    page.get_by_label("Reason (kept with the decision)").fill("A comparison sample says the same.")
    page.get_by_role("button", name="Accept: it was the water").click()
    told(engineer, "Decided.")
    expect(page.get_by_text("No suspect readings of this station wait for a decision.")).to_be_visible()
    with board.books.read() as session:
        review = session.scalars(select(Review).where(Review.station == stage.DOUBTED)).one()
    assert (review.decision, review.decided_by) == ("accepted", "engineer")


def test_an_account_that_is_switched_off_is_out(board: Board, look: Look) -> None:
    leaver = look("leaver")
    leaver.open("evaluation", lang="en")
    admin = look("admin")
    page = admin.open("admin", lang="en", account="leaver")
    page.get_by_role("button", name="Switch off").click()
    page.get_by_role("button", name="Switch the account off").click()
    told(admin, "leaver is switched off.")
    # Nobody touches the other page: it looks by itself, and takes the person out.
    expect(leaver.page.get_by_role("link", name="Sign in")).to_be_visible()
    leaver.page.goto(f"{board.address}/signin?lang=en")
    leaver.enter("leaver", stage.PASSWORD)
    expect(leaver.page.get_by_role("alert")).to_be_visible()
    # The browser itself writes down that it was refused.
    leaver.complaints[:] = [one for one in leaver.complaints if "403 (Forbidden)" not in one]


def test_the_public_sees_the_public_page_only(board: Board, look: Look) -> None:
    nobody = look()
    page = nobody.open(lang="en")
    paths = {address.rstrip("/").rpartition("/")[2] for address in _navigation(page)}
    assert paths <= {"", "public", board.address.rpartition("/")[2]}, paths
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    for path in ("events", "orders", "goals", "books", "admin", "station"):
        page.goto(f"{board.address}/{path}?lang=en")
        expect(page).to_have_title("Sign in · Xietang Sub-district")


def _navigation(page: Page) -> list[str]:
    found: list[str] = page.locator("nav a, [data-testid=stTopNavLink]").evaluate_all("all => all.map((a) => a.href)")
    return found
