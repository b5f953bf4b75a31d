"""SignedExplanation -> one HTML file, as `gaf_core.files.report` makes of one flow."""

from __future__ import annotations

from gaf_core.figures.embed import figure_html
from gaf_core.figures.signed import signed_bars
from gaf_core.files.page import (
    columns,
    noted,
    outputs_html,
    page,
    pairs,
    prediction_html,
    rows_table,
    section,
)
from gaf_core.files.report import flow_sections
from gaf_core.reading.rows import certificate_rows, settings_rows
from gaf_core.reading.signed import (
    path_sentence,
    signed_certificate_sentence,
    signed_score_sentence,
)
from gaf_core.signed import SignedExplanation


def signed_html(
    explanation: SignedExplanation, *, budget: int = 10, model: str | None = None
) -> str:
    """A report on both flows of a prediction: scores with their sign, two networks, two proofs.

    Args:
        explanation: what to report.
        budget: nodes a layer in Sankey and graph, see `reduction`.
        model: name of the model, which an explanation does not know.
    """
    proven = explanation.certified and explanation.whole > 0
    flows = [
        one
        for name, side in explanation.sides.items()
        for one in flow_sections(side, budget, side=name)
    ]
    return page(
        [
            prediction_html(explanation.trace, "" if proven else explanation.message),
            section("The text", str(explanation.heatmap())),
            columns([_bars(explanation), *outputs_html(explanation.trace)]),
            *flows,
            section("How sure this is", _certificates(explanation)),
            section("All tokens", _tokens(explanation)),
            section("What was asked", pairs(_asked(explanation, model))),
        ]
    )


def _bars(explanation: SignedExplanation) -> str:
    figure = figure_html(
        signed_bars(explanation),
        "gaf-shares",
        "Bar chart of each token's share of both flows, for the target to the right.",
        width=480,
    )
    return section("What speaks for the target and against it", figure)


def _certificates(explanation: SignedExplanation) -> str:
    parts = [
        section(f"The flow {name} the target", pairs(certificate_rows(side)))
        for name, side in explanation.sides.items()
    ]
    return noted(signed_certificate_sentence(explanation)) + columns(parts)


def _tokens(explanation: SignedExplanation) -> str:
    table = explanation.score_table()
    heads = ["position", "token", "called", "share", "score", *explanation.sides]
    rows = [
        [str(position), written, name, f"{share:+.2%}", *(f"{number:.6g}" for number in numbers)]
        for position, written, name, share, *numbers in zip(
            table.position,
            explanation.written,
            table.token,
            table.share,
            table.score,
            *(table[side] for side in explanation.sides),
            strict=True,
        )
    ]
    told = f"{signed_score_sentence(explanation)} {path_sentence(explanation)}"
    return rows_table(heads, rows, {0, *range(3, len(heads))}) + noted(told)


def _asked(explanation: SignedExplanation, model: str | None) -> list[tuple[str, str]]:
    path = explanation.path
    return [
        *settings_rows(explanation.toward, model),
        ("points on the path", f"{path.points}"),
        ("the path begins with", path.baseline),
    ]
