"""Value zeroing and information flow routes: against the definition, on every architecture."""

import numpy as np
import pytest
import torch

import gaf_core as gaf
from gaf_core.methods.mixing import APART, TOGETHER, flow_routes, value_zeroing
from gaf_core.models.model import Task
from gaf_core.tracing import attention
from gaf_core.tracing.isolated import ATTENDED, Layers
from tests.support.architectures import SUPPORTED, build, target_for, text_for
from tests.support.inside import Attention
from tests.support.models import counting, in_float64, save_tiny
from tests.support.tolerance import assert_close, summed, through

METHODS = ("value_zeroing", "information_flow_routes")
TEXT = "a good film not bad a film not"
KINDS = [
    pytest.param(row, task, id=f"{row.model_type}-{task.name.lower()}")
    for row in SUPPORTED
    for task in row.tasks
]
# what attention brings goes through a norm before it is added, so that it is no sum of parts
NORMED = ("gemma2", "gemma3_text", "olmo2")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def traced(tiny):
    return gaf.trace(tiny, TEXT)


def rows_of_one(matrices: np.ndarray) -> np.ndarray:
    return matrices / matrices.sum(axis=-1, keepdims=True)


@torch.no_grad()
def test_value_zeroing_zeroes_the_values_of_one_layer_at_a_time(tiny, traced):
    """As it is defined: a layer is given its own input, and zeros where the values are."""
    module, tokens = tiny.module, len(traced.tokens)
    states = module(**traced.encoding.inputs, output_hidden_states=True).hidden_states
    expected = np.empty((traced.layers, tokens, tokens))
    for number, layer in enumerate(module.bert.encoder.layer):
        for token in range(tokens):

            def zero(_part, _inputs, output, token=token):
                output[:, token] = 0
                return output

            handle = layer.attention.self.value.register_forward_hook(zero)
            found = layer(states[number])
            handle.remove()
            changed = (found[0] if isinstance(found, tuple) else found).reshape(tokens, -1)
            turned = 1 - torch.cosine_similarity(changed, states[number + 1][0], dim=-1)
            expected[number, :, token] = turned
    size = 1 / expected.sum(axis=-1).min()
    how = {"roundings": through(tiny), "size": size}
    assert_close(value_zeroing(tiny, traced), rows_of_one(expected), **how)


@torch.no_grad()
def test_flow_routes_take_the_sum_behind_attention_apart(tiny, traced):
    """By the weights of the network: values, output matrix, bias and residual."""
    module, tokens, heads = tiny.module, len(traced.tokens), tiny.heads
    output = module(**traced.encoding.inputs, output_hidden_states=True, output_attentions=True)
    expected = {kind: np.zeros((traced.layers, tokens, tokens)) for kind in (APART, TOGETHER)}
    for number, layer in enumerate(module.bert.encoder.layer):
        state, own = output.hidden_states[number][0], layer.attention
        values = own.self.value(state).reshape(tokens, heads, -1)
        matrix = own.output.dense.weight.reshape(-1, heads, values.shape[-1])
        parts = torch.einsum("hij,jhv,dhv->hijd", output.attentions[number][0], values, matrix)
        past = state + own.output.dense.bias
        whole = past + parts.sum(dim=(0, 2))
        for kind, some in ((APART, parts), (TOGETHER, parts.sum(dim=0, keepdim=True))):
            everything = torch.cat([some.permute(0, 2, 1, 3).flatten(0, 1), past[None]])
            near = whole.abs().sum(-1) - (whole - everything).abs().sum(-1)
            near = near.clamp(min=0).numpy()
            edges = near[:-1].reshape(-1, tokens, tokens).sum(axis=0).T
            expected[kind][number] = edges + np.diag(near[-1])
    for kind, edges in expected.items():
        found = flow_routes(tiny, traced, kind)
        assert_close(found, rows_of_one(edges), roundings=through(tiny), message=kind)
    assert np.abs(expected[APART] - expected[TOGETHER]).max() > 0.01


@pytest.mark.parametrize(("row", "task"), KINDS)
def test_every_architecture_shows_its_layers_one_by_one(row, task):
    model = build(row, task)
    with Attention():  # in float64 throughout
        traced = gaf.trace(model, text_for(model), target_for(model))
        routes, zeroed = flow_routes(model, traced, TOGETHER), value_zeroing(model, traced)
        scores = [gaf.METHODS[name](model, traced).scores for name in METHODS]
        if row.model_type not in NORMED:
            check_that_parts_add_up(model, traced)
    read = traced.attention.any(axis=1) | np.eye(len(traced.tokens), dtype=bool)
    for found in (routes, zeroed):
        assert_close(found.sum(axis=-1), 1.0, roundings=summed(len(traced.tokens)))
        assert found.min() >= 0
        assert not found[~np.broadcast_to(read, found.shape)].any()
    for found in scores:
        assert_close(found.sum(), 1.0, roundings=traced.layers * summed(len(traced.tokens)))


