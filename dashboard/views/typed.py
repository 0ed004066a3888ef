"""What somebody typed, when it is too long: said in words, and kept in its field.

Streamlit's own limit drops what is pasted or set at once beyond it, and hands over an empty text.
"""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import Translator
from dashboard.views.text import plain


def fits(_: Translator, texts: dict[str, tuple[str, int]]) -> bool:
    """Whether no text is longer than it may be; each that is gets a sentence on the page.

    Parameters
    ----------
    _ : Translator
    texts : dict of str to (str, int)
        By the name of its field: what was typed, and how long it may be [characters].
    """
    long = {name: (len(text.strip()), most) for name, (text, most) in texts.items() if len(text.strip()) > most}
    for name, (count, most) in long.items():
        st.error(
            _(
                "“{field}” is too long: {count} characters, at most {most}. Nothing was sent; what you typed is kept.",
                field=plain(name), count=count, most=most,
            )
        )  # fmt: skip
    return not long
