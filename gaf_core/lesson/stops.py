"""The nine stops of the lesson, and the puzzle that closes it, as data.

A text says its words where it uses them first, in at most 80 words, and is true for every text and
every toy; numbers are added where a stop is shown. Formulas are LaTeX.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Drawn = Literal[
    "row", "cell", "pipes", "ways", "two", "path", "proof", "promises", "model", "puzzle"
]


@dataclass(frozen=True)
class Stop:
    """One stop.

    Attributes:
        id: in links.
        title: as a heading.
        text: what is to be understood here, plain text.
        draws: what the figure shows.
        formula: the same for a lecturer, LaTeX.
        plain: the formula in one line of plain text, for where nothing sets LaTeX.
        words: terms and their meaning.
    """

    id: str
    title: str
    text: str
    draws: Drawn
    formula: str
    plain: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_toy(self) -> bool:
        """Whether its figure is the toy, which a reader may change here."""
        return self.draws not in ("row", "cell", "model")


STOPS: tuple[Stop, ...] = (
    Stop(
        "table",
        "Attention as a table",
        "A transformer reads a text in pieces called tokens. In every layer, and there in each of "
        "several parallel heads, every token looks at the others and divides its attention among "
        "them. As a table: a row is the token that looks, a column the token looked at, and each "
        "row adds up to 1. Where a model looks is not yet why it decides.",
        "row",
        r"A^{(l,h)}_{ij}\ge 0,\qquad \sum_j A^{(l,h)}_{ij}=1",
        "A[l,h,i,j] ≥ 0 and, for every row i, the sum over j of A[l,h,i,j] is 1",
        {
            "token": "a word, a piece of one, or a mark that the model adds, such as [CLS]",
            "layer": "one round of reading; the first is next to the words",
            "head": "one of several tables of attention in a layer",
        },
    ),
    Stop(
        "gradient",
        "Times the gradient",
        "The gradient of an attention weight says by how much the model's number for its "
        "prediction would rise if that weight rose a little. Attention times gradient is large "
        "where the model looks and where looking matters. A negative product speaks against the "
        "prediction and counts as 0. The mean over all heads is one number for each pair of "
        "tokens: how much one takes from the other in this layer.",
        "cell",
        r"I^{(l)}_{ij}=\frac1H\sum_{h=1}^{H}\max\Bigl(A^{(l,h)}_{ij}\,"
        r"\frac{\partial y}{\partial A^{(l,h)}_{ij}},\,0\Bigr)",
        "I[l,i,j] = mean over heads h of max(A[l,h,i,j] · dy/dA[l,h,i,j], 0)",
        {
            "gradient": "how fast a result changes when one number that it is made of changes",
            "logit": "y, the model's number for a class before it is made a probability",
        },
    ),
    Stop(
        "pipes",
        "Tables become pipes",
        "Each number becomes a pipe, as wide as the number is large: its capacity. Pipes lead "
        "from the prediction on the right, layer by layer, to the words on the left. Capacity 0 "
        "is no pipe. A pipe that lies on no way from the prediction to a word is a dead end and is "
        "removed. This toy is small enough to be seen whole: change a pipe and watch.",
        "pipes",
        r"u_{(k+1,i)\to(k,j)}=I^{(k)}_{ij}",
        "capacity of (k+1, i) → (k, j) = I[k,i,j]",
        {
            "capacity": "the most that a pipe can carry",
            "way": "pipes one after another, from the prediction to a word",
        },
    ),
    Stop(
        "cut",
        "Push until it is full",
        "Send as much as possible from the prediction to the words. No pipe carries more than its "
        "capacity, and at every junction what enters leaves again. Fill way after way until none "
        "is free. Then the full pipes hold a cut: a set of pipes that every way must cross. No "
        "flow can be larger than a cut, so when both are equal, no larger flow exists.",
        "ways",
        r"\max_{f} F(f)=\min_{S} u(S)",
        "largest flow = smallest capacity of a cut",
        {
            "flow": "how much runs through every pipe; its value is what leaves the prediction",
            "junction": "a token between two layers",
            "cut": "pipes without which nothing could flow; its capacity is theirs together",
        },
    ),
    Stop(
        "two",
        "Two different answers",
        "The largest amount is one number, but often many flows reach it: where a junction has "
        "room on two sides, either side may get more. Move the slider from one largest flow to "
        "another. Both are correct, and they disagree about the words. So a largest flow alone is "
        "no explanation. The thin line beside each word is its interval: from the least to the "
        "most that it gets in any largest flow.",
        "two",
        r"\begin{gathered}\mathrm{most}_j=g(\{j\})\\ \mathrm{least}_j=g(V)-g(V\setminus\{j\})"
        r"\end{gathered}",
        "most of j = largest flow into j alone; least of j = largest flow − largest flow into the "
        "others",
        {"interval": "what a word gets at least and at most over all largest flows"},
    ),
    Stop(
        "middle",
        "The one in the middle",
        "A barrier makes the answer unique: a price on every pipe that is nearly empty or nearly "
        "full, weighted by a number μ. For each μ exactly one flow is the best trade between being "
        "large and being cheap. As μ falls, that flow grows to the maximum and follows a smooth "
        "path, away from all limits that it can keep away from. Where it ends is the answer, "
        "inside every interval.",
        "path",
        r"\min_f\; -F(f)-\mu\sum_e\bigl[\log f_e+\log(u_e-f_e)\bigr]",
        "minimise −F − μ · sum over pipes of [log f + log(u − f)]; what enters a junction leaves",
        {
            "barrier": "a price that grows without end as a pipe gets empty or full",
            "μ": "mu, the weight of the barrier; the smaller, the nearer to the largest flow",
        },
    ),
    Stop(
        "proof",
        "Proof",
        "An answer brings its proof, and the proof needs only the answer. Conservation: what "
        "enters a junction leaves it. Gap: a cut shows that no flow is noticeably larger. "
        "Centrality: the flow stands at the one balanced point, not just near some maximum. A "
        "solver that misses one of them has to say so and gives no scores. Below, each is read "
        "aloud with its number.",
        "proof",
        r"\begin{gathered}\frac{u(S)-F}{F}\le\varepsilon,\qquad \mu=\frac{\varepsilon F}{2m}\\ "
        r"\pi_i-\pi_j=\frac{\mu}{u_{ij}-f_{ij}}-\frac{\mu}{f_{ij}}\end{gathered}",
        "(cut − F) / F ≤ ε; μ = εF / 2m; on every pipe: fall of potential = μ/(u−f) − μ/f",
        {
            "gap": "how much larger than the flow the cut is, as a fraction of the flow",
            "centrality": "the distance from the balanced point; 0 would be exactly there",
        },
    ),
    Stop(
        "promises",
        "What the scores promise",
        "Efficiency: the scores add up to the whole flow. Nullity: a word that no way reaches gets "
        "0. Symmetry: words with the same pipes get the same. They are Shapley values in this "
        "sense: if a set of words is worth what flows out at them in this one flow, each word's "
        "fair part is its own outflow, by construction. They are not the Shapley values of "
        "removing words from the text.",
        "promises",
        r"v(S)=\sum_{j\in S}f_j\;\Rightarrow\;\phi_j(v)=f_j",
        "v(S) = sum of outflows in S, so the Shapley value of j is the outflow of j",
        {
            "score": "what flows out at a word",
            "Shapley value": "a player's mean gain over all orders in which the players may join",
        },
    ),
    Stop(
        "model",
        "Does the model agree?",
        "A flow tells about pipes. Does the model agree? Remove the words with the highest scores: "
        "the prediction should fall. Keep only the widest ways: it should stand. Over many layers "
        "tokens mix, and as published, at full depth, scores grow alike. The faithful variant is "
        "this project's extension: it keeps what passes by the attention and averages over "
        "depths. On some texts it does better, on some not: measure.",
        "model",
        r"\mathrm{AOPC}=\frac1K\sum_{k=1}^{K}\bigl(p_0-p_k\bigr)",
        "AOPC = mean over the steps k of (probability of the whole text − with the first words "
        "removed)",
        {
            "AOPC": "the mean fall of the prediction as the first words go; more is better",
            "published": "the method of the paper, through all layers",
            "faithful": "an extension of this project: other gradients, residual connections, a "
            "mean over depths",
        },
    ),
    Stop(
        "puzzle",
        "A puzzle to close",
        "You know what limits a flow and where the middle is. Now raise one pipe so that the word "
        "asked for gets more. Is the pipe on a cut? Does a way lead from it to the word? Are there "
        "others that get it instead? The solver judges your answer and says why.",
        "puzzle",
        r"\begin{gathered}u_e\to u_e+\delta:\\ F'>F\iff e\in\text{every minimum cut}\end{gathered}",
        "raising one pipe raises the largest flow only if the pipe is on every smallest cut",
        {"smallest cut": "a cut of the least capacity; there may be several"},
    ),
)
IDS: tuple[str, ...] = tuple(stop.id for stop in STOPS)


def stop_of(name: str | None) -> Stop:
    """The stop of an id; the first where there is none of that id.

    >>> stop_of("cut").title, stop_of("nothing").id
    ('Push until it is full', 'table')
    """
    return STOPS[IDS.index(name)] if name in IDS else STOPS[0]