def check_that_parts_add_up(model, traced):
    """The state behind attention is the sum of what comes of each token and of what passes by."""
    tokens, layers = len(traced.tokens), Layers(model, traced)
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=100))

    def along(state, _own):
        return state @ weights[: state.shape[-1]]

    def own_along(state, own):
        return (own @ weights[: own.shape[-1]]).expand(state.shape[:2])

    def without(token):
        keep = np.ones((1, tokens, tokens), dtype=bool)
        keep[:, :, token] = False
        return keep

    def nothing(_):
        return np.zeros((1, tokens, tokens), dtype=bool)

    own = layers.effects(ATTENDED, 1, without, own_along)[:, 0]
    cut = layers.effects(ATTENDED, tokens, without, along)
    past = layers.effects(ATTENDED, 1, nothing, along)[:, 0]
    size = tokens * max(np.abs(cut).max(), np.abs(past).max())
    assert_close((own[:, None] - cut).sum(axis=1) + past, own, roundings=through(model), size=size)
    assert np.abs(own - past).max() > 1e-3 * np.abs(own).max()


def test_the_first_token_of_a_causal_model_keeps_itself():
    model = build(next(row for row in SUPPORTED if row.model_type == "llama"), Task.NEXT_TOKEN)
    traced = gaf.trace(model, text_for(model))
    for found in (flow_routes(model, traced), value_zeroing(model, traced)):
        assert_close(found[:, 0], np.eye(len(traced.tokens))[:1].repeat(traced.layers, axis=0))
        assert not np.triu(found, 1).any()


@pytest.mark.parametrize(
    ("method", "options", "passes"),
    [
        # two to find the layers, one for all cuts of this short text
        ("value_zeroing", {}, 3),
        # one more to find the sums, and one for what passes by, with sums of its own
        ("information_flow_routes", {"heads": "together"}, 6),
    ],
)
def test_all_layers_share_their_passes(tiny, traced, method, options, passes):
    calls, steps = counting(tiny), []

    def progress(done, total):
        assert not tiny.lock.locked()
        steps.append((done, total))

    gaf.METHODS[method](tiny, traced, progress=progress, **options)
    assert len(calls) == passes
    assert steps == [(len(traced.tokens), len(traced.tokens))]


@pytest.mark.parametrize("method", METHODS)
def test_small_batches_give_the_same(tiny, traced, method, monkeypatch):
    together = gaf.METHODS[method](tiny, traced).scores
    monkeypatch.setattr("gaf_core.tracing.isolated.rows_that_fit", lambda *_: 3)
    steps = []
    found = gaf.METHODS[method](tiny, traced, progress=lambda *step: steps.append(step)).scores
    assert len(steps) > 2
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1][0] == steps[-1][1]
    assert_close(found, together, roundings=through(tiny))


@pytest.mark.parametrize("method", METHODS)
def test_what_progress_raises_stops_the_method_and_leaves_nothing_behind(tiny, traced, method):
    class StoppedError(Exception):
        pass

    def stop(_done, _total):
        raise StoppedError

    with pytest.raises(StoppedError):
        gaf.METHODS[method](tiny, traced, progress=stop)
    assert not tiny.lock.locked()
    assert gaf.trace(tiny, TEXT).logits.tolist() == traced.logits.tolist()


def test_states_that_the_network_does_not_compute_with_are_refused(tiny, traced, monkeypatch):
    def copied(*arguments):
        return tuple(state.clone() for state in attention.read_all_hidden(*arguments))

    monkeypatch.setattr("gaf_core.tracing.isolated.read_all_hidden", copied)
    for method in METHODS:
        with pytest.raises(gaf.ModelError, match="cannot be looked at by itself"):
            gaf.METHODS[method](tiny, traced)


def test_a_state_that_is_not_the_one_that_goes_on_is_refused(tiny, traced, monkeypatch):
    def shifted(model, output, tokens):  # the entering state for the leaving one
        states = attention.read_all_hidden(model, output, tokens)
        return (*states[:2], states[1], states[3])

    monkeypatch.setattr("gaf_core.tracing.isolated.read_all_hidden", shifted)
    with pytest.raises(gaf.ModelError, match="cannot be looked at by itself"):
        gaf.METHODS["value_zeroing"](tiny, traced)
