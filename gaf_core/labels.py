"""Words inside pictures: text of people and models made literal, and what a hover says.

Plotly reads part of HTML, `%{...}` and `$...$` in every text, so all of it is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaf_core.explain import Explanation
from gaf_core.reduction import ReducedLink, ReducedNode
from gaf_core.words import group_words, word_scores

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
    return shortened(explanation.written[node.tokens[0]], characters)


def names(texts: Sequence[str], most: int = 8) -> str:
    """A list of tokens or words for a hover text, cut where it gets long."""
    named = " ".join(shortened(text) for text in texts[:most])
    return named + (f" … and {len(texts) - most} more" if len(texts) > most else "")


def token_name(explanation: Explanation, token: int) -> str:
    """A token as written and, where the tokenizer calls it something else, that too."""
    text, name = explanation.written[token], explanation.tokens[token]
    called = "" if text == name else f"<br>token {literal(name)}"
    return f"<b>{literal(text)}</b> (position {token}){called}"


def token_hover(explanation: Explanation, token: int) -> str:
    """Share, score and position of one token."""
    return (
        f"{token_name(explanation, token)}<br>{explanation.shares[token]:.2%} of the flow"
        f"<br>score {explanation.scores[token]:.4g}"
    )


@dataclass(frozen=True)
class Scored:
    """A token or a word with its share of the flow, and what a hover says about it."""

    text: str
    share: float
    special: bool
    hover: str


def scored_tokens(explanation: Explanation) -> list[Scored]:
    """The tokens of an explanation, in reading order."""
    special = explanation.trace.special.tolist()
    return [
        Scored(text, share, special[token], token_hover(explanation, token))
        for token, (text, share) in enumerate(
            zip(explanation.written, explanation.shares.tolist(), strict=True)
        )
    ]


def scored_words(explanation: Explanation) -> list[Scored]:
    """The words of an explanation, in reading order, each with what its tokens have together."""
    words = group_words(explanation.trace)
    scores = word_scores(words, explanation.scores).tolist()
    shares = word_scores(words, explanation.shares).tolist()
    found = []
    for word, tokens in enumerate(words.members):
        text, raw = words.text[word], [explanation.tokens[token] for token in tokens]
        kind = "token" if len(raw) == 1 else "tokens"
        called = "" if raw == [text] else f"<br>{kind} {names(raw)}"
        hover = (
            f"<b>{literal(text)}</b><br>{shares[word]:.2%} of the flow"
            f"<br>score {scores[word]:.4g}{called}"
        )
        found.append(Scored(text, shares[word], bool(words.special[word]), hover))
    return found


def node_hover(explanation: Explanation, node: ReducedNode, layer: str) -> str:
    """Token, layer, through-flow and share of a node of the network."""
    if node.merged:
        texts = [explanation.written[token] for token in node.tokens]
        title = f"<b>{len(node.tokens)} other tokens</b><br>{names(texts)}"
    else:
        title = token_name(explanation, node.tokens[0])
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
