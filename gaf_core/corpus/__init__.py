"""Many texts and methods -> how faithful each method is, with intervals.

measuring     each method on each text: one row each
rows          kept in a file, so that a run may stop and go on
bootstrap     rows -> one line a method, and differences of two methods
"""

from gaf_core.corpus.bootstrap import bootstrap_interval, paired, summarise
from gaf_core.corpus.measuring import COLUMNS, benchmark, measure
from gaf_core.corpus.rows import RowStore

__all__ = [
    "COLUMNS",
    "RowStore",
    "benchmark",
    "bootstrap_interval",
    "measure",
    "paired",
    "summarise",
]
