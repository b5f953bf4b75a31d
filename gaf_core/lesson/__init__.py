"""The lesson: maximum flow as an explanation, on a toy and on a reader's own text.

toy         a small network that a reader changes pipe by pipe, and its text in a link
presets     toys that show something, one of them made of the reader's own text
solved      a toy with its flows: every change is solved anew by the solver of the library
cells       one row of one head, and the numbers that one edge is made of
answers     several maximum flows of one network, and the path to the one in the middle
promises    what the scores promise, each checked with its numbers
puzzle      which pipe to raise, judged by the solver
agreeing    what the model says when words go, or when only the widest ways stay
stops       the nine stops as data
questions   the question of each stop, with its answer computed
"""
