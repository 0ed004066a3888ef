"""One order: what it is about, who has which part, every step, photos and files, notices, and what can be done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import streamlit as st

from dashboard import parts
from dashboard.casework.evidence import Evidence
from dashboard.casework.explained import explained
from dashboard.casework.files import read
from dashboard.casework.order_lists import Story, story
from dashboard.page import Context
from dashboard.viewdata import orders as orders_page
from dashboard.viewdata import orders_place
from dashboard.viewdata.orders_place import Thing
from dashboard.viewdata.orders_thumbs import thumbnail
from dashboard.viewdata.orders_words import minute
from dashboard.views import going, orders_notices, orders_steps
from dashboard.views.text import plain
from sensors.errors import BooksError

#: Events of a case whose evidence is shown, the newest first.
EVENTS = 3


def draw(context: Context, number: str) -> None:
    """Draw an order, where the viewer may see it."""
    _ = context.translate
    context.link("orders", _("All orders"), icon=":material/arrow_back:")
    with context.books.read() as session:
        found = story(session, number)
        names = orders_page.people(session, found) if found is not None else {}
        things = orders_place.things(session, found.order, context.viewer, context.site) if found is not None else ()
    if found is None:
        st.info(_("There is no order {number}.", number=plain(number)))
        return
    if not orders_page.may_see(context.viewer, context.site, found.order):
        st.error(_("This order is not in your area."))
        return
    number = found.order.number
    _told(context)
    st.header(plain(found.order.title), anchor=False)
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        _about(context, found)
        _place(context, found, things)
        _evidence(context, found)
        _parts(context, found)
        st.subheader(_("Course of the order"), anchor=False)
        parts.mount(
            "timeline", orders_page.timeline(found, context.site, names, context.words), key=f"timeline-{number}"
        )
    with right:
        orders_steps.draw(context, found, names)
        _files(context, found, names)
        orders_notices.draw(context, found)


def _told(context: Context) -> None:
    """What the last step came to, said once after the page was drawn anew.

    In a place that is always there: were it to go, all below would be made anew, and what somebody types be lost.
    """
    place = st.empty()
    if told := st.session_state.pop("orders-told", None):
        place.success(plain(told))


def _about(context: Context, found: Story) -> None:
    _, order = context.translate, found.order
    facts = orders_page.facts(order, context.site, context.now(), context.words)
    parts.mount("ledger", facts, key=f"facts-{order.number}")
    with st.container(horizontal=True, gap="small"):
        river = context.site.rivers.get(order.river or "")
        if river is not None:
            name = _("River: {name}", name=plain(context.words.place(river)))
            context.link("river", name, icon=":material/water:", river=river.id)
        if order.event:
            context.link("events", _("The event and its evidence"), icon=":material/monitoring:", event=order.event)
    if order.text:
        st.text(order.text)


def _place(context: Context, found: Story, things: Sequence[Thing]) -> None:
    """How far the books are with what the order is about, and the way to the step that is still to be taken."""
    _, order = context.translate, found.order
    if not order.outfall:
        return
    st.subheader(_("What it is about in the books"), anchor=False)
    if not things:
        st.text(_("Outfall {outfall} does not stand in the books.", outfall=order.outfall))
        return
    if left := orders_place.open_still(things, order):
        names = context.words.join([one.id for one in left])
        st.warning(_("The order is done, and the step of {items} is still to be taken: goals count the books.",
                     items=plain(names)))  # fmt: skip
    going.follow(context)
    table = orders_place.table(things, context.site, context.words, going.linker(context))
    parts.mount("ledger", table, key="order-things", on_pick=going.on_pick("order-things"))
    for one in things:
        if one.mine and one.following is not None and not one.settled:
            context.link("books", _("Enter the step of {item}", item=plain(one.id)), icon=":material/edit:",
                         book=one.book, record=one.id)  # fmt: skip
    if not any(one.mine or one.settled for one in things):
        st.caption(_("The department that answers for it enters the step, or the office."))


def _evidence(context: Context, found: Story) -> None:
    """What the water says: one paragraph for each of the newest events."""
    _, w, site = context.translate, context.words, context.site
    if not found.events:
        return
    st.subheader(_("What the water says"), anchor=False)
    for link in reversed(found.events[-EVENTS:]):
        evidence: Evidence = {"candidates": [], "stations": [], **link.evidence}  # type: ignore[typeddict-item]
        context.link(
            "events", _("Event of {time}", time=minute(link.start_ms, w)), icon=":material/monitoring:",
            event=link.event,
        )  # fmt: skip
        if link.evidence.get("illustrative"):
            st.caption(_("Illustrative: made for the demonstration, nobody measured it."))
        lines = explained(evidence, site, w).lines
        text = "\n".join(lines)
        if text and text != found.order.text:
            st.text(text)
    if len(found.events) > EVENTS:
        st.caption(_.plural("{count} earlier event", "{count} earlier events", len(found.events) - EVENTS))


def _parts(context: Context, found: Story) -> None:
    _ = context.translate
    if not found.order.parts:
        return
    st.subheader(_("Parts of the departments"), anchor=False)
    shares = orders_page.parts(found.order, context.site, context.now(), context.words)
    parts.mount("ledger", shares, key=f"parts-{found.order.number}")


def _files(context: Context, found: Story, names: Mapping[str, str]) -> None:
    """Photos as small pictures made here, whatever was handed in; whole files only on demand."""
    _, w = context.translate, context.words
    if not found.files:
        return
    st.subheader(_("Photos and files"), anchor=False)
    labels = orders_page.file_labels(found.files, w)
    folder = context.books.files
    columns = st.columns(3)
    for number, file in enumerate(found.files):
        with columns[number % 3]:
            who = orders_page.person(file.added_by, names, context.site, w)
            caption = f"{labels[file.id]} · {who} · {minute(file.added_ms, w)}"
            if file.media_type.startswith("image/"):
                small = thumbnail(str(folder), file.sha256)
                if small is None:
                    st.caption(_("{name} is gone or damaged", name=plain(labels[file.id])))
                    continue
                st.image(small, caption=plain(caption), alt=labels[file.id], width="stretch")
            else:
                st.text(caption)
            st.download_button(
                _("Download"), partial(_whole, context, file.sha256), file_name=file.name,
                mime=file.media_type, key=f"file-{file.id}-{_.code}", icon=":material/download:", on_click="ignore",
                help=plain(file.name),
            )  # fmt: skip


def _whole(context: Context, digest: str) -> bytes:
    """A file as it was handed in; nothing where it is gone."""
    try:
        return read(context.books.files, digest)
    except BooksError:
        return b""
