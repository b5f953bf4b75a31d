"""Files of texts: what can be read is, and what cannot is reported by its line."""

import json
import random
from contextlib import suppress

import pandas as pd
import pytest

import gaf_core as gaf
from gaf_core.corpus.readers import Problem, columns_of
from gaf_core.corpus.texts import Source, chunks, records, survey, texts

ROWS = [
    {"id": "a", "body": "A lovely film.", "stars": "positive"},
    {"id": "b", "body": 'Dull, and\nfar "too" long; it\'s', "stars": "negative"},
    {"id": "c", "body": "日本 ☕ =SUM(A1)", "stars": ""},
]


def written(folder, name, content) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def every_kind(folder):
    frame = pd.DataFrame(ROWS)
    frame.to_csv(folder / "comma.csv", index=False)
    frame.to_csv(folder / "semicolon.csv", index=False, sep=";")
    frame.to_csv(folder / "utf16.csv", index=False, encoding="utf-16")
    frame.to_csv(folder / "mark.csv", index=False, encoding="utf-8-sig")
    frame.to_csv(folder / "windows.csv", index=False, lineterminator="\r\n")
    frame.to_parquet(folder / "rows.parquet")
    lines = [json.dumps(row) for row in ROWS]
    written(folder, "rows.jsonl", "\n".join(lines))
    written(folder, "blank.ndjson", "\n\n".join(lines) + "\n\n")
    return sorted(path for path in folder.iterdir())


def test_every_kind_of_file_has_the_same_texts(tmp_path):
    files = every_kind(tmp_path)
    assert len(files) == 8
    for path in files:
        source = Source(path, "body", label="stars", identity="id")
        found = list(records(source))
        assert [(one.identity, one.text, one.label) for one in found] == [
            tuple(row.values()) for row in ROWS
        ], path.name
        assert [one.position for one in found] == [0, 1, 2]
        assert columns_of(path) == ["id", "body", "stars"]


def test_the_line_is_where_a_record_begins(tmp_path):
    path = written(tmp_path, "a.csv", 'text\n"one\ntwo"\nthree\n\nfour\n')
    assert [one.line for one in texts(Source(path))] == [2, 4, 6]
    path = written(tmp_path, "a.txt", "\nfirst\n\nsecond\r\nthird")
    assert [(one.line, one.text) for one in texts(Source(path))] == [
        (2, "first"), (4, "second"), (5, "third"),
    ]  # fmt: skip


def test_tab_separated_values_have_no_quotes(tmp_path):
    """As the texts that come with this project are stored."""
    path = written(tmp_path, "a.tsv", 'text\tlabel\n"quoted\tx\nplain"\ty\n')
    found = list(texts(Source(path, label="label")))
    assert [one.text for one in found] == ['"quoted', 'plain"']


def test_what_cannot_be_read_is_reported_by_its_line_and_the_rest_is_read(tmp_path):
    lines = [
        b"id,text,label",
        b"1,good,positive",
        b"2,caf\xe9,positive",
        b"3,nu\x00ll,negative",
        b"4,   ,negative",
        b"5,too,many,cells",
        b"6," + b"x" * 1_000_000 + b",positive",
        b"7,bad,meh",
        b"1,again,positive",
    ]
    path = written(tmp_path, "mixed.csv", b"\n".join(lines))
    source = Source(path, label="label", identity="id")
    found = list(records(source))
    assert [one.text for one in found if not isinstance(one, Problem)] == ["good", "bad", "again"]
    said = {one.line: one.reason for one in found if isinstance(one, Problem)}
    assert said == {
        3: "holds the byte 0xE9, which belongs to no character of UTF-8",
        4: "holds a null byte",
        5: "has no text in the column 'text'",
        6: "has 4 cells, and the header 3",
        7: "has a text of 1,000,000 characters, and 100,000 are read",
    }
    told = survey(source)
    assert (told.texts, told.left_out, told.repeated) == (3, 5, 1)
    assert told.labels == {"positive": 2, "meh": 1}
    assert [one.line for one in told.problems] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is no JSON: expecting property name"),
        ("[" * 100_000, "is no JSON: it is nested too deeply"),
        ('"a text"', "is no JSON object"),
        ('{"body": "x"}', "has no text in the column 'text'"),
        ('{"text": null}', "has no text in the column 'text'"),
        ('{"text": 3.5}', "has a number in the column 'text' and no text"),
        ('{"text": ["x"]}', "has a list in the column 'text' and no text"),
        ('{"text": "\\ud800"}', "holds half a character"),
    ],
)
def test_a_bad_line_of_json_is_a_problem_of_its_own(tmp_path, line, reason):
    path = written(tmp_path, "a.jsonl", f'{{"text": "before"}}\n{line}\n{{"text": "after"}}\n')
    before, problem, after = records(Source(path))
    assert (before.text, after.text, problem.line) == ("before", "after", 2)
    assert problem.reason.startswith(reason)


