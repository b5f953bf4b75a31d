"""Two texts: an original and an edited copy, and what the edit moved."""

import streamlit as st

from gaf_core.ui import cache
from gaf_core.ui.edit import edited
from gaf_core.ui.failures import polite
from gaf_core.ui.frame import need_frame
from gaf_core.ui.model_choice import ready_model
from gaf_core.ui.sentence import ask_text
from gaf_core.ui.settings import choose_settings
from gaf_core.ui.targets import suggest

need_frame()
st.html(
    '<h1 class="gaf-title">What if it had said something else?</h1>'
    '<p class="gaf-lead">Change a word and see what moves: the prediction, and how much each of '
    "the other words carries it.</p>"
)
with polite():
    choice, model = ready_model()
    settings, view = choose_settings(model)
    left, right = st.columns(2, gap="large")
    with left:
        text = ask_text(model)
    request = cache.Request(choice, text, settings)
    before = cache.explained(*request)
    suggest(before.trace)
    with right:
        other = edited.ask_edited(before, text)
    after = edited.explain_edited(request, before, other)
    edited.show_edit(before, after, special=view.special)
