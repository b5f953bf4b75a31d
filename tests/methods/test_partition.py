"""Owen values along a tree: the mean over all orders that keep its parts together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from gaf_core.methods.partition import Part, all_passes, halved, owen_values, text_tree
from tests.support.tolerance import assert_close, summed


def tree_of(sizes: list[int]) -> Part:
    """Words of so many tokens each, numbered through."""
    numbers = itertools.count()
    return halved([halved([Part((next(numbers),)) for _ in range(size)]) for size in sizes])


def orders(part: Part) -> list[tuple[int, ...]]:
    """All orders of the tokens in which those of every part stand together."""
    if not part.halves:
        return [part.tokens]
    left, right = map(orders, part.halves)
    return [
        together
        for one, other in itertools.product(left, right)
        for together in (one + other, other + one)
    ]


def by_orders(tree: Part, worth) -> np.ndarray:
    values, every = np.zeros(len(tree.tokens)), orders(tree)
    for order in every:
        there = np.zeros(len(values), dtype=bool)
        for token in order:
            before = worth(there[None])[0]
            there[token] = True
            values[token] += (worth(there[None])[0] - before) / len(every)
    return values


def random_worth(tokens: int, seed: int):
    """Any value for any choice of the tokens."""
    table = np.random.default_rng(seed).normal(size=2**tokens)
    return lambda there: table[there @ (1 << np.arange(tokens))]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(0, 100))
def test_values_are_the_mean_over_the_orders_of_the_tree(sizes, seed):
    tree = tree_of(sizes)
    worth = random_worth(len(tree.tokens), seed)
    found, unsplit = owen_values(tree, worth, 10_000)
    assert unsplit == 0
    assert_close(found, by_orders(tree, worth), roundings=summed(2**9), size=4.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(0, 100), st.integers(2, 60))
def test_with_few_passes_the_sum_stays_and_no_more_are_taken(sizes, seed, passes):
    tree = tree_of(sizes)
    worth, rows = random_worth(len(tree.tokens), seed), []

    def counted(there):
        rows.extend(there)
        return worth(there)

    found, unsplit = owen_values(tree, counted, passes)
    needed = 2 + all_passes(tree)
    assert len(rows) <= passes
    assert (unsplit == 0) == (passes >= needed)
    if passes >= needed:
        assert len(rows) == needed
    tokens = len(tree.tokens)
    whole, empty = worth(np.ones((1, tokens), bool))[0], worth(np.zeros((1, tokens), bool))[0]
    assert_close(found.sum(), whole - empty, roundings=summed(200), size=4.0)


def test_the_largest_difference_is_split_first():
    tree = halved([Part((token,)) for token in range(8)])
    worth = np.array([0.0, 0, 0, 0, 0, 0, 9.0, 1.0])
    # 2 for all and none, 2 for the halves, and 4 for the second half, with the first and without
    found, unsplit = owen_values(tree, lambda there: there @ worth, 2 + 2 + 4)
    assert found.tolist() == [0, 0, 0, 0, 0, 0, 5, 5]
    assert unsplit == 2 + 2 * 4


def test_a_tree_keeps_texts_and_words_together():
    model = gaf.load_model("minilm-reviews")
    tree = text_tree(gaf.trace(model, "Unwatchable film."))
    assert tree.tokens == (0, 1, 2, 3, 4)
    left, right = tree.halves
    assert [half.tokens for half in left.halves] == [(0, 1, 2), (3,)]
    assert right.tokens == (4,)


@pytest.mark.parametrize(("tokens", "passes"), [(1, 0), (2, 2), (4, 10), (8, 42), (16, 170)])
def test_a_balanced_tree_takes_two_thirds_of_the_square(tokens, passes):
    assert all_passes(halved([Part((token,)) for token in range(tokens)])) == passes
