from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from benchmarks.handmade import trace_of
from gaf_core.picture.spans import LONG, partition, span_tokens

SENTENCES = (
    "The plot is thin, but it moves quickly; the cast is good. Is it funny? Hardly!\n"
    "Still, we stayed until the end, and nobody left early: not even the critics did. "
    "A lovely film (in parts). The acting was superb, even where the lines were not. "
)
texts = st.lists(
    st.sampled_from(["word", ",", ".", "longer", "?", "\n", ";", "(", ")", "one two three"]),
    min_size=1,
    max_size=60,
).map(" ".join)
KINDS = st.sampled_from(["tokens", "words", "spans"])


@settings(max_examples=25, deadline=None)
@given(texts, KINDS, st.integers(1, 30), st.data())
def test_units_hold_every_token_once_in_reading_order(text, by, count, data):
    trace = trace_of(f"{text} end", layers=1)
    tokens = len(trace.tokens)
    opened = data.draw(st.sets(st.integers(0, tokens - 1), max_size=3))
    units = partition(trace, by, count, opened)
    assert [token for unit in units for token in unit] == list(range(tokens))
    assert all((token,) in units for token in opened)


@settings(max_examples=25, deadline=None)
@given(texts, st.integers(3, 30))
def test_long_texts_have_at_most_so_many_spans(text, count):
    trace = trace_of(text + " word" * LONG, layers=1)
    assert len(partition(trace, "spans", count)) <= count


def test_spans_end_where_sentences_and_clauses_do():
    trace = trace_of(SENTENCES, layers=1)
    units = partition(trace, "spans", 9)
    last = [trace.tokens[unit[-1]] for unit in units[1:-1]]
    assert set(last) <= set(".!?;:,"), last
    assert sum(mark in ".!?" for mark in last) >= 5, "sentences first"


def test_a_closing_bracket_stays_with_what_it_closes():
    trace = trace_of("(one two three.) four five six. " * 6, layers=1)
    for left, right in pairwise(partition(trace, "spans", 14)):
        assert trace.tokens[right[0]] != ")", trace.tokens[left[0]]


def test_spans_are_about_equally_long():
    sizes = [len(unit) for unit in partition(trace_of(SENTENCES * 3, layers=1), "spans", 12)[1:-1]]
    assert max(sizes) <= 2 * sum(sizes) / len(sizes)
    assert min(sizes) >= sum(sizes) / len(sizes) / 3


def test_a_text_without_any_mark_is_still_split():
    trace = trace_of("word " * 100, layers=1)
    sizes = [len(unit) for unit in partition(trace, "spans", 10)[1:-1]]
    assert len(sizes) >= 4
    assert max(sizes) <= 2 * min(sizes)


def test_a_line_break_ends_a_span_as_a_sentence_does():
    lines = ["alpha " * 10, "beta " * 10, "gamma " * 10, "delta " * 10]
    trace = trace_of("\n".join(lines), layers=1)
    units = partition(trace, "spans", 6)
    assert [len(set(trace.tokens[unit[0] : unit[-1] + 1])) for unit in units] == [1] * 6


def test_short_texts_are_shown_by_words():
    spans, tokens = [(0, 2), (2, 12), (13, 17)], ["un", "##believably", "good"]
    trace = trace_of("unbelievably good", spans=spans, tokens=tokens)
    words = ((0,), (1, 2), (3,), (4,))
    assert partition(trace, "spans", 2) == partition(trace, "words", 2) == words
    assert partition(trace, "words", 2, opened=[2]) == ((0,), (1,), (2,), (3,), (4,))
    assert span_tokens(words, [2]) == [1, 2]


def test_special_tokens_stand_alone():
    units = partition(trace_of(SENTENCES, layers=1), "spans", 5)
    assert units[0] == (0,)
    assert len(units[-1]) == 1


def test_what_does_not_exist_is_refused():
    trace = trace_of("one", layers=1)
    with pytest.raises(gaf.SettingsError, match="Use tokens, words, spans"):
        partition(trace, "letters", 5)
    with pytest.raises(gaf.SettingsError, match="Choose from 0 to 2"):
        partition(trace, "words", 5, opened=[3])
