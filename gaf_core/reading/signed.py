"""SignedExplanation -> what is said of it: its scores, its two proofs, and the way to the text.

Plain text; whoever puts it into HTML or Markdown escapes it.
"""

from __future__ import annotations

from gaf_core.models.outputs import Output
from gaf_core.reading.sentences import certificate_sentence
from gaf_core.signed import SignedExplanation

_STANDS = {"mask": "the token that removes one", "pad": "the padding", "zero": "zeros"}


def signed_score_sentence(explanation: SignedExplanation) -> str:
    """What a score is, and in which unit."""
    if explanation.depths is not None:
        return (
            f"A score is the mean over {len(explanation.depths)} pairs of flows, one that ends at "
            "each layer of the range: what a token gets of the flow for the target less what it "
            "gets of the flow against it, as a part of both together."
        )
    return (
        "A score is the flow for the target that arrives at a token less the flow against it, in "
        f"{_unit(explanation)}; a share is its part of both flows together."
    )


def signed_certificate_sentence(explanation: SignedExplanation) -> str:
    """What is proven about both flows, or why nothing is."""
    return " ".join(
        f"{name.capitalize()} the target: {certificate_sentence(side)}"
        for name, side in explanation.sides.items()
    )


def path_sentence(explanation: SignedExplanation) -> str:
    """Where the path begins, how many points it has, and what changes on it."""
    path = explanation.path
    first, last = path.values[0], path.values[-1]
    return (
        f"The path has {path.points} points, from the text with {_STANDS[path.baseline]} in place "
        f"of each token, where the target has {first:.3f}, to the text, where it has {last:.3f}, "
        f"in {_unit(explanation)}. With frozen gradients the scores do not sum to the difference."
    )


def _unit(explanation: SignedExplanation) -> str:
    value = explanation.trace.output is Output.VALUE
    return "units of the value" if value else "units of the logit"
