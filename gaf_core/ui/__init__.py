"""The Streamlit side of the project: caches, request form, panels. All of Streamlit is here."""
