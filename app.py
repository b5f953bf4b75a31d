"""GAF Explorer. Streamlit reads this file once as the server, and at every visit as its script."""

import streamlit as st

if __name__ == "__main__":  # a visit
    from gaf_core.ui.frame import draw

    draw()
else:
    from starlette.middleware import Middleware

    from gaf_core.ui.server import Preloading, warmed

    app = st.App(__file__, lifespan=warmed, middleware=[Middleware(Preloading)])
