"""GAF Explorer: the frame around the pages."""

from pathlib import Path

import streamlit as st

from gaf_core.ui.links import carried

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="GAF Explorer", page_icon=ASSETS / "icon.svg", layout="wide")
st.html(ASSETS / "style.css")
st.logo(ASSETS / "icon.svg", size="large")

# A page's url must differ from its file's name: a folder called pages/ makes Streamlit route cold
# links by file name, which would open the page without this frame. The default page is served at
# the root, so its own address is a second, hidden entry.
EXPLORE = "pages/explore_page.py"
pages = [
    st.Page(EXPLORE, title="Explore", url_path="home", default=True),
    st.Page(EXPLORE, title="Explore", url_path="explore", visibility="hidden"),
    st.Page("pages/compare_page.py", title="Compare", url_path="side-by-side"),
    st.Page("pages/edit_page.py", title="Edit a text", url_path="edit"),
]
page = st.navigation(pages, position="top")
with carried(page.title):
    page.run()
