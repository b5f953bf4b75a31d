"""The reader's toy: taken ready-made, changed pipe by pipe or in tables, and part of the link."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gaf_core import Explanation, GafError
from gaf_core.lesson.presets import OWN, PRESETS, RANDOM, TWO, random_toy, toy_of_text
from gaf_core.lesson.toy import MOST_CAPACITY, MOST_LAYERS, MOST_TOKENS, Toy, from_link, to_link
from gaf_core.picture.pipes import edge_from, edge_text
from gaf_core.reading.focus import Edge
from gaf_core.ui import links
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

KEY = "toy"
_PIPE, _CAPACITY, _NUMBER = "pipe", "pipe capacity", "pipe number"
_SEED, _PRESET, _PROBLEM = "toy seed", "toy preset", "toy problem"
_SLIDER = 12.0  # the largest capacity of the slider; numbers go further


def current_toy(explanation: Explanation) -> Toy:
    """The toy as it is now; what a link has that is none is said, and the usual one taken."""
    if KEY not in st.session_state:
        st.session_state[KEY] = _of_link(explanation)
    toy: Toy = st.session_state[KEY]
    text = to_link(toy)
    links.write(KEY, text if toy != PRESETS[TWO]() else None)
    return toy


def _of_link(explanation: Explanation) -> Toy:
    text = st.query_params.get(KEY)
    if text is None:
        return PRESETS[TWO]()
    try:
        return toy_of_text(explanation) if text == "text" else from_link(text)
    except GafError as error:
        st.session_state[_PROBLEM] = f"The toy of this link cannot be read. {error}"
        return PRESETS[TWO]()


def chosen_pipe(toy: Toy) -> Edge | None:
    """The pipe that was clicked or picked, if the toy has a place for it."""
    edge = edge_from(st.session_state.get(_PIPE))
    if edge is None or edge.layer >= toy.layers or max(edge[1:]) >= toy.tokens:
        return None
    return edge


def choose_pipe(text: str) -> None:
    """As a callback: set off the pipe that was clicked."""
    st.session_state[_PIPE] = text


def edit_toy(toy: Toy, explanation: Explanation) -> None:
    """Draw everything by which the toy is changed."""
    with place():
        if problem := st.session_state.get(_PROBLEM):
            st.warning(literal(problem), icon=":material/link_off:")
    with st.container(horizontal=True, vertical_alignment="bottom", key="toy_row"):
        st.selectbox(
            "Take a toy", [*PRESETS, RANDOM, OWN], index=None, key=_PRESET, width=230,
            placeholder="Another toy", on_change=_take, args=(explanation,),
            help="Toys that each show something; or the three strongest tokens of your own text.",
        )  # fmt: skip
        places = _places(toy)
        chosen = chosen_pipe(toy) or places[0]
        st.session_state[_PIPE] = edge_text(chosen)
        st.selectbox(
            "Pipe", [edge_text(edge) for edge in places], key=_PIPE, width=290,
            format_func=lambda text: _called(toy, text),
            help="Click on a pipe, or pick one here. Where there is none you can make one.",
        )  # fmt: skip
        capacity = toy.capacity(chosen)
        st.session_state[_CAPACITY] = min(capacity, _SLIDER)
        st.slider(
            "Its capacity", 0.0, _SLIDER, step=0.1, key=_CAPACITY, width=220,
            on_change=_raise, args=(toy, chosen, _CAPACITY),
            help="0 takes the pipe away.",
        )  # fmt: skip
        st.session_state[_NUMBER] = capacity
        st.number_input(
            "as a number", 0.0, MOST_CAPACITY, step=0.5, key=_NUMBER, width=130,
            on_change=_raise, args=(toy, chosen, _NUMBER),
        )  # fmt: skip
    wanted = st.toggle("Change tokens, layers and all pipes in tables", key="tables")
    with place():
        if wanted:
            _edit_tables(toy)


def _edit_tables(toy: Toy) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state["toy tokens"], st.session_state["toy layers"] = toy.tokens, toy.layers
        st.number_input(
            "Tokens", 1, MOST_TOKENS, key="toy tokens", width=130, on_change=_resize, args=(toy,)
        )
        st.number_input(
            "Layers", 1, MOST_LAYERS, key="toy layers", width=130, on_change=_resize, args=(toy,)
        )
        st.session_state["toy names"] = ", ".join(toy.names)
        st.text_input(
            "Names, with commas between them", key="toy names", on_change=_rename, args=(toy,),
            width=320,
        )  # fmt: skip
    columns = st.columns(min(toy.layers, 2))
    labels = [f"{index + 1} {name}" for index, name in enumerate(toy.names)]
    for layer in reversed(range(toy.layers)):
        with columns[(toy.layers - 1 - layer) % len(columns)]:
            st.caption(f"Layer {layer + 1}: a row is the token that reads, a column the one read.")
            table = pd.DataFrame(toy.tensor[layer], index=labels, columns=labels)
            edited = st.data_editor(
                table, key=f"table {layer} {to_link(toy)}",
                alt=f"Capacities of the pipes of layer {layer + 1}.",
                column_config={
                    name: st.column_config.NumberColumn(min_value=0.0, max_value=MOST_CAPACITY)
                    for name in labels
                },
            )  # fmt: skip
            _take_table(toy, layer, edited)


def _take_table(toy: Toy, layer: int, edited: pd.DataFrame) -> None:
    tensor = toy.tensor
    tensor[layer] = edited.fillna(0.0).to_numpy()
    changed = Toy.of(toy.names, tensor.tolist())
    if changed != toy:
        _keep(changed)
        st.rerun()


def _places(toy: Toy) -> list[Edge]:
    """Every place of a pipe: those with one first, from the words on."""
    tokens = range(toy.tokens)
    every = [Edge(k, i, j) for k in range(toy.layers) for i in tokens for j in tokens]
    return sorted(every, key=lambda edge: toy.capacity(edge) == 0)


def _called(toy: Toy, text: str) -> str:
    edge = edge_from(text)
    if edge is None or edge.layer >= toy.layers or max(edge[1:]) >= toy.tokens:
        return text
    capacity = toy.capacity(edge)
    return f"{toy.said(edge)} ({f'{capacity:g}' if capacity else 'none yet'})"


def _keep(toy: Toy) -> None:
    st.session_state[KEY] = toy
    st.session_state[_PROBLEM] = None


def change(toy: Toy) -> None:
    """As a callback: another toy."""
    _keep(toy)


def _take(explanation: Explanation) -> None:
    name, st.session_state[_PRESET] = st.session_state[_PRESET], None
    if name == RANDOM:
        st.session_state[_SEED] = st.session_state.get(_SEED, 0) + 1
        _keep(random_toy(st.session_state[_SEED]))
    elif name == OWN:
        try:
            _keep(toy_of_text(explanation))
        except GafError as error:
            st.session_state[_PROBLEM] = str(error)
    elif name in PRESETS:
        _keep(PRESETS[name]())


def _raise(toy: Toy, edge: Edge, key: str) -> None:
    _keep(toy.with_capacity(edge, float(st.session_state[key] or 0.0)))


def _resize(toy: Toy) -> None:
    tokens, layers = (int(st.session_state[f"toy {what}"]) for what in ("tokens", "layers"))
    _keep(toy.with_tokens(tokens).with_layers(layers))


def _rename(toy: Toy) -> None:
    names = [name.strip() for name in st.session_state["toy names"].split(",")]
    _keep(toy.renamed([*names[: toy.tokens], *toy.names[len(names) :]]))
