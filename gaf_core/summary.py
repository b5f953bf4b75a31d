"""Explanation -> what is said about it in words: prediction, certificate, settings, provenance.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from gaf_core.explanation import Explanation
from gaf_core.flow import cut_nodes
from gaf_core.models import Task
from gaf_core.tracing.target import label_name
from gaf_core.tracing.trace import Trace

CITATION = (
    "Behrooz Azarkhalili and Maxwell W. Libbrecht. Generalized Attention Flow: Feature Attribution "
    "for Transformer Models via Maximum Flow. ACL 2025."
)
PAPER = "https://arxiv.org/abs/2502.15765"
_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
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


def certificate_sentence(explanation: Explanation) -> str:
    """What is proven about the flow, or why nothing is."""
    solution = explanation.solution
    if solution.value <= 0 or not solution.certified:
        return solution.message
    if not explanation.certified:
        return (
            "Not all of the flows that the scores are the mean of are proven. Do not rely on them."
        )
    return (
        f"Proven: flow {solution.value:.4g}, and no flow through this network is larger by more "
        f"than {solution.duality_gap:.1e} of it."
    )


def certificate_rows(explanation: Explanation) -> list[tuple[str, str]]:
    """The numbers of the certificate, each with its name."""
    solution = explanation.solution
    return [
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
        ("tensor", settings.variant),
        ("layers", f"{first + 1} to {last} of {explanation.trace.layers}"),
        ("explained", explanation.trace.target.name),
        ("heads", f"{heads}, {settings.aggregate}"),
        ("residual", settings.residual),
        ("source", str(settings.source)),
        ("gradients", settings.gradients),
        ("node capacities", "yes" if settings.node_capacities else "no"),
        ("scores", "mean over start layers" if settings.depth_average else "of one flow"),
        ("epsilon", f"{settings.epsilon:g}"),
        ("tokens", f"{len(explanation.tokens):,}"),
        ("tokens cut off", f"{explanation.trace.truncated:,}"),
    ]
    return [("model", model), *rows] if model else rows


def versions() -> dict[str, str]:
    """Versions of what computed a result: gaf_core, its main libraries, and Python."""
    return {
        "gaf_core": _own_version(),
        **{library: version(library) for library in _LIBRARIES},
        "python": platform.python_version(),
    }


def _own_version() -> str:
    try:  # a checkout first: an installed package of this name may be another state
        return tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        pass
    try:
        return version("gaf-explorer")
    except PackageNotFoundError:
        return "unknown"
