"""Failures become sentences here, and only here."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from gaf_core import GafError, TextTooLongError

_log = logging.getLogger(__name__)

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$&^=\"'/])")
# What becomes a link, an emoji or a colour once Streamlit has taken the escapes away.
_LEADING = re.compile(r":(?=[\w+/-])|@(?=[\w-])|(?<=www)(?=\.)", re.IGNORECASE)


def literal(text: str) -> str:
    """Text that Streamlit's Markdown shows as it is.

    Punctuation is escaped. Emoji codes, coloured text (`:smile:`, `:red[...]`) and addresses
    (`http://...`, `www...`, `a@b.c`) are looked for after unescaping, so they get an invisible word
    joiner inside.
    """
    joined = _LEADING.sub("\\g<0>\u2060", text)
    return _MARKDOWN.sub(r"\\\1", joined)


@contextmanager
def polite() -> Iterator[None]:
    """Show what goes wrong inside as a sentence; the details of a surprise go to the log."""
    try:
        yield
    except GafError as error:
        if isinstance(error, TextTooLongError) and not error.whole:
            _offer_first_tokens(error)
        else:
            st.error(literal(str(error)), icon=":material/info:")
    except Exception:
        _log.exception("A page failed")
        st.error(
            "Something unexpected went wrong, and it is not your text's fault. Change a setting or "
            "reload the page; the details are in the terminal that runs the app.",
            icon=":material/error:",
        )


def _offer_first_tokens(error: TextTooLongError) -> None:
    st.warning(
        f"This text has {error.tokens:,} tokens (words and pieces of words) and the model takes "
        f"{error.limit:,}. Shorten it, or explain its beginning only.",
        icon=":material/short_text:",
    )
    st.button(
        f"Explain the first {error.limit:,} tokens",
        type="primary",
        on_click=lambda: st.session_state.update(truncate=True),
    )
