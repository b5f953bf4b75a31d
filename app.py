"""GAF Explorer. Streamlit reads this file once as the server, and at every visit as its script."""

import streamlit as st

if __name__ == "__main__":  # a visit
    from gaf_core.ui.frame import draw

    draw()
else:
    from starlette.middleware import Middleware

    from gaf_core.ui.guarding import Guarding
    from gaf_core.ui.server import Parting, Preloading, warmed

    around = [Middleware(one) for one in (Guarding, Preloading, Parting)]
    app = st.App(__file__, lifespan=warmed, middleware=around)
