"""The benchmark of the path methods measures what it says, and its page has a line for each."""

import argparse
from functools import partial

import numpy as np
import pytest

import gaf_core as gaf
from benchmarks import path_choice
from benchmarks.path_choice import BESIDE, document, entries_of, measured
from benchmarks.path_variants import (
    of_constants,
    of_sentences,
    of_starts,
    starting,
    sums_along,
    variant,
)
from gaf_core.models.model import Task
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.tolerance import SOLVED, STORED, assert_apart, assert_close

ROWS = {row.model_type: row for row in SUPPORTED}
TEXTS = ["a good film not bad", "not a bad film"]


@pytest.fixture(scope="module")
def tiny() -> gaf.Model:
    return build(ROWS["bert"], Task.CLASSIFICATION)


@pytest.mark.parametrize(("name", "flow"), [("path_gaf", True), (path_choice.SUM, False)])
def test_a_variant_that_changes_nothing_is_the_method(tiny, name, flow):
    traced = gaf.trace(tiny, TEXTS[0])
    same = variant("same", flow=flow, start=partial(starting, "mask"))(tiny, traced).scores
    expected = gaf.METHODS[name](tiny, traced).scores
    assert_close(same, expected, precision=np.float32, roundings=STORED, error=SOLVED)


@pytest.mark.parametrize("flow", [True, False])
def test_a_first_token_that_is_kept_scores_nothing(flow):
    model = build(ROWS["gpt2"], Task.NEXT_TOKEN)
    traced = gaf.trace(model, "a good film not bad")
    assert not traced.special.any()
    kept = variant("kept", flow=flow, start=partial(starting, "zero", keep_first=True))
    scores = kept(model, traced).scores
    assert scores[0] == 0
    assert scores[1:].any()


def test_norms_of_the_text_are_constant_and_change_no_output():
    model = build(ROWS["llama"], Task.NEXT_TOKEN)
    traced = gaf.trace(model, text_for(model))
    start = starting("neutral word", model, traced)
    usual, held = (
        sums_along(model, traced, start, norms_of_text=held, frozen=gaf.Frozen(norms=not held))
        for held in (False, True)
    )
    assert_close(held.values, usual.values, error=1e-6)
    assert_apart(held.relevance[0], usual.relevance[0])


def test_the_page_has_a_line_for_every_variant(tiny):
    entries = [*entries_of([gaf.METHODS[name] for name in BESIDE]), *entries_of(of_sentences())]
    rows = measured(tiny, TEXTS, entries, "mask", None)
    assert rows["failure"].isna().all(), rows["failure"].dropna().tolist()
    causal = [*entries_of([gaf.METHODS["faithful"], gaf.METHODS["path_gaf"]])]
    causal += entries_of([*of_starts(), *of_constants()])
    language = measured(tiny, TEXTS, causal, "delete", None)
    options = argparse.Namespace(sentences=2, prompts=2)
    page = document({"mask": rows, "delete": rows}, language, options)
    for entry in (*entries, *causal):
        assert f"| {entry.label} |" in page
    assert "--sentences 2 --prompts 2" in page
