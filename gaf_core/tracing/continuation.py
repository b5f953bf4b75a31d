"""What of an answer, or of two, is explained, as positions of tokens.

The answers of a contrast are two continuations of one prompt. In a causal model no token of the one
knows of the other, and the prompt is read the same in both, so both together are one tree: its
tokens are those of the prompt, of the first answer and of the second. Whatever adds up, such as a
gradient of the difference, adds up token by token.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from gaf_core.errors import SettingsError
from gaf_core.settings import TextLike
from gaf_core.spans import Span
from gaf_core.tracing.encoding import Encoding
from gaf_core.tracing.target import Target


@dataclass(frozen=True, eq=False)
class Branch:
    """One answer behind the prompt, as a part of a `Continuation`.

    Attributes:
        columns: `[b]` which of the tokens of the text a network reads for it, in order: the prompt
            and this answer.
        first: where among them the answer begins.
        start, stop: of the tokens explained, where they stand among them.
        ids: `[b]` entries of the vocabulary.
        sign: 1, or -1 for the answer that another one is contrasted with.
        log_probabilities: `[b - first]` of each token of the answer, after a forward pass.

    The text `prompt + answer` of five tokens, of which the last two are the answer, and its last
    one is explained:

    >>> import numpy as np
    >>> branch = Branch(np.arange(5), first=3, start=4, stop=5, ids=np.array([7, 8, 9, 5, 6]))
    >>> branch.answer.tolist(), branch.explained.tolist(), branch.predicting.tolist()
    ([3, 4], [4], [3])
    """

    columns: NDArray[np.int64]
    first: int
    start: int
    stop: int
    ids: NDArray[np.int64]
    sign: int = 1
    log_probabilities: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def answer(self) -> NDArray[np.int64]:
        """Positions of the tokens of the answer in the text."""
        return self.columns[self.first :]

    @property
    def explained(self) -> NDArray[np.int64]:
        """Positions of the tokens explained in the text."""
        return self.columns[self.start : self.stop]

    @property
    def predicting(self) -> NDArray[np.int64]:
        """Positions in the text that predict them: those before."""
        return self.columns[self.start - 1 : self.stop - 1]

    @property
    def log_probability(self) -> float:
        """Of the tokens explained, summed, in nats."""
        return float(self.log_probabilities[self.start - self.first : self.stop - self.first].sum())


@dataclass(frozen=True, eq=False)
class Continuation:
    """What of an answer, or of two, is explained.

    Attributes:
        branches: one, or two for a contrast.
        spans: what was asked.
        prompt: how many of the first tokens are the prompt.
        text: the prompt as it was given.
        value: what is explained, y: the sum of what the spans score, or the difference of two.

    >>> import numpy as np
    >>> branch = Branch(np.arange(5), first=3, start=3, stop=5, ids=np.array([7, 8, 9, 5, 6]))
    >>> asked = Continuation((branch,), (Span(" b c"),), prompt=3, text="a b c")
    >>> asked.count, asked.predicting.tolist(), asked.removable(np.zeros(5, dtype=bool)).tolist()
    (2, [2, 3], [True, True, True, False, False])
    """

    branches: tuple[Branch, ...]
    spans: tuple[Span, ...]
    prompt: int
    text: TextLike
    value: float = float("nan")

    @property
    def score(self) -> str:
        """What is summed: "log_probability" or "logit"."""
        return self.spans[0].score

    @property
    def asked(self) -> Span | tuple[Span, Span]:
        """The target that it was asked with."""
        first, *others = self.spans
        return (first, others[0]) if others else first

    @property
    def count(self) -> int:
        """How many tokens are explained, of the first answer."""
        return self.branches[0].stop - self.branches[0].start

    @property
    def predicting(self) -> NDArray[np.int64]:
        """Positions that predict what is explained: the sources of the flow."""
        return np.unique(np.concatenate([branch.predicting for branch in self.branches]))

    def only_branch(self, what: str) -> Branch:
        """The branch of one answer.

        Args:
            what: begins the sentence of the error, such as "Hidden states are".

        Raises:
            SettingsError: two answers are contrasted, which are two texts to the network.
        """
        first, *others = self.branches
        if others:
            raise SettingsError(
                f"{what} of one answer, and this is a contrast of two. Explain each answer by "
                "itself, or the contrast by another method."
            )
        return first

    def varied(self, special: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`[t]` tokens that methods take apart which remove or fade them (`Span.varied`)."""
        if self.spans[0].varied == "prompt":
            return self.removable(special)
        return ~special & self.seen(len(special))

    def seen(self, tokens: int) -> NDArray[np.bool_]:
        """`[t]` tokens that what is explained can depend on: those before the last of it."""
        seen = np.zeros(tokens, dtype=bool)
        for branch in self.branches:
            seen[branch.columns[: branch.stop - 1]] = True
        return seen

    def removable(self, special: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """`[t]` tokens that can be removed and the same answer be asked for: of the prompt."""
        return ~special & (np.arange(len(special)) < self.prompt)

    def target(self, encoding: Encoding) -> Target:
        """What is explained, as people read it; its index is that of the first token."""
        names = [explained_name(encoding, branch) for branch in self.branches]
        indices = [int(branch.ids[branch.start]) for branch in self.branches]
        return Target(indices[0], indices[1] if len(indices) > 1 else None, " against ".join(names))

    def token(self, number: int) -> tuple[Branch, ...]:
        """The branch of one token of the first answer alone, counted from its first."""
        branch = self.branches[0]
        at = branch.first + number
        return (replace(branch, start=at, stop=at + 1, sign=1),)


def explained_name(encoding: Encoding, branch: Branch) -> str:
    """The tokens explained as they stand in the text."""
    return _name(encoding, branch.explained)


def answer_name(encoding: Encoding, branch: Branch) -> str:
    """The whole answer as it stands in the text."""
    return _name(encoding, branch.answer)


def _name(encoding: Encoding, positions: NDArray[np.int64]) -> str:
    places = encoding.offsets[positions]
    stands = places[places[:, 1] > places[:, 0]]
    if not len(stands):
        return repr(" ".join(encoding.tokens[position] for position in positions.tolist()))
    text = encoding.text[int(stands[:, 0].min()) : int(stands[:, 1].max())]
    return text.strip() or repr(text)
