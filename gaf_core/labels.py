"""Words inside pictures: text of people and models made literal, and what a hover says.

Plotly reads part of HTML, `%{...}` and `$...$` in every text, so all of it is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence

from gaf_core.explain import Explanation
from gaf_core.reduction import ReducedLink, ReducedNode

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "%": "&#37;", "\n": " ", "\r": " "}
)


def literal(text: str) -> str:
    """Text that plotly shows as it is; isolated, so that its script keeps its own direction."""
    return f"\u2068{text.translate(_ESCAPES)}\u2069"


def shortened(text: str, characters: int = 16) -> str:
    """`literal` text of at most so many characters."""
    return literal(text if len(text) <= characters else text[: characters - 1] + "…")


def node_label(explanation: Explanation, node: ReducedNode, characters: int = 16) -> str:
    """What stands beside a node: its token, or how many it holds."""
    if node.merged:
        return f"others ({len(node.tokens)})"
    return shortened(explanation.tokens[node.tokens[0]], characters)


def names(explanation: Explanation, tokens: Sequence[int], most: int = 8) -> str:
    """A list of tokens for a hover text, cut where it gets long."""
    named = " ".join(shortened(explanation.tokens[token]) for token in tokens[:most])
    return named + (f" … and {len(tokens) - most} more" if len(tokens) > most else "")


def token_hover(explanation: Explanation, token: int) -> str:
    """Share, score and position of one token."""
    return (
        f"<b>{literal(explanation.tokens[token])}</b>"
        f"<br>{explanation.shares[token]:.2%} of the flow"
        f"<br>score {explanation.scores[token]:.4g}<br>position {token}"
    )


def node_hover(explanation: Explanation, node: ReducedNode, layer: str) -> str:
    """Token, layer, through-flow and share of a node of the network."""
    if node.merged:
        title = f"<b>{len(node.tokens)} other tokens</b><br>{names(explanation, node.tokens)}"
    else:
        token = node.tokens[0]
        title = f"<b>{literal(explanation.tokens[token])}</b> (position {token})"
    share = node.flow / explanation.solution.value
    return f"{title}<br>{layer}<br>flow through it {node.flow:.4g}, {share:.1%} of all"


def link_hover(
    explanation: Explanation, link: ReducedLink, lower: ReducedNode, upper: ReducedNode, layer: str
) -> str:
    """From, to, layer, flow, capacity and saturation of a link."""
    merged = f"<br>sum of {link.edges:,} edges" if link.edges > 1 else ""
    return (
        f"<b>{node_label(explanation, lower)} → {node_label(explanation, upper)}</b><br>{layer}"
        f"<br>flow {link.flow:.4g}, {link.flow / explanation.solution.value:.1%} of all"
        f"<br>capacity {link.capacity:.4g}, {link.flow / link.capacity:.1%} used{merged}"
    )
