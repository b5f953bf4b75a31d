"""Explanation -> what is said about it in words: prediction, certificate, settings, provenance.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from gaf_core.explanation import Explanation
from gaf_core.flow import cut_nodes
from gaf_core.models.model import Task
from gaf_core.settings import INGREDIENTS
from gaf_core.tracing.target import label_name
from gaf_core.tracing.trace import Trace
from gaf_core.version import __version__

CITATION = (
    "Behrooz Azarkhalili and Maxwell W. Libbrecht. Generalized Attention Flow: Feature Attribution "
    "for Transformer Models via Maximum Flow. ACL 2025."
)
PAPER = "https://arxiv.org/abs/2502.15765"
_LIBRARIES = ("torch", "transformers", "numpy")


def quoted(name: str) -> str:
    """A name as it stands in plain text."""
    return f"“{name}”"


def prediction_sentence(trace: Trace, mark: Callable[[str], str] = quoted) -> str:
    """What the model says and how sure it is; what is explained, where that is something else.

    Args:
        trace: the prediction.
        mark: how a name of the model is set off; it also escapes it where the sentence is markup.
    """
    name = mark(label_name(trace.labels, trace.predicted))
    if len(trace.labels) == 1:
        return f"The model gives {name} the value {trace.logits[0]:.3g}."
    verb = "continues with" if trace.task is Task.NEXT_TOKEN else "says"
    said = f"The model {verb} {name}, {trace.probabilities[trace.predicted]:.1%} sure."
    if trace.target.against is None and trace.target.index == trace.predicted:
        return said
    return f"{said} Explained here: why {mark(trace.target.name)}."


def score_sentence(explanation: Explanation) -> str:
    """What a score is, and in which unit."""
    if explanation.depths is not None:
        return (
            f"A score is the mean share over {_flows(explanation)}, one that ends at each layer of "
            "the range."
        )
    unit = "attention weights" if explanation.settings.variant == "AF" else "units of the logit"
    return f"A score is the flow that arrives at a token, in {unit}; a share is its part of all."


def intervals_sentence(explanation: Explanation) -> str:
    """What the intervals of the shares are, or why a depth average has none."""
    if explanation.depths is None:
        return (
            "The thin line is how far a plain maximum flow, which is not unique, could move the "
            "share; the bar is the one balanced flow."
        )
    return f"A mean over {_flows(explanation)}, so the bars have no intervals."


def network_sentence(explanation: Explanation) -> str:
    """Which of its flows is the network of a depth average; nothing about one flow."""
    if explanation.depths is None:
        return ""
    first, last = explanation.layers
    return (
        f"The scores above are the mean over {_flows(explanation)}, which end at the entry of "
        f"layer {first + 1}, of the next, and so on to layer {last}. The network is that of the "
        "first of them, the flow through the whole range, so its widths at the words are not the "
        "scores."
    )


def certificate_sentence(explanation: Explanation) -> str:
    """What is proven about the flows that the scores are made of, or why nothing is."""
    solution = explanation.solution
    if solution.value <= 0 or not explanation.certified:
        return explanation.message
    bound = f"is larger by more than {solution.duality_gap:.1e} of it."
    if explanation.depths is None:
        return f"Proven: flow {solution.value:.4g}, and no flow through this network {bound}"
    return (
        f"Proven: each of the {_flows(explanation)} that the scores are the mean of. The flow "
        f"through the whole range is {solution.value:.4g}, and no other through it {bound}"
    )


def certificate_rows(explanation: Explanation) -> list[tuple[str, str]]:
    """The numbers of the certificate, each with its name."""
    solution = explanation.solution
    return [
        *_depth_rows(explanation),
        ("status", str(solution.status)),
        ("flow value", f"{solution.value:.6g}"),
        ("duality gap, relative", f"{solution.duality_gap:.2e}"),
        ("capacity of the cut that proves it", f"{solution.cut_capacity:.6g}"),
        ("conservation residual, relative", f"{solution.conservation_residual:.2e}"),
        ("centrality", f"{solution.centrality:.2e}"),
        ("Newton steps", f"{solution.iterations}"),
        ("time", f"{solution.seconds * 1e3:.0f} ms"),
        ("edges", f"{explanation.network.edge_count:,}"),
        *_node_row(explanation),
        ("edges removed, being on no path", f"{explanation.network.pruned:,}"),
    ]


def _depth_rows(explanation: Explanation) -> list[tuple[str, str]]:
    """How the flows of a depth average ended, and of which of them the other numbers are."""
    if explanation.depths is None:
        return []
    ended = Counter(map(str, explanation.statuses))
    first, last = explanation.layers
    return [
        ("flows that the scores are the mean of", f"{len(explanation.statuses)}"),
        ("how they ended", ", ".join(f"{count} {status}" for status, count in ended.items())),
        ("what follows is of the flow through layers", f"{first + 1} to {last}"),
    ]


def _flows(explanation: Explanation) -> str:
    count = len(explanation.statuses)
    return f"{count} flow" if count == 1 else f"{count} flows"


def _node_row(explanation: Explanation) -> list[tuple[str, str]]:
    """How many of the nodes with a capacity the cut of the certificate runs through."""
    network = explanation.network
    if network.node_capacity is None:
        return []
    cut = np.count_nonzero(cut_nodes(network, explanation.solution.cut))
    return [("nodes with a capacity, on that cut", f"{cut:,}")]


def settings_rows(explanation: Explanation, model: str | None = None) -> list[tuple[str, str]]:
    """What was asked, each setting with its name."""
    settings, (first, last) = explanation.settings, explanation.layers
    heads = "all" if settings.heads is None else ", ".join(map(str, settings.heads))
    rows = [
        ("layers", f"{first + 1} to {last} of {explanation.trace.layers}"),
        ("explained", explanation.trace.target.name),
        ("heads", heads),
        *((one.name.replace("_", " "), _value(getattr(settings, one.name))) for one in INGREDIENTS),
        ("scores", scores_are(explanation)),
        ("epsilon", f"{settings.epsilon:g}"),
        ("tokens", f"{len(explanation.tokens):,}"),
        ("tokens cut off", f"{explanation.trace.truncated:,}"),
    ]
    return [("model", model), *rows] if model else rows


def _value(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def scores_are(explanation: Explanation) -> str:
    """What the scores are made of, in a few words."""
    return "of one flow" if explanation.depths is None else "mean over start layers"


def versions() -> dict[str, str]:
    """Versions of what computed a result: gaf_core, its main libraries, and Python."""
    return {
        "gaf_core": __version__,
        **{library: version(library) for library in _LIBRARIES},
        "python": platform.python_version(),
    }
