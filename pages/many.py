"""Many texts: which words carry a class, how faithful each method is, where they fail."""

import streamlit as st

from gaf_core.ui import links, runs
from gaf_core.ui.failures import polite
from gaf_core.ui.frame import need_frame
from gaf_core.ui.many import choose, show, take_away, watch, work
from gaf_core.ui.model_choice import ready_model
from gaf_core.ui.place import place

need_frame()
st.html(
    '<h1 class="gaf-title">What do many texts say together?</h1>'
    '<p class="gaf-lead">Explain all of them: which words carry a class, how faithful each method '
    "is on your data, and on which texts it fails.</p>"
)
with polite():
    choice, model = ready_model()
    links.remember()
    links.report_unknown({"save_as": ("PNG", "SVG"), **show.known_views()})
    token = st.query_params.get("run")
    kept = runs.find(token) if token else None
    if token and kept is None:
        st.warning(
            f"The run of this link is not kept here any more: runs are deleted {runs.KEPT} hours "
            "after they were opened last, or by who has the link.",
            icon=":material/link_off:",
        )
        links.write("run", None)
    if kept is None:
        asked = choose.choose(choice, model)
        with place():
            priced = None if asked is None else choose.price(asked, model)
        with place():
            if priced is not None and st.button(
                "Start", type="primary", icon=":material/play_arrow:", key="many_start"
            ):
                links.write("run", choose.begin(priced, model).token)
                st.rerun()
    else:
        choose.keep()
        with place():
            watch.show_progress(kept)
        watch.show_kept(kept)
        with place():
            if kept.folder.numbers:
                take_away.show_files(show.show(kept))
            elif not work.active(kept.token):
                st.info("Nothing is computed yet.", icon=":material/info:")
