"""Which texts, by which methods: chosen, looked through, and priced before anything starts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import streamlit as st

from gaf_core import Model
from gaf_core.cli.corpus_options import LONG, REMOVED
from gaf_core.corpus.estimate import Estimate, estimate
from gaf_core.corpus.held_out import KINDS, held_out, write_held_out
from gaf_core.corpus.readers import KINDS as FILES
from gaf_core.corpus.readers import columns_of
from gaf_core.corpus.texts import Source, Survey, survey
from gaf_core.errors import GafError, SettingsError
from gaf_core.hosting import limits
from gaf_core.methods import METHODS
from gaf_core.methods.codes import code_of, parse_code
from gaf_core.tracing.encoding import needs_pair, takes_pairs
from gaf_core.ui import runs, visitors
from gaf_core.ui.cache import Choice
from gaf_core.ui.failures import literal
from gaf_core.ui.many import work
from gaf_core.ui.place import place
from gaf_core.ui.turns import TURNS

_HELD_OUT, _UPLOAD = "Held-out texts", "Your file"
_USUAL = ("faithful", "AGF", "relevance")
_NAMES = ("text", "body", "review", "sentence", "content", "message")  # of a column of texts
_AUTOMATIC, _NOT = "automatic", "not measured"
_LARGEST = {False: 50, True: 5}  # MB of a file, where the app is hosted or not
_PRICED = "what many texts cost"
_CHOSEN = ("many_from", "many_kind", "many_count_", "many_methods", "many_removed", "many_long")


@dataclass(frozen=True)
class Asked:
    """What is asked, before it is looked through; equal where nothing has changed.

    Attributes:
        plan: without the number of the texts.
        path: where they are now.
        version: of what is there.
    """

    plan: runs.Plan
    path: Path
    version: str


@dataclass(frozen=True)
class Priced:
    """What was asked, with what it will cost."""

    asked: Asked
    survey: Survey
    estimate: Estimate


class Draft:
    """A folder of a visitor for texts that are not a run yet; it goes with the visit."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix=runs.DRAFT, dir=runs.home()))

    def close(self) -> None:
        """Delete it."""
        shutil.rmtree(self.path, ignore_errors=True)


def keep() -> None:
    """Hold what was chosen while a run is shown; Streamlit forgets widgets that are not drawn."""
    for key, value in st.session_state.items():
        if str(key).startswith(_CHOSEN):
            st.session_state[key] = value


def choose(choice: Choice, model: Model) -> Asked | None:
    """Draw the choice of texts, methods and settings; None until there are texts."""
    st.header("Which texts", anchor=False)
    kind = st.segmented_control(
        "Texts", (_HELD_OUT, _UPLOAD), default=_HELD_OUT, required=True, key="many_from",
        label_visibility="collapsed",
    )  # fmt: skip
    with place():
        found = _held_out() if kind == _HELD_OUT else _upload(model)
    st.header("What is asked of each", anchor=False)
    methods = _choose_methods()
    with st.container(horizontal=True, vertical_alignment="bottom", key="many_options"):
        removed = st.selectbox(
            "Faithfulness: removed tokens are", (_AUTOMATIC, *REMOVED, _NOT), key="many_removed",
            width=250, help="How tokens are removed to measure how far the prediction falls; "
            "automatic is the model's mask token, or what it has instead. Measuring takes about as "
            "long again as explaining.",
        )  # fmt: skip
        long = st.selectbox(
            "Texts that are too long", LONG, key="many_long", width=190,
            help=f"The model takes {model.max_tokens:,} tokens here. Cut: the first ones are "
            "explained. Skip: left out and counted. Refuse: the run ends there.",
        )  # fmt: skip
    if found is None or not methods:
        return None
    path, version, columns = found
    plan = runs.Plan(
        model=choice.name, revision=choice.revision, device=choice.device, methods=tuple(methods),
        removed={_AUTOMATIC: None, _NOT: work.NOTHING}.get(removed, removed), long=long,
        file=f"texts{path.suffix.lower()}", texts=0, part=1, **columns,
    )  # fmt: skip
    return Asked(plan, path, version)


def price(asked: Asked, model: Model) -> Priced | None:
    """Draw what was found in the texts and what the run will cost, once somebody asks for it."""
    priced: Priced | None = st.session_state.get(_PRICED)
    current = priced if priced is not None and priced.asked == asked else None
    with st.container(horizontal=True, vertical_alignment="center", key="many_price"):
        pressed = st.button(
            "Look through them", type="secondary" if current else "primary",
            icon=":material/search:", help="Reads all texts, and explains a few of them to say how "
            "long the others will take.",
        )  # fmt: skip
    if pressed:
        with st.spinner("Reading the texts, and explaining a few of them …"):
            st.session_state[_PRICED] = _priced(asked, model)
        st.rerun()  # what comes next is the other button
    if current is not None:
        _show_price(current)
    return current


def begin(priced: Priced, model: Model) -> runs.Kept:
    """Keep the texts and begin the run.

    Raises:
        SettingsError: too many runs of this visitor, or no room for them.
    """
    expected = priced.estimate
    part = work.part_for(expected.seconds / max(1, expected.texts))
    plan = replace(priced.asked.plan, texts=priced.survey.texts, part=part)
    kept = runs.keep(plan, priced.asked.path)
    try:
        work.start(kept, model)
    except GafError:
        runs.delete(kept.token)
        raise
    return kept


