"""Which entries are compared: by family, by sets, with settings or from files; part of the link."""

from __future__ import annotations

from typing import Any

import streamlit as st

from gaf_core import GafError, Trace
from gaf_core.elsewhere.method import FAMILY as ELSEWHERE
from gaf_core.evaluation.comparison import Comparison
from gaf_core.evaluation.ordering import ORDERS, ordered
from gaf_core.methods import METHODS, Method, Option
from gaf_core.ui import links
from gaf_core.ui.compare.elsewhere import given_entries, offer_files, take_files
from gaf_core.ui.compare.entries import GIVEN, Entry, entry, parse, parse_all, usual_entries
from gaf_core.ui.compare.presets import families, preset_of, presets, shortened
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

LINK = "methods"  # the query parameter
ORDER = "order"
_CODES, _WRITTEN, _OFFERED = "compared", "entries in the link", "entries offered"
_SET, _SAID = "preset", "said about the link"
_MOST = 64  # entries


def known_orders() -> dict[str, tuple[str, ...]]:
    """The values that a link may hold for the order of the entries."""
    return {ORDER: ORDERS}


def choose_entries(trace: Trace) -> list[Entry]:
    """Draw the choice and give back the entries, in the order in which they were chosen."""
    _read_link()
    came, given = take_files(trace), given_entries()
    kept = [
        code for code in st.session_state[_CODES] if code in given or not code.startswith(GIVEN)
    ]
    st.session_state[_CODES] = chosen = _within([*kept, *came])
    found = {code: _entry(code) for code in chosen}
    with st.container(horizontal=True, vertical_alignment="bottom", key="entries_row"):
        with st.popover(f"Methods: {len(chosen)}", icon=":material/checklist:", key="choose"):
            _offer_methods(found)
        with st.popover("With other settings", icon=":material/tune:"):
            _offer_settings()
        with st.popover("Scores from elsewhere", icon=":material/upload_file:"):
            offer_files(trace)
        st.selectbox(
            "Order", ORDERS, key=ORDER, bind="query-params", width=170,
            help="Of figures and tables. By AOPC: the highest first, once it is measured. By "
            "agreement: Spearman's correlation with the first that was chosen.",
        )  # fmt: skip
    _write_link()
    with place():
        for sentence in st.session_state.pop(_SAID, ()):
            st.warning(literal(sentence), icon=":material/link_off:")
    return list(found.values())


def chosen_order(comparison: Comparison, entries: list[Entry]) -> Comparison:
    """The comparison with its entries in the order that was chosen."""
    of = {one.name: one.definition.family for one in entries}
    return ordered(comparison, st.session_state[ORDER], of)


def show_methods(entries: list[Entry]) -> None:
    """What the chosen methods are and where they were published."""
    with st.expander("About these methods"):
        for told in {one.definition.title: one.definition for one in entries}.values():
            extension = " Our extension." if told.extension else ""
            note = f" {literal(told.note)}" if told.note else ""
            st.markdown(
                f"**{literal(told.title)}** ({literal(told.family)}). {literal(told.summary)}"
                f"{extension} :gray[{literal(told.reference)}]{note}"
            )


def _entry(code: str) -> Entry:
    return given_entries().get(code) or parse(code)


def _label(code: str) -> str:
    found = _entry(code)
    return literal(f"{found.name} · slow" if found.definition.slow else found.name)


def _within(codes: list[str]) -> list[str]:
    """As many codes as can be compared, and a sentence about the others."""
    codes = list(dict.fromkeys(codes))
    if len(codes) > _MOST:
        _say(f"{len(codes)} entries were chosen to compare. The first {_MOST} are shown.")
    return codes[:_MOST]


def _say(*sentences: str) -> None:
    st.session_state.setdefault(_SAID, []).extend(sentences)


def _read_link() -> None:
    """Take the entries of the link on arrival, and whenever somebody changed the link by hand."""
    asked = st.query_params.get_all(LINK)
    st.session_state.setdefault(_OFFERED, [])
    if asked and asked != st.session_state.get(_WRITTEN):
        entries, problems = parse_all([code for code in asked if code])
        if len(entries) > _MOST:
            problems.append(
                f"This link asks to compare {len(entries)} methods. The first {_MOST} are shown."
            )
        st.session_state[_CODES] = [one.code for one in entries[:_MOST]]
        _say(*problems)
    elif _CODES not in st.session_state:
        st.session_state[_CODES] = [one.code for one in usual_entries()]


def _write_link() -> None:
    codes = [code for code in st.session_state[_CODES] if not code.startswith(GIVEN)]
    usual = codes == [one.code for one in usual_entries()]
    st.session_state[_WRITTEN] = [] if usual else shortened(codes) or [""]
    links.write(LINK, st.session_state[_WRITTEN] or None)


def _offer_methods(found: dict[str, Entry]) -> None:
    """The sets, and below them the entries of each family."""
    sets = {one.code: one for one in presets()}
    same = preset_of(list(found))
    st.session_state[_SET] = same.code if same else None
    told = "\n".join(f"- **{one.title}**: {one.help}" for one in sets.values())
    st.pills(
        "Take a set", list(sets), format_func=lambda code: literal(sets[code].title), key=_SET,
        on_change=_take_set, help=told,
    )  # fmt: skip
    offered = {code: _entry(code) for code in [*METHODS, *st.session_state[_OFFERED]]}
    offered |= given_entries() | found
    grouped: dict[str, list[str]] = {family: [] for family in families()}
    for code, one in offered.items():
        grouped.setdefault(one.definition.family, []).append(code)
    for family, codes in grouped.items():
        key = f"family_{family}"
        st.session_state[key] = [code for code in codes if code in found]
        title = "Scores from elsewhere" if family == ELSEWHERE else family.capitalize()
        st.pills(
            literal(title), codes, selection_mode="multi", format_func=_label, key=key,
            on_change=_take_family, args=(key, codes),
        )  # fmt: skip
    st.caption("Slow methods run the model many times and start when you ask for it.")


def _take_set() -> None:
    code = st.session_state[_SET]
    found = next((one for one in presets() if one.code == code), None)
    if found is not None:  # a click on the set that is there leaves it
        given = [one for one in st.session_state[_CODES] if one.startswith(GIVEN)]
        st.session_state[_CODES] = [*found.methods, *given]


def _take_family(key: str, codes: list[str]) -> None:
    picked = list(st.session_state[key])
    chosen = st.session_state[_CODES]
    kept = [code for code in chosen if code not in codes or code in picked]
    st.session_state[_CODES] = [*kept, *(code for code in picked if code not in kept)]


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
        _say(str(error))
        return
    chosen = st.session_state[_CODES]
    if code in chosen:
        st.toast("This entry is already compared.")
    elif len(chosen) >= _MOST:
        st.toast(f"Compare at most {_MOST} entries: remove one first.")
    else:
        st.session_state[_OFFERED] = [*st.session_state[_OFFERED], code]
        st.session_state[_CODES] = [*chosen, code]
