"""Channels: whether messages go out, and a test over each."""

from __future__ import annotations

import streamlit as st

from dashboard.alerts.contacts import Outside
from dashboard.page import Context
from dashboard.viewdata.admin import channels, outside, try_channel
from dashboard.views.admin_said import act
from dashboard.views.listed import listed
from dashboard.views.text import plain
from dashboard.wording import NOTHING
from sensors.errors import ConfigError, UsageError


def draw(context: Context) -> None:
    """Draw the tab."""
    _, w, now_ms = context.translate, context.words, context.now()
    held: Outside | None = None
    try:
        held = outside(context.sources.channels, context.site)
    except (UsageError, ConfigError) as error:
        st.error(plain(str(error)))
    if held is None:
        st.info(_("The board does not know the channels file: start it with --channels FILE to test channels here."))
    with context.books.read() as session:
        found = channels(session, None if held is None else set(held.channels), now_ms)
    marks = {True: _("delivered"), False: _("not delivered"), None: NOTHING}
    rows = [
        {
            _("Channel"): one.name + ("" if one.known is not False else f" ({_('not in the channels file')})"),
            _("Waiting"): one.waiting,
            _("Delivered in a day"): one.sent,
            _("Not delivered"): one.dead,
            _("Last try"): w.age(one.last_ms, now_ms) if one.last_ms else NOTHING,
            _("Outcome"): marks[one.last_ok],
            _("Answer"): one.answer,
        }
        for one in found
    ]
    if rows:
        listed(rows, w, "admin-channels", _("Channels"))
    else:
        st.info(_("There is no channel, and nothing was sent."))
    if held is not None and held.channels:
        _test(context, held)


def _test(context: Context, held: Outside) -> None:
    _ = context.translate
    with st.form(f"admin-test-{_.code}", enter_to_submit=False):
        left, right = st.columns(2)
        name = left.selectbox(_("Channel"), list(held.channels), key=f"test-channel-{_.code}")
        address = right.text_input(
            _("Address on the channel"), "-", key=f"test-address-{_.code}", max_chars=100,
            help=_("A mobile number or a mail address; - for nobody, where a group hears it."),
        )  # fmt: skip
        if not st.form_submit_button(_("Send a test")):
            return

    def send() -> str:
        answer = try_channel(context.books, context.desk, held, context.viewer.account, name, address, context.now())
        if not answer.ok:
            raise UsageError(_("{channel} did not deliver: {answer}", channel=name, answer=answer.text))
        return _("{channel} has delivered: {answer}", channel=name, answer=answer.text)

    act(context, send)