def test_labels_and_identities_of_other_kinds_are_read_as_text(tmp_path):
    frame = pd.DataFrame({"text": ["a", "b", "c"], "label": [1.0, None, 0.5], "id": [7, 8, 9]})
    frame.to_parquet(tmp_path / "a.parquet")
    found = texts(Source(tmp_path / "a.parquet", label="label", identity="id"))
    assert [(one.label, one.identity) for one in found] == [("1", "7"), ("", "8"), ("0.5", "9")]


def test_pairs_have_two_columns(tmp_path):
    path = written(tmp_path, "a.csv", "q,a\nwho,anna\nwho,\n")
    one, problem = records(Source(path, "q", second="a"))
    assert one.explained == ("who", "anna")
    assert problem.reason == "has no text in the column 'a'"


@pytest.mark.parametrize(
    ("name", "content", "columns", "message"),
    [
        ("a.csv", "", {}, "'a.csv' is empty. Its first line names the columns"),
        ("a.csv", "text\n", {}, "holds no text to explain"),
        ("a.csv", "text\n\x00\n", {}, "holds no text to explain. Line 2 holds a null byte"),
        ("a.csv", "body,stars\nx,1\n", {}, "no column 'text'. Its columns: 'body', 'stars'"),
        ("a.csv", "body,stars\nx,1\ny,2.5\n", {"text": "stars"}, "'stars' of 'a.csv' holds num"),
        ("a.csv", "text,text\nx,y\n", {}, "Two columns of 'a.csv' are called 'text'"),
        ("a.csv", "text\nx\n", {"label": "stars"}, "no column 'stars'"),
        ("a.jsonl", "[1, 2]\n", {}, "begins with a list. Write one object a line"),
        ("a.jsonl", "", {}, "has no column 'text'. Its columns: none"),
        ("a.txt", "", {}, "holds no text to explain"),
        ("a.parquet", "no parquet", {}, "no Parquet file that can be read"),
        ("a.pdf", "x", {}, "does not say what kind of file it is. Give it one of the endings"),
        ("a.csv", b"\xff\xfet\x00\n\x00\x00\xd8\x41\x00\n\x00", {}, "byte order mark"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_a_sentence(tmp_path, name, content, columns, message):
    path = written(tmp_path, name, content)
    with pytest.raises(gaf.SettingsError, match=message):
        survey(Source(path, **columns))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path / "none.parquet", tmp_path):
        with pytest.raises(gaf.SettingsError, match=r"cannot be read|what kind"):
            survey(Source(path))


def test_lines_of_numbers_are_texts(tmp_path):
    assert survey(Source(written(tmp_path, "a.txt", "1\n2\n"))).texts == 2


def test_a_sample_is_of_the_whole_file(tmp_path):
    path = written(tmp_path, "a.txt", "\n".join(f"text {number}" for number in range(5_000)))
    found = survey(Source(path))
    assert found.texts == 5_000
    places = [int(text.split()[1]) for text in found.sample]
    assert len(set(places)) == 64
    # of 64 uniform draws the mean is off by 5 of its standard deviations once in a million
    assert abs(sum(places) / 64 - 2_500) < 5 * 5_000 / 12**0.5 / 8


def test_texts_are_always_divided_alike(tmp_path):
    path = written(tmp_path, "a.txt", "\n".join(map(str, range(10))))
    found = [[one.position for one in some] for some in chunks(Source(path), 4)]
    assert found == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_random_bytes_end_in_a_sentence_or_in_texts(tmp_path):
    draw = random.Random(3)
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.txt", "a.parquet"):
        for _ in range(40):
            content = b"text\n" * draw.randrange(2) + draw.randbytes(draw.randrange(400))
            path = written(tmp_path, name, content)
            with suppress(gaf.SettingsError):
                assert survey(Source(path)).texts
