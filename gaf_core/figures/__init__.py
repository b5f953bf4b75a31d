"""Results -> plotly figures, for the app and for notebooks. The only part that imports plotly."""

from gaf_core.figures.answer_map import answer_map_figure
from gaf_core.figures.bars import probability_bars, token_bars
from gaf_core.figures.edit import change_chart
from gaf_core.figures.graph import flow_graph
from gaf_core.figures.matrix import head_matrix, layer_matrix
from gaf_core.figures.sankey import sankey

__all__ = [
    "answer_map_figure",
    "change_chart",
    "flow_graph",
    "head_matrix",
    "layer_matrix",
    "probability_bars",
    "sankey",
    "token_bars",
]
