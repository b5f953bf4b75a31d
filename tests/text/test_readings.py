"""One text as two models read it: words that both have, whatever their tokenizers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.handmade import trace_of
from gaf_core.text.edits import CHANGED, DELETED, INSERTED, SAME, compare_models
from gaf_core.text.readings import common_words
from tests.support.tolerance import assert_close

TEXT = "one two three four five six"


@st.composite
def divisions(draw) -> list[tuple[int, int]]:
    """Tokens that cover the text, cut at any places between characters that are no spaces."""
    cuts = draw(st.sets(st.integers(1, len(TEXT) - 1)))
    edges = [0, *sorted(cuts), len(TEXT)]
    return [(a, b) for a, b in pairwise(edges) if TEXT[a:b].strip()]


@given(divisions(), divisions())
def test_both_have_the_same_words_and_no_score_is_lost(first, second):
    traces = trace_of(TEXT, spans=first), trace_of(TEXT, spans=second)
    one, other = common_words(*traces)
    stretches = [
        {(int(s), int(e)) for s, e in zip(w.start, w.end, strict=True) if s < e}
        for w in (one, other)
    ]
    assert stretches[0] == stretches[1]
    scores = tuple(np.arange(1.0, len(trace.tokens) + 1) for trace in traces)
    edit = compare_models((traces[0], scores[0]), (traces[1], scores[1]), ("a", "b"))
    assert {pairing.kind for pairing in edit.pairings} == {SAME}
    for side in (0, 1):
        assert_close(edit.scores[side].sum(), scores[side].sum())
        assert len(edit.words[side].token_word) == len(traces[side].tokens)


def test_a_token_that_joins_words_joins_them_for_both():
    joined = trace_of("New York is big", spans=[(0, 8), (9, 11), (12, 15)])
    apart = trace_of("New York is big")
    words = common_words(joined, apart)
    assert [one.text for one in words] == [("[CLS]", "New York", "is", "big", "[SEP]")] * 2
    assert words[1].members == [[0], [1, 2], [3], [4], [5]]


def test_special_tokens_of_two_kinds_stand_for_each_other_and_never_for_a_word():
    first, second = trace_of("a b"), trace_of("a b c d")
    edit = compare_models(
        (first, np.ones(len(first.tokens))), (second, np.ones(len(second.tokens))), ("cut", "whole")
    )
    kinds = [(pairing.kind, pairing.before, pairing.after) for pairing in edit.pairings]
    assert (INSERTED, None, 3) in kinds
    assert (INSERTED, None, 4) in kinds
    assert (SAME, 3, 5) in kinds, "[SEP] after a text that was cut is [SEP] after the whole one"
    for pairing in edit.pairings:
        if pairing.kind == CHANGED:
            before, after = (
                words.special[index]
                for words, index in zip(edit.words, (pairing.before, pairing.after), strict=True)
            )
            assert before == after
    assert DELETED not in {pairing.kind for pairing in edit.pairings}


@pytest.mark.parametrize("name", ["<s>", "[MASK]"])
def test_other_names_of_special_tokens_are_a_change(name):
    first = trace_of("a b")
    second = trace_of("a b")
    object.__setattr__(second.encoding, "tokens", (name, "a", "b", "[SEP]"))
    edit = compare_models((first, np.ones(4)), (second, np.ones(4)), ("one", "other"))
    assert [pairing.kind for pairing in edit.pairings] == [CHANGED, SAME, SAME, SAME]
