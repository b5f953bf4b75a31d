"""Files of a run: rows, words, a report; each is made when somebody asks for it."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st

from gaf_core.corpus.arrow import arrow, parquet
from gaf_core.corpus.results import Results
from gaf_core.files.corpus_exports import row_table, word_rows
from gaf_core.files.corpus_report import to_html
from gaf_core.files.exports import to_csv


def show_files(results: Results) -> None:
    """A button for each file."""
    st.header("Take it with you", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="many_downloads"):
        _file("Report (HTML)", "report.html", "text/html", lambda: to_html(results).encode("utf-8"))
        _file("Rows (CSV)", "rows.csv", "text/csv", lambda: to_csv(row_table(results)))
        _file("Words (CSV)", "words.csv", "text/csv", lambda: to_csv(word_rows(results)))
        _file(
            "Everything (Parquet)",
            "rows.parquet",
            "application/vnd.apache.parquet",
            lambda: _parquet(results),
        )
    st.caption(
        "The report needs no network and runs no script. Parquet has the scores of every token; "
        "in CSV a cell that a spreadsheet would run begins with an apostrophe."
    )


def _parquet(results: Results) -> bytes:
    folder = results.folder
    whole = [number for number in folder.numbers if number not in results.torn]
    file = io.BytesIO()
    table = arrow().concat_tables([folder.read(number) for number in whole])
    parquet().write_table(table, file, compression="zstd")
    return file.getvalue()


def _file(label: str, name: str, kind: str, make: Callable[[], bytes]) -> None:
    st.download_button(
        label,
        make,
        file_name=f"gaf-{name}",
        mime=kind,
        key=f"many_{name}",
        icon=":material/download:",
        on_click="ignore",
    )
