"""Words inside pictures: text of people and models made literal, and what a hover says.

Plotly reads part of HTML, `%{...}` and `$...$` in every text, so all of it is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gaf_core.explanation import Explanation
from gaf_core.picture.colours import is_full
from gaf_core.picture.reduced import ReducedLink, ReducedNode
from gaf_core.reading.sentences import percent
from gaf_core.text import clusters
from gaf_core.text.signs import has_no_width
from gaf_core.text.words import group_words, word_scores

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;", "%": "&#37;", "\n": " ", "\r": " "}
)


def literal(text: str) -> str:
    """Text that plotly shows as it is; isolated, so that its script keeps its own direction."""
    return f"\u2068{text.translate(_ESCAPES)}\u2069"


def shortened(text: str, characters: int = 16) -> str:
    """`literal` text of at most so many characters as people see them."""
    return literal(clusters.head(text, characters))


def abridged(text: str, characters: int) -> str:
    """`literal` text of at most so many characters as people see them: its first … its last."""
    return literal(clusters.ends(text, characters))


def unit_text(explanation: Explanation, tokens: Sequence[int]) -> str:
    """What a token, word or span reads like: the text from its first token to its last."""
    texts = [explanation.written[token] for token in tokens]
    if len(texts) == 1 or explanation.trace.special[list(tokens)].any():
        return " ".join(texts)
    stretches = explanation.trace.offsets[list(tokens)]
    text = " ".join(explanation.trace.text[stretches[:, 0].min() : stretches[:, 1].max()].split())
    return " ".join(texts) if has_no_width(text) or not text else text


def node_label(explanation: Explanation, node: ReducedNode, characters: int = 16) -> str:
    """What stands beside a node: its token, word or span, or how many others it holds."""
    if node.merged:
        return f"others ({len(node.tokens)})"
    return abridged(unit_text(explanation, node.tokens), characters)


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
    share, score = explanation.shares[token], explanation.scores[token]
    numbers = f"{share:.2%} {explanation.share_of}<br>score {score:.4g}"
    return f"{token_name(explanation, token)}<br>{numbers}"


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
            f"<b>{literal(text)}</b><br>{shares[word]:.2%} {explanation.share_of}"
            f"<br>score {scores[word]:.4g}{called}"
        )
        found.append(Scored(text, shares[word], bool(words.special[word]), hover))
    return found


def node_hover(explanation: Explanation, node: ReducedNode, layer: str) -> str:
    """Token, layer, through-flow and share of a node of the network."""
    if node.merged:
        texts = [explanation.written[token] for token in node.tokens]
        count = len(texts)
        title = f"<b>{count} other {'token' if count == 1 else 'tokens'}</b><br>{names(texts)}"
    elif len(node.tokens) > 1:
        title = f"<b>{wrapped(unit_text(explanation, node.tokens))}</b>"
        title += (
            f"<br>{len(node.tokens)} tokens, positions {min(node.tokens)} to {max(node.tokens)}"
        )
    else:
        title = token_name(explanation, min(node.tokens))
    share = node.flow / explanation.solution.value
    numbers = f"flow through it {node.flow:.4g}, {share:.1%} of all"
    return f"{title}<br>{layer}<br>{numbers}{_node_limit(node)}{selected(node)}"


def link_hover(
    explanation: Explanation, link: ReducedLink, lower: ReducedNode, upper: ReducedNode, layer: str
) -> str:
    """From, to, layer, flow, capacity, saturation, heads, cut and selected part of a link."""
    name, other = node_label(explanation, lower), node_label(explanation, upper)
    share = link.flow / explanation.solution.value
    return (
        f"<b>{name} → {other}</b><br>{layer}<br>flow {link.flow:.4g}, {share:.1%} of all"
        f"{_limit(link)}{_heads(link)}{_cut(link)}{selected(link)}"
    )


def source_hover(explanation: Explanation, node: ReducedNode) -> str:
    """What flows from the prediction into a node of the last layer."""
    share = node.flow / explanation.solution.value
    return (
        f"<b>{node_label(explanation, node)} → prediction</b><br>flow {node.flow:.4g}, "
        f"{share:.1%} of all<br>no limit of its own{selected(node)}"
    )


def prediction_hover(explanation: Explanation) -> str:
    """The node of the prediction."""
    target = literal(explanation.trace.target.name)
    return f"<b>{target}</b><br>all of the flow, {explanation.solution.value:.4g}"


def selected(drawn: ReducedNode | ReducedLink) -> str:
    """A line about the part of the flow that is followed, where there is some here."""
    if drawn.part <= 0:
        return ""
    return f"<br>{percent(drawn.part / drawn.flow)} of it belongs to the selection"


def wrapped(text: str, width: int = 60, lines: int = 8) -> str:
    """`literal` text broken into lines for a hover, cut where it gets long."""
    return "<br>".join(literal(row) for row in clusters.lines(text, width, lines))


def _node_limit(node: ReducedNode) -> str:
    """Capacity and saturation of a node that has one, and whether the cut runs through it."""
    if node.capacity is None or node.saturation is None:
        return ""
    full = ": it passes on all it may" if is_full(node.saturation) else ""
    text = f"<br>capacity of its own {node.capacity:.4g}, {node.saturation:.1%} used{full}"
    if not node.cut_nodes:
        return text
    count = len(node.tokens)
    part = "" if node.cut_nodes == count else f"{node.cut_nodes:,} of its {count:,} tokens "
    return f"{text}<br>{part}on the minimum cut"


def _limit(link: ReducedLink) -> str:
    """Capacity and saturation; how many edges are summed."""
    if link.saturation is None:
        return "<br>across folded layers, so without a capacity of its own"
    full = "<br>saturated: it carries all it can" if is_full(link.saturation) else ""
    merged = f"<br>sum of {link.edges:,} edges" if link.edges > 1 else ""
    return f"<br>capacity {link.capacity:.4g}, {link.saturation:.1%} used{full}{merged}"


def _heads(link: ReducedLink) -> str:
    """The heads that add most to the capacity, with their shares of it."""
    if link.heads is None:
        return ""
    named = [f"{number} ({percent(share)})" for number, share in link.heads.strongest]
    parts = [f"strongest heads: {', '.join(named)}"] if named else []
    if link.heads.residual:
        parts.append(f"residual connection: {percent(link.heads.residual)}")
    return "".join(f"<br>{part}" for part in parts)


def _cut(link: ReducedLink) -> str:
    """Whether the link, or which part of it, crosses the cut."""
    if not link.cut_edges:
        return ""
    if link.cut_edges == link.edges:
        return "<br>on the minimum cut"
    crossed = link.cut_flow / link.flow if link.flow else 0.0
    return (
        f"<br>{link.cut_edges:,} of its {link.edges:,} edges on the minimum cut, "
        f"with {percent(crossed)} of its flow"
    )
