"""Scores from elsewhere: files that somebody uploads, kept for the visit and compared like others.

A file is matched to the text that is shown when it comes. It stays when the text changes, and says
then that it is of another one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from gaf_core import GafError, Trace
from gaf_core.elsewhere import GivenFile, given_methods
from gaf_core.elsewhere.contents import LARGEST, MOST_ROWS
from gaf_core.elsewhere.given import matched_in_words
from gaf_core.errors import SettingsError
from gaf_core.files.exports import to_csv
from gaf_core.tables import table
from gaf_core.ui.compare.entries import Entry, given_entry
from gaf_core.ui.failures import literal
from gaf_core.ui.place import place

_KEPT, _COME, _TURN, _SAID = "given files", "files that came", "turn of the uploader", "given said"
_MOST = 8  # files of a visitor
_TYPES = ("csv", "tsv", "txt", "json")
_HOW = (
    "How a file may look: the words or tokens of the text above in reading order, with columns "
    "`word,score` or `token,score`; or places in the text, `start,end,score`, in characters "
    "counted from 0. Several methods are a column each, or are named in a column `method`. JSON is "
    'a list of such rows, or `{"tokens": [...], "scores": [...]}`. The score of a word is spread '
    "over its tokens in equal parts."
)


class _Kept(NamedTuple):
    """A file and the text that it is of."""

    file: GivenFile
    text: str
    entries: tuple[Entry, ...]


def given_entries() -> dict[str, Entry]:
    """The entries of all files, by their codes."""
    return {one.code: one for kept in _kept() for one in kept.entries}


def take_files(trace: Trace) -> list[str]:
    """Read the files that came since the last run; the codes of what they hold."""
    added: list[str] = []
    came = st.session_state.pop(_COME, [])
    if came:
        st.session_state[_SAID] = []
    for name, content in came:
        try:
            kept = _read(name, content, trace)
        except GafError as error:
            st.session_state[_SAID].append(f"“{name}” is left out. {error}")
            continue
        st.session_state[_KEPT] = [*_kept(), kept]
        added += [one.code for one in kept.entries]
    return added


def offer_files(trace: Trace) -> None:
    """Draw the uploader, what came of the files, and a file to fill in."""
    turn = st.session_state.setdefault(_TURN, 0)
    key = f"given_{turn}"
    st.file_uploader(
        "Files of scores", _TYPES, accept_multiple_files=True, key=key, on_change=_take,
        args=(key,), max_upload_size=LARGEST // 1_000_000,
    )  # fmt: skip
    with place():
        for sentence in st.session_state.get(_SAID, ()):
            st.error(literal(sentence), icon=":material/info:")
    with place():
        for number, kept in enumerate(_kept()):
            _show_file(number, kept, trace)
    st.caption(_HOW)
    st.download_button(
        "A file to fill in (CSV)",
        lambda: _template(trace),
        file_name="scores-to-fill-in.csv",
        mime="text/csv",
        key="given_template",
        icon=":material/download:",
        on_click="ignore",
        help="The tokens of the text above, each with the score 0.",
    )
    st.caption("Files stay in this visit. A link does not hold them.")


def _kept() -> list[_Kept]:
    return st.session_state.setdefault(_KEPT, [])


def _read(name: str, content: bytes, trace: Trace) -> _Kept:
    """A file that fits the text.

    Raises:
        GafError: it is not understood, does not fit, or there is no room for it.
    """
    if len(_kept()) >= _MOST:
        raise SettingsError(f"{_MOST} files are kept at a time. Remove one of them first.")
    file = GivenFile.read(content, name)
    held = [sheet for one in (*(kept.file for kept in _kept()), file) for sheet in one.sheets]
    if sum(len(sheet.rows) for sheet in held) > MOST_ROWS:
        raise SettingsError(
            f"All files together would have more than {MOST_ROWS:,} rows. Remove one of them first."
        )
    for sheet in file.sheets:
        matched_in_words(sheet, trace)  # raises where it does not fit
    taken = {entry.method: kept.file.name for kept in _kept() for entry in kept.entries}
    for method in file.methods:
        if method in taken:
            raise SettingsError(
                f"It has a method “{method}”, and so has “{taken[method]}”. Remove that file, or "
                "give one of them another name."
            )
    methods = given_methods({trace.text: file})
    return _Kept(file, trace.text, tuple(map(given_entry, methods)))


def _show_file(number: int, kept: _Kept, trace: Trace) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"given_file_{number}"):
        told = "  \n".join(
            f"{literal(sheet.name)}: :gray[{literal(_fit(kept, index, trace))}]"
            for index, sheet in enumerate(kept.file.sheets)
        )
        st.markdown(f"**{literal(kept.file.name)}**  \n{told}", width="stretch")
        st.button(
            "Remove", key=f"given_remove_{number}", icon=":material/delete:", on_click=_remove,
            args=(number,),
        )  # fmt: skip


def _fit(kept: _Kept, index: int, trace: Trace) -> str:
    if kept.text != trace.text:
        return f"of another text, “{' '.join(kept.text.split())[:60]}”."
    try:
        return matched_in_words(kept.file.sheets[index], trace)
    except GafError as error:  # another model cuts the text into other tokens
        return str(error)


def _take(key: str) -> None:
    """Take what was uploaded out of the uploader, which is then empty again."""
    files = st.session_state.get(key) or []
    st.session_state[_COME] = [(one.name, one.getvalue()) for one in files]
    st.session_state[_TURN] += 1


def _remove(number: int) -> None:
    st.session_state[_KEPT] = [one for at, one in enumerate(_kept()) if at != number]


def _template(trace: Trace) -> bytes:
    return to_csv(table({"token": trace.tokens, "score": np.zeros(len(trace.tokens))}))
