"""Two texts aligned word by word, and what their scores did."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gaf_core as gaf
from gaf_core.text.edits import CHANGED, DELETED, INSERTED, SAME, align, compare_edit
from tests.support.tolerance import assert_close

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)


@given(WORDS, WORDS)
def test_every_word_is_paired_once_and_in_order(before, after):
    pairings = align(before, after)
    assert [p.before for p in pairings if p.before is not None] == list(range(len(before)))
    assert [p.after for p in pairings if p.after is not None] == list(range(len(after)))
    for pairing in pairings:
        there = pairing.before is not None, pairing.after is not None
        assert there == {DELETED: (True, False), INSERTED: (False, True)}.get(
            pairing.kind, (True, True)
        )
        if all(there):
            assert (before[pairing.before] == after[pairing.after]) == (pairing.kind == SAME)


def test_a_text_against_itself_is_all_the_same():
    assert {pairing.kind for pairing in align("abab", "abab")} == {SAME}


def test_a_deleted_an_inserted_and_a_changed_word():
    pairings = align(("it", "is", "not", "good"), ("it", "is", "very", "bad", "indeed"))
    assert [p.kind for p in pairings] == [SAME, SAME, CHANGED, CHANGED, INSERTED]
    pairings = align(("not", "a", "good", "film"), ("a", "good", "film"))
    assert [(p.kind, p.before, p.after) for p in pairings][:2] == [(DELETED, 0, None), (SAME, 1, 0)]


@pytest.fixture(scope="module")
def edit():
    minilm = gaf.load_model("minilm-reviews")
    settings = gaf.Settings(layers=(5, 6), target="positive")
    before, after = (
        gaf.explain(minilm, text, settings)
        for text in ("The film is not good.", "The film is good.")
    )
    return before, after, compare_edit((before.trace, before.scores), (after.trace, after.scores))


def test_the_table_keeps_every_score(edit):
    before, after, found = edit
    table = found.table()
    assert_close(table["score_before"].sum(), before.scores.sum())
    assert_close(table["score_after"].sum(), after.scores.sum())
    assert_close([table["share_before"].sum(), table["share_after"].sum()], 1.0)
    assert_close(table["change"].sum(), 0.0, size=1.0)


def test_the_word_that_went_is_found(edit):
    *_, found = edit
    gone = found.table().query("kind == 'deleted'")
    assert gone["word_before"].tolist() == ["not"]
    assert np.isnan(gone["share_after"].item())
    assert gone["change"].item() == -gone["share_before"].item()
    before, after = found.touched
    assert [found.words[0].text[index] for index in before] == ["not"]
    assert after == []


def test_signed_and_vanishing_scores_have_shares(edit):
    before, after, _ = edit
    signed = np.where(np.arange(len(before.tokens)) % 2, 1.0, -1.0)
    found = compare_edit((before.trace, signed), (after.trace, np.zeros(len(after.tokens))))
    assert_close(np.abs(found.shares[0]).sum(), 1.0)
    assert not found.shares[1].any()
