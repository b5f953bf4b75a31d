"""One text and two models: the other one asked for, both explained, and shown side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from gaf_core import At, Explanation, Model, TargetError, Trace, label_name
from gaf_core.figures import change_chart
from gaf_core.files.exports import to_csv, to_json
from gaf_core.models.labels import as_read
from gaf_core.settings import TargetLike
from gaf_core.text.edits import Edit, compare_models
from gaf_core.text.words import group_words
from gaf_core.tracing.encoding import encode
from gaf_core.tracing.places import Place
from gaf_core.ui import cache
from gaf_core.ui.edit.sides import show_sides
from gaf_core.ui.enlarging import show_figure
from gaf_core.ui.failures import literal
from gaf_core.ui.saving import choose_format

_NAMED = 3  # words that are underlined, and named in a sentence


def explain_other(
    request: cache.Request, first: Explanation, choice: cache.Choice, models: tuple[Model, Model]
) -> Explanation:
    """The same text by another model: the same label where it has it, the same share of its depth.

    Raises:
        TargetError: a label was asked for that the other model does not have.
    """
    settings = replace(
        request.settings,
        target=_same_target(request, first.trace, models),
        layers=_same_depth(request.settings.layers, models),
    )
    return cache.explained(choice, request.text, settings)


def show_models(
    requests: tuple[cache.Request, cache.Request],
    both: tuple[Explanation, Explanation],
    *,
    special: bool,
) -> None:
    """Both readings in one scale of colour, both predictions, and the words that differ most."""
    names = _names(requests[0].choice.name, requests[1].choice.name)
    first, second = both
    edit = compare_models((first.trace, first.scores), (second.trace, second.scores), names)
    largest = _largest(edit)
    show_sides(
        both, edit, names, lambda side: _marked(both[side], edit, side, largest), special=special
    )
    if len({as_read(one.trace.target.name).casefold() for one in both}) > 1:
        st.info(
            f"They explain different things: {literal(first.trace.target.name)} and "
            f"{literal(second.trace.target.name)}, since no label of both has that name.",
            icon=":material/call_split:",
        )
    st.subheader("Where they differ", anchor=False)
    told = _in_words(edit, largest)
    show_figure(
        change_chart(edit, show_special=special),
        key="models",
        name="gaf-models",
        title="Where they differ",
        alt=f"Share of each word by both models. {told}",
    )
    st.caption(
        f"{literal(told)} A share is a fraction of all scores of its model. Where one tokenizer "
        f"joins what the other keeps apart, both have the longer word. {_layers(both, names)}"
    )
    _show_files(requests, both, edit)


def _same_target(request: cache.Request, first: Trace, models: tuple[Model, Model]) -> TargetLike:
    """What the other model is asked to explain, by name: an index means another label there."""
    target, other = request.settings.target, models[1]
    if models[0].task is not other.task:
        return None
    place = _same_place(request, first, other)
    wanted = [one for one in (first.target.index, first.target.against) if one is not None]
    theirs = [_alike(first.labels[one], other) for one in wanted]
    if None not in theirs:
        label = theirs[0] if len(theirs) == 1 else (theirs[0], theirs[1])
        return label if place is None else At(label, place)  # pyright: ignore[reportArgumentType, reportReturnType]
    if target is None or (isinstance(target, At) and target.label is None):
        return None if place is None else At(place=place)
    missing = label_name(first.labels, wanted[theirs.index(None)])
    raise TargetError(
        f"'{other.name}' has no label '{missing}'. Explain the prediction of each, or choose a "
        "label that both models have."
    )


def _same_place(request: cache.Request, first: Trace, other: Model) -> Place:
    """The place in the text that the other model is asked about: its token at the same letters."""
    place = first.target.place
    if not isinstance(place, int):
        return place
    with other.lock:
        encoding = encode(other, request.text, request.settings.truncate)
    letter = first.offsets[place, 0]
    there = (encoding.offsets[:, 0] <= letter) & (letter < encoding.offsets[:, 1])
    return int(there.argmax()) if there.any() else None


def _alike(label: str, model: Model) -> int | None:
    if label in model.labels:
        return model.labels.index(label)
    wanted = as_read(label).casefold()
    found = [at for at, one in enumerate(model.labels) if as_read(one).casefold() == wanted]
    return found[0] if len(found) == 1 else None


def _same_depth(
    layers: tuple[int, int] | None, models: tuple[Model, Model]
) -> tuple[int, int] | None:
    """The range that is the same share of the other model's layers."""
    if layers is None:
        return None
    share = models[1].layers / models[0].layers
    first = min(round(layers[0] * share), models[1].layers - 1)
    return first, max(round(layers[1] * share), first + 1)


