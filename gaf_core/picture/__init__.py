"""Explanation -> what is drawn, as plain data: merged nodes, places, colours, words. No plotly."""
