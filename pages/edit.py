"""What if it were another text, or another model: two explanations side by side."""

import streamlit as st

from gaf_core.ui import cache
from gaf_core.ui.edit import edited, models
from gaf_core.ui.failures import polite
from gaf_core.ui.frame import need_frame
from gaf_core.ui.model_choice import other_model, ready_model
from gaf_core.ui.place import place
from gaf_core.ui.sentence import ask_text
from gaf_core.ui.settings import choose_settings
from gaf_core.ui.targets import suggest

need_frame()
st.html(
    '<h1 class="gaf-title">What if?</h1>'
    '<p class="gaf-lead">Change a word, or the model, and see what moves: the prediction, and how '
    "much each word carries it.</p>"
)
with polite():
    choice, model = ready_model()
    settings, view = choose_settings(model, {"what_if": edited.WHAT_IF}, signed=False)
    other_text = edited.choose_change()
    left, right = st.columns(2, gap="large")
    with left:
        text = ask_text(model)
    request = cache.Request(choice, text, settings)
    first = cache.explained(*request.asked)
    suggest(first.trace)
    with place():
        if other_text:
            with right:
                other = edited.ask_edited(first, text)
            second = edited.explain_edited(request, first, other)
            edited.show_edit(first, second, special=view.special)
        else:
            with right:
                chosen = other_model(choice)
            if chosen is not None:
                both = first, models.explain_other(request, first, chosen[0], (model, chosen[1]))
                asked = request, cache.Request(chosen[0], text, both[1].settings)
                models.show_models(asked, both, special=view.special)
