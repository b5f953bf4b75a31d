"""Explanation -> what is listed of it by name: certificate, settings, versions, the paper."""

from __future__ import annotations

import platform
from collections import Counter
from importlib.metadata import version

import numpy as np

from gaf_core.explanation import Explanation
from gaf_core.flow import cut_nodes
from gaf_core.settings import INGREDIENTS
from gaf_core.version import __version__

CITATION = (
    "Behrooz Azarkhalili and Maxwell W. Libbrecht. Generalized Attention Flow: Feature Attribution "
    "for Transformer Models via Maximum Flow. ACL 2025."
)
PAPER = "https://arxiv.org/abs/2502.15765"
_LIBRARIES = ("torch", "transformers", "numpy")


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
        *_answer_rows(explanation),
        ("heads", heads),
        *((one.name.replace("_", " "), _value(getattr(settings, one.name))) for one in INGREDIENTS),
        ("scores", scores_are(explanation)),
        ("epsilon", f"{settings.epsilon:g}"),
        ("tokens", f"{len(explanation.tokens):,}"),
        ("tokens cut off", f"{explanation.trace.truncated:,}"),
    ]
    return [("model", model), *rows] if model else rows


def _answer_rows(explanation: Explanation) -> list[tuple[str, str]]:
    """How an answer of a language model is scored, and where its flow ends."""
    asked, share = explanation.trace.continuation, explanation.prompt_share
    if asked is None or share is None:
        return []
    return [
        ("sum over its tokens of the", asked.score.replace("_", "-")),
        ("value", f"{asked.value:.6g}"),
        ("tokens explained", " and ".join(str(len(one.explained)) for one in asked.branches)),
        ("tokens of the prompt", f"{asked.prompt:,}"),
        ("share of the prompt", f"{share:.1%}"),
    ]


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
