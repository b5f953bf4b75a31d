"""GAF Explorer: the frame around the pages."""

import streamlit as st

from gaf_core.places import assets
from gaf_core.ui.frame import framed, pages
from gaf_core.ui.links import carried

st.set_page_config(page_title="GAF Explorer", page_icon=assets() / "icon.svg", layout="wide")
st.html(assets() / "style.css")
st.logo(assets() / "icon.svg", size="large")
framed()
page = st.navigation(pages(), position="top")
with carried(page.title):
    page.run()
