"""Many texts -> rows, one a text and method, and what they say together.

columns    a batch of texts as columns, and the columns that are added
loading    the model of a worker, loaded once a process
settled    settings of a flow as a method
keys       what a row depends on
explaining what each method says of each text, shared where it can be
explainer  a batch -> rows, wherever batches come from
"""

from gaf_core.corpus.explainer import BatchExplainer

__all__ = ["BatchExplainer"]
