"""Scores from elsewhere: files that other programs wrote -> scores of the tokens of a text.

contents   bytes of a CSV or JSON file -> tables of cells
sheets     tables -> the rows of each method: token or place, and a score
matching   rows + Trace -> scores of its tokens
file       a file that was read, before anybody knows the text
method     the scores of a method by text -> a `Method`
given      a file -> attributions, and methods that take part like any other
"""

from gaf_core.elsewhere.file import GivenFile
from gaf_core.elsewhere.given import given_methods, read_scores

__all__ = ["GivenFile", "given_methods", "read_scores"]
