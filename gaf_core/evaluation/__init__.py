"""Scores of tokens -> how faithful they are: one text, several methods, many texts.

perturbation  how tokens are removed, and whose probability is watched
perturbed     texts with tokens removed -> probabilities, in shared batches
naopc         the least and the greatest AOPC of a text, by search over orders
ranking       which tokens go first, and which may go at all
metrics       AOPC, LOdds, comprehensiveness, sufficiency, curves
agreement     how far several methods agree
comparison    several methods on one text, for a page
entries       methods with settings, asked together of one trace
measuring     many texts: each method on each text, one row each
rows          kept in a file, so that a run may stop and go on
edge_masks    an order of attention edges -> masks of the first of them
edges         scores of attention edges -> how much of the prediction the first of them carry
edge_rows     many texts: each way to score edges on each text
bootstrap     rows -> one line a method, and differences of two methods
"""

from gaf_core.evaluation.bootstrap import bootstrap_interval, paired, summarise
from gaf_core.evaluation.edge_rows import EDGE_MEASURES, benchmark_edges, measure_edges
from gaf_core.evaluation.edges import (
    EDGE_FRACTIONS,
    EdgeEvaluation,
    evaluate_all_edges,
    evaluate_edges,
)
from gaf_core.evaluation.measuring import COLUMNS, NAOPC_COLUMNS, benchmark, measure
from gaf_core.evaluation.metrics import ERASER_FRACTIONS, Curves, Evaluation, evaluate, evaluate_all
from gaf_core.evaluation.naopc import AopcLimits, aopc_limits, limit_passes
from gaf_core.evaluation.perturbation import (
    FRACTIONS,
    OPERATORS,
    Perturbation,
    resolve_perturbation,
    watched_label,
)
from gaf_core.evaluation.ranking import check_encoding, check_scores, ranked, removed_count
from gaf_core.evaluation.rows import RowStore

__all__ = [
    "COLUMNS",
    "EDGE_FRACTIONS",
    "EDGE_MEASURES",
    "ERASER_FRACTIONS",
    "FRACTIONS",
    "NAOPC_COLUMNS",
    "OPERATORS",
    "AopcLimits",
    "Curves",
    "EdgeEvaluation",
    "Evaluation",
    "Perturbation",
    "RowStore",
    "aopc_limits",
    "benchmark",
    "benchmark_edges",
    "bootstrap_interval",
    "check_encoding",
    "check_scores",
    "evaluate",
    "evaluate_all",
    "evaluate_all_edges",
    "evaluate_edges",
    "limit_passes",
    "measure",
    "measure_edges",
    "paired",
    "ranked",
    "removed_count",
    "resolve_perturbation",
    "summarise",
    "watched_label",
]