def _names(one: str, other: str) -> tuple[str, str]:
    """What both are called: the last part of a path or id, all of it where that is the same."""
    short = Path(one).name, Path(other).name
    return (one, other) if short[0] == short[1] else short


def _largest(edit: Edit) -> list[int]:
    """Rows of the table whose shares differ most, special tokens left out."""
    table = edit.table()
    change = table["change"].abs().to_numpy()
    special = [
        edit.words[0].special[pairing.before]
        if pairing.before is not None
        else edit.words[1].special[pairing.after]
        for pairing in edit.pairings
    ]
    ordinary = np.flatnonzero(~np.array(special, dtype=bool) & (change > 0))
    return ordinary[np.argsort(-change[ordinary], kind="stable")][:_NAMED].tolist()


def _in_words(edit: Edit, rows: list[int]) -> str:
    table = edit.table().iloc[rows]
    named = (
        f"{row.word_before or row.word_after} {_share(row.share_before)} and "
        f"{_share(row.share_after)}"
        for row in table.itertuples()
    )
    joined = ", ".join(named)
    first, second = edit.names
    return f"The largest differences, by {first} and {second}: {joined or 'none'}."


def _share(value: float) -> str:
    return "not read" if np.isnan(value) else f"{value:.1%}"


def _marked(one: Explanation, edit: Edit, side: int, rows: list[int]) -> list[int]:
    """The words of the heatmap that lie in the words of these rows."""
    pairings = [edit.pairings[row] for row in rows]
    indices = [(pairing.before, pairing.after)[side] for pairing in pairings]
    tokens = np.isin(edit.words[side].token_word, [one for one in indices if one is not None])
    return np.unique(group_words(one.trace).token_word[tokens]).tolist()


def _layers(both: tuple[Explanation, Explanation], names: tuple[str, str]) -> str:
    told = (
        f"{_range(first + 1, last)} of {one.trace.layers} ({literal(name)})"
        for one, name in zip(both, names, strict=True)
        for first, last in [one.layers]
    )
    return f"Layers: {' and '.join(told)}."


def _range(first: int, last: int) -> str:
    return str(last) if first == last else f"{first} to {last}"


def _show_files(
    requests: tuple[cache.Request, cache.Request],
    both: tuple[Explanation, Explanation],
    edit: Edit,
) -> None:
    def everything() -> bytes:
        each = [
            json.loads(to_json(one, model=request.choice.name))
            for one, request in zip(both, requests, strict=True)
        ]
        words = json.loads(edit.table().to_json(orient="records") or "[]")
        return json.dumps({"models": each, "words": words}, ensure_ascii=False).encode("utf-8")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        for label, name, mime, make in (
            ("Words of both (CSV)", "gaf-models.csv", "text/csv", lambda: to_csv(edit.table())),
            ("Everything (JSON)", "gaf-models.json", "application/json", everything),
        ):
            st.download_button(
                label,
                make,
                file_name=name,
                mime=mime,
                key=f"download_{name}",
                icon=":material/download:",
                on_click="ignore",
            )
        choose_format()
