"""One file with all that can be wrong with lines: each is reported, and the rest runs."""

import csv
import io

import pytest

import gaf_core as gaf
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.results import Results
from gaf_core.corpus.running import run
from gaf_core.corpus.summary import accuracy, unknown_labels
from gaf_core.corpus.texts import Source, survey
from gaf_core.files.corpus_exports import row_table, word_rows
from gaf_core.files.corpus_report import to_html
from gaf_core.files.exports import to_csv
from tests.support.models import save_tiny

LONG = b"good " * 60
LINES = [
    b"id,stars,body,label",  # 1: three texts and a number
    b"a,5,good film,positive",
    b"b,1,caf\xe9 film,negative",  # another encoding
    "c,1,café film,negative".encode(),
    b"d,1,ba\x00d,negative",
    b"e,1, ,negative",
    b"f,1,bad,film,negative",
    b"g,1," + b"x" * 1_000_000 + b",negative",
    b"h,1," + LONG + b",negative",
    b"a,2,bad film,meh",  # called like another, with a label that the model does not know
    b"=2+2,2,=1+1 bad,@SUM(A1)",
    b"+7,2,- not good,-1",
]
GOOD = {2: "a", 4: "c", 9: "h", 10: "a", 11: "=2+2", 12: "+7"}
BAD = {3: "byte 0xE9", 5: "null byte", 6: "no text", 7: "5 cells", 8: "1,000,000 characters"}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> gaf.Model:
    return gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def source(tmp_path) -> Source:
    path = tmp_path / "all.csv"
    path.write_bytes(b"\n".join(LINES))
    return Source(path, "body", label="label", identity="id")


def explained(source: Source, model: gaf.Model, long: str = "cut"):
    folder = Folder(source.path.parent / long)
    explainer = gaf.BatchExplainer(model, ["relevance", "AGF"], long=long)
    return run(source, explainer, folder, part=2), Results.of(folder.path)


def test_each_is_reported_by_its_line_and_the_rest_runs(source, tiny):
    told = survey(source)
    said = dict(told.problems)
    assert said.keys() == BAD.keys()
    assert all(part in said[line] for line, part in BAD.items())
    assert (told.texts, told.left_out, told.repeated) == (6, 5, 1)
    done, results = explained(source, tiny)
    rows = results.rows[results.rows["method"] == "AGF"]
    assert dict(zip(rows["line"], rows["id"], strict=True)) == GOOD
    assert (done.texts, done.failures, done.cut) == (6, 0, 1)
    assert unknown_labels(results) == {"meh": 1, "@SUM(A1)": 1, "-1": 1}
    assert accuracy(results)["texts"].tolist()[-1] == 3


def test_a_text_that_is_too_long_is_cut_skipped_or_refused(source, tiny):
    done, results = explained(source, tiny, "skip")
    assert (done.skipped, done.cut) == (2, 0)
    failed = results.rows[results.rows["failure"].notna()]
    assert failed["line"].tolist() == [9, 9]
    with pytest.raises(gaf.SettingsError, match="Line 9: The text has 62 tokens"):
        explained(source, tiny, "refuse")
    assert Folder(source.path.parent / "refuse").numbers == [0], "what came before is kept"


def test_no_cell_of_an_export_runs_in_a_spreadsheet(source, tiny):
    _, results = explained(source, tiny)
    cells = set()
    for table in (row_table(results), word_rows(results, least=1)):
        for row in csv.reader(io.StringIO(to_csv(table).decode("utf-8-sig"))):
            cells |= set(row)
    assert {"'=2+2", "'+7", "'@SUM(A1)", "'=1+1 bad", "'="} <= cells
    for cell in cells:
        if cell.startswith(("=", "+", "-", "@", "\t", "\r")):
            float(cell)  # a number, and nothing else
    assert "<script" not in to_html(results)