def _priced(asked: Asked, model: Model) -> Priced:
    plan = asked.plan
    source = Source(
        asked.path, plan.text, plan.second, plan.label, plan.identity, limits().characters
    )
    found, most = survey(source), limits().texts
    if most is not None and found.texts > most:
        raise SettingsError(
            f"The file has {found.texts:,} texts and this app takes {most:,} at once. Take some "
            "of them, or run the others on a computer of your own with `gaf corpus`."
        )
    explainer = work.explainer_of(plan, model)
    with TURNS.turn():
        return Priced(asked, found, estimate(explainer, found))


def _show_price(priced: Priced) -> None:
    found, expected = priced.survey, priced.estimate
    minutes = expected.seconds / 60
    takes = f"{expected.seconds:.0f} seconds" if minutes < 2 else f"{minutes:.0f} minutes"
    others = len(TURNS)
    queue = f" {others} others compute now, in turns with you." if others else ""
    st.markdown(
        f"**{found.texts:,} texts**, about **{takes}**, {expected.memory / 1e6:,.0f} MB of memory "
        f"in all, {expected.disk / 1e6:.1f} MB of rows. Learned from {expected.tried:,} of "
        f"them.{queue}"
    )
    if found.labels:
        named = ", ".join(f"{literal(name)} {n:,}" for name, n in found.labels.most_common(6))
        st.caption(f"Labels: {named}.")
    if found.left_out:
        with st.expander(f"{found.left_out:,} lines are left out"):
            rows = [{"line": line, "reason": reason} for line, reason in found.problems]
            st.dataframe(rows, hide_index=True, key="many_problems")
    if found.repeated:
        st.caption(f"{found.repeated:,} texts are called what another one is called.")


def _held_out() -> tuple[Path, str, dict[str, Any]]:
    """Texts that come with the app."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="many_held_out"):
        kind = st.selectbox(
            "Kind", list(KINDS), format_func=KINDS.__getitem__, key="many_kind", width=300,
            help="English texts that the bundled model has not seen, with their labels.",
        )  # fmt: skip
        there = min(len(held_out(kind)), limits().texts or 10**9)
        count = st.number_input(
            "How many", min_value=1, max_value=there, value=min(60, there), step=20,
            key=f"many_count_{kind}", width=150, help=f"There are {there:,}.",
        )  # fmt: skip
    path = _draft() / f"{kind}-{count}.jsonl"
    if not path.exists():
        write_held_out(path, kind, count)
    columns = {"name": f"{KINDS[kind]}, {count:,} of them", "text": "text", "second": None,
               "label": "label", "identity": "id"}  # fmt: skip
    return path, path.name, columns


def _upload(model: Model) -> tuple[Path, str, dict[str, Any]] | None:
    """A file of somebody, and which of its columns are what."""
    most = _LARGEST[limits().hosted]
    given = st.file_uploader(
        "A file of texts", [ending.removeprefix(".") for ending in FILES], key="many_file",
        max_upload_size=most, help="CSV, TSV, JSON lines, Parquet, or .txt with a text a line; "
        f"up to {most} MB. It stays on this server with the run, for as long as that is kept.",
    )  # fmt: skip
    if given is None:
        return None
    if given.size > most * 1_000_000 * 1.05:
        raise SettingsError(f"The file is larger than {most} MB. Take a part of it.")
    path = _draft() / f"upload-{given.file_id}{Path(given.name).suffix.lower()}"
    if not path.exists():
        path.write_bytes(given.getvalue())
    names = columns_of(path)
    if not names:
        raise SettingsError(f"“{given.name}” has no columns. Its first line names them.")
    guess = next((n for n, one in enumerate(names) if one.lower() in _NAMES), 0)
    with st.container(horizontal=True, vertical_alignment="bottom", key="many_columns"):
        text = st.selectbox("Texts", names, index=guess, key="many_text", width=190)
        second = None
        if takes_pairs(model):
            second = _maybe("Second texts", names, "many_second")
        label = _maybe("Labels", names, "many_label")
        identity = _maybe("Names", names, "many_id")
    if needs_pair(model) and second is None:
        st.info("This model answers a question about a text: name the column of the texts.")
        return None
    columns = {"name": given.name, "text": text, "second": second, "label": label,
               "identity": identity}  # fmt: skip
    return path, given.file_id, columns


def _maybe(label: str, names: Sequence[str], key: str) -> str | None:
    return st.selectbox(label, names, index=None, key=key, width=190, placeholder="none")


def _choose_methods() -> list[str]:
    """Codes of methods, each once; what means nothing is said."""
    usual = [name for name in _USUAL if name in METHODS]
    written = st.multiselect(
        "Methods", list(METHODS), default=usual, key="many_methods", accept_new_options=True,
        format_func=_named, select_all=False,
        help="Slow methods run the model many times. With other settings: write them as in a link "
        "of Compare, such as AGF:first_layer=4.",
    )  # fmt: skip
    codes: dict[str, None] = {}
    for code in written:
        codes[code_of(*parse_code(code))] = None
    return list(codes)


def _named(code: str) -> str:
    name, _, options = code.partition(":")
    if name not in METHODS:
        return code
    told = f"{METHODS[name].title}{f' ({options})' if options else ''}"
    return f"{told} · slow" if METHODS[name].slow else told


def _draft() -> Path:
    path = visitors.own("texts", Draft).path
    path.mkdir(exist_ok=True)
    return path
