"""Many texts -> rows, one a text and method, and what they say together.

columns    a batch of texts as columns, and the columns that are added
loading    the model of a worker, loaded once a process
settled    settings of a flow as a method
keys       what a row depends on
explaining what each method says of each text, shared where it can be
explainer  a batch -> rows, wherever batches come from
readers    files -> lines of values, and the lines that cannot be read
texts      lines -> texts with what belongs to them; a survey of a file
parts      rows in a folder: a part is there as a whole or not at all
work       a stretch of texts -> what its part lacks
engines    who computes: this process, or workers of a Ray cluster
running    a file -> a folder of rows; what ended early goes on
results    a folder of rows -> what tables are made of
importance results -> which words carry a class
summary    results -> faithfulness, differences, accuracy, texts that stand out
"""

from gaf_core.corpus.explainer import BatchExplainer

__all__ = ["BatchExplainer"]
