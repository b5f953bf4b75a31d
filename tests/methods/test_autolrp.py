"""CP-LRP and AttnLRP against another library, on nearly every architecture."""

from __future__ import annotations

import warnings

import autolrp
import pytest
import torch
from autolrp.nodes import LAYERNORM_NODES

import gaf_core as gaf
from gaf_core.methods import METHODS
from gaf_core.methods.inputs import EmbeddedText
from tests.support.architectures import SUPPORTED, build, text_for
from tests.support.inside import Attention
from tests.support.tolerance import assert_close, through

ROWS = {row.model_type: row for row in SUPPORTED}
# Where autolrp cannot serve: why.
UNSERVED = {
    "deberta": "it takes the mean of a norm that is written out for a constant",
    "bloom": "it does not know the activation, which is a function of its own",
    "mixtral": "it does not follow experts that are added in place",
}
TINY = 1e-40  # for what is divided by 0 only


def over(x: torch.Tensor) -> torch.Tensor:
    return x + torch.where(x >= 0, TINY, -TINY)


def added(a, b, relevance, _eps, *_, **_more):
    """Each summand its part of the sum: the epsilon rule. autolrp takes their magnitudes."""
    share = relevance / over(a + b)
    return a * share, b * share


def subtracted(a, b, relevance, _eps, *_, **_more):
    return added(a, -b, relevance, _eps)


def multiplied(_a, _b, relevance, _eps, *_, attribute="both"):
    """Half each, or all to the only state. autolrp takes their magnitudes."""
    if attribute == "both":
        return relevance / 2, relevance / 2
    return (relevance, None) if attribute == "lhs" else (None, relevance)


def normed(x, _y, relevance, _eps, *, weight=None, mean=None, rstd=None, **_more):
    """Only the deviation is constant. autolrp takes the mean for a constant, too."""
    weight = 1 if weight is None else weight
    gradient = relevance / over((x - mean) * rstd * weight) * weight * rstd
    return x * (gradient - gradient.mean(dim=-1, keepdim=True))


CONVENTIONS = {
    "AddBackward": added,
    "SubBackward": subtracted,
    "MulBackward": multiplied,
    **autolrp.on(LAYERNORM_NODES, normed),
}
FRAGMENTS = {"cp_lrp": autolrp.CPLRP, "attnlrp": autolrp.ATTNLRP}


def without_biases(model: gaf.Model) -> gaf.Model:
    """Which autolrp counts by magnitude."""
    for name, parameter in model.module.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    return model


def by_autolrp(model: gaf.Model, traced: gaf.Trace, name: str) -> torch.Tensor:
    """`[t]` what autolrp, with these conventions, gives the embeddings of words."""
    text = EmbeddedText(model, traced)
    words = autolrp.tensor(text.embeddings)
    with warnings.catch_warnings(), torch.enable_grad():
        warnings.filterwarnings("error", message=".*no installer matched|.*degrades to plain")
        warnings.filterwarnings("ignore", message="In-place")
        logit = text(words)[0]
        rules = {**autolrp.BASE, **CONVENTIONS, **FRAGMENTS[name]}
        logit.lrp(config=autolrp.LRPConfig(rule=rules, eps=TINY))
    relevance = words.relevance * logit.detach()  # that of the logit is 1 there
    return relevance.sum(dim=-1)[0].as_subclass(torch.Tensor)


@pytest.mark.parametrize("name", FRAGMENTS)
@pytest.mark.parametrize("kind", ROWS)
def test_another_library_agrees(kind, name):
    """autolrp hands on relevance itself and not a gradient, by hooks on the graph of autograd.

    Its rules for sums, gates and the means of norms are others, and are replaced by those of the
    papers.
    """
    model = without_biases(build(ROWS[kind], ROWS[kind].of_texts[-1]))
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model))
        found = METHODS[name](model, traced).scores
        if kind in UNSERVED:
            # an excuse that is not needed any more would hide a mistake
            with pytest.raises((UserWarning, AssertionError)):
                assert_close(found, by_autolrp(model, traced, name), roundings=through(model))
            return
        expected = by_autolrp(model, traced, name)
    assert_close(found, expected, roundings=through(model))
