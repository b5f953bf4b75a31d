"""Which entries are compared: picked, added with settings, removed, and part of the link."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gaf_core import GafError
from gaf_core.methods import METHODS, Method, Option
from gaf_core.ui import links
from gaf_core.ui.compare.entries import Entry, entry, parse, parse_all, usual_entries
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

LINK = "methods"  # the query parameter
_CODES, _WRITTEN, _OFFERED = "compared", "entries in the link", "entries offered"
_PICKED, _SAID = "entries", "said about the link"
_MOST = 24  # entries: more columns are not legible


def choose_entries() -> list[Entry]:
    """Draw the choice and give back the entries, in the order in which they were chosen."""
    _read_link()
    chosen: list[str] = st.session_state[_CODES]
    offered = list(dict.fromkeys([*METHODS, *st.session_state[_OFFERED], *chosen]))
    st.session_state[_PICKED] = chosen
    with st.container(horizontal=True, vertical_alignment="bottom", key="entries_row"):
        st.multiselect(
            "Methods to compare",
            offered,
            format_func=_label,
            key=_PICKED,
            on_change=_take_picked,
            placeholder="Add a method",
            max_selections=_MOST,
            select_all=False,
            wrap=True,
            help="Slow methods run the model many times and start when you ask for it.",
        )
        with st.popover("With other settings", icon=":material/tune:"):
            _offer_settings()
    _write_link()
    with place():
        for sentence in st.session_state.pop(_SAID, ()):
            st.warning(literal(sentence), icon=":material/link_off:")
    return [parse(code) for code in chosen]


def show_methods(entries: list[Entry]) -> None:
    """What the chosen methods are and where they were published."""
    with st.expander("About these methods"):
        for method in dict.fromkeys(one.method for one in entries):
            told = METHODS[method]
            extension = " Our extension." if told.extension else ""
            st.markdown(
                f"**{literal(told.title)}** ({literal(told.family)}). {literal(told.summary)}"
                f"{extension} :gray[{literal(told.reference)}]"
            )


def _label(code: str) -> str:
    found = parse(code)
    return f"{found.name} · slow" if found.definition.slow else found.name


def _read_link() -> None:
    """Take the entries of the link on arrival, and whenever somebody changed the link by hand."""
    asked = st.query_params.get_all(LINK)
    st.session_state.setdefault(_OFFERED, [])
    if asked and asked != st.session_state.get(_WRITTEN):
        entries, problems = parse_all([code for code in asked if code])
        st.session_state[_CODES] = [one.code for one in entries[:_MOST]]
        if len(entries) > _MOST:
            problems.append(
                f"This link asks to compare {len(entries)} methods. The first {_MOST} are shown."
            )
        st.session_state[_SAID] = problems
    elif _CODES not in st.session_state:
        st.session_state[_CODES] = [one.code for one in usual_entries()]


def _write_link() -> None:
    codes = st.session_state[_CODES]
    usual = codes == [one.code for one in usual_entries()]
    st.session_state[_WRITTEN] = [] if usual else codes or [""]
    links.write(LINK, st.session_state[_WRITTEN] or None)


def _take_picked() -> None:
    st.session_state[_CODES] = list(st.session_state[_PICKED])


def _offer_settings() -> None:
    """A method and its options, added as an entry of its own."""
    adjustable = [name for name, method in METHODS.items() if method.options]
    if not adjustable:
        st.caption("No method here has settings.")
        return
    name = st.selectbox(
        "Method", adjustable, format_func=lambda one: METHODS[one].title, key="new_method"
    )
    method = METHODS[name]
    st.caption(literal(method.summary))
    options = {option.name: _ask_option(method, option) for option in method.options}
    st.button("Add", type="primary", icon=":material/add:", on_click=_add, args=(name, options))


def _ask_option(method: Method, option: Option) -> Any:
    label = option.name.replace("_", " ").capitalize()
    arguments: dict[str, Any] = {
        "key": f"new_{method.name}_{option.name}",
        "help": literal(option.help),
    }
    if option.choices:
        choices = list(option.choices)
        return st.selectbox(label, choices, index=choices.index(option.default), **arguments)
    if isinstance(option.default, bool):
        return st.toggle(label, value=option.default, **arguments)
    if isinstance(option.default, int | float):
        kind = type(option.default)
        for end, name in ((option.least, "min_value"), (option.most, "max_value")):
            if end is not None:
                arguments[name] = kind(end)
        shape = "%d" if kind is int else "%.3g"
        return st.number_input(label, value=option.default, format=shape, **arguments)
    return st.text_input(label, value=str(option.default), **arguments)


def _add(name: str, options: dict[str, Any]) -> None:
    try:
        code = entry(METHODS[name], options).code
    except GafError as error:
        st.session_state[_SAID] = [str(error)]
        return
    chosen = st.session_state[_CODES]
    if code in chosen:
        st.toast("This entry is already compared.")
    elif len(chosen) >= _MOST:
        st.toast(f"Compare at most {_MOST} entries: remove one first.")
    else:
        st.session_state[_OFFERED] = [*st.session_state[_OFFERED], code]
        st.session_state[_CODES] = [*chosen, code]
