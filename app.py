"""GAF Explorer: the frame around the pages."""

from pathlib import Path

import streamlit as st

from gaf_core.ui.frame import framed, pages
from gaf_core.ui.links import carried

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="GAF Explorer", page_icon=ASSETS / "icon.svg", layout="wide")
st.html(ASSETS / "style.css")
st.logo(ASSETS / "icon.svg", size="large")
framed()
page = st.navigation(pages(), position="top")
with carried(page.title):
    page.run()
