"""Results -> plotly figures, for the app and for notebooks. The only part that imports plotly."""

from gaf_core.figures.bars import probability_bars, token_bars
from gaf_core.figures.sankey import sankey

__all__ = ["probability_bars", "sankey", "token_bars"]
