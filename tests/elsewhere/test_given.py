"""Scores from files: what is understood, where it lands, and that it takes part."""

import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gaf_core as gaf
from gaf_core.elsewhere.given import matched_in_words
from gaf_core.evaluation import Perturbation, evaluate_all, measure, paired, summarise
from gaf_core.evaluation.comparison import Comparison, score_table
from gaf_core.evaluation.comparison import to_json as comparison_json
from gaf_core.files.exports import to_csv, to_json
from gaf_core.methods import Attribution
from gaf_core.text.words import group_words, word_scores, word_table
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import assert_close, summed

TEXT = "Unwatchable films, @home: naïve!"
TEXTS = [
    TEXT,
    "-good =bad +1 'tis",
    "🙂 café — «déjà» 3.5",
    "a\nb\tc  d\u200b e",
    "don't <b>it</b>",
]
EIGHTHS = st.integers(-70, 70).map(lambda number: number / 8)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def model():
    return in_float64(gaf.load_model("minilm-reviews"))


@pytest.fixture(scope="module")
def traces(model):
    return [gaf.trace(model, text) for text in TEXTS]


@pytest.fixture(scope="module")
def trace(traces):
    return traces[0]


def read(content, trace, name="mine.csv"):
    content = content if isinstance(content, bytes) else content.encode()
    return gaf.read_scores(gaf.GivenFile.read(content, name), trace)


def as_csv(*rows, delimiter=",") -> str:
    held = io.StringIO()
    csv.writer(held, delimiter=delimiter).writerows(rows)
    return held.getvalue()


def compared(trace, scores: dict) -> Comparison:
    found = {name: Attribution(name, name, "", {}, one, 0.1) for name, one in scores.items()}
    return Comparison(trace, tuple(found), Perturbation(), found)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_a_comparison_writes_is_read_again_to_the_last_bit(traces, data):
    trace = traces[data.draw(st.integers(0, len(traces) - 1))]
    names = data.draw(
        st.lists(st.text("aZ Ω=<\"',;\t1", min_size=1, max_size=9), min_size=1, max_size=3)
    )
    names = list({" ".join(name.split()) for name in names} - {""}) or ["a"]
    count = len(trace.tokens)
    scores = {
        name: np.array(data.draw(st.lists(FINITE, min_size=count, max_size=count)))
        for name in names
    }
    for content in (
        to_csv(score_table(compared(trace, scores))),
        comparison_json(compared(trace, scores)).encode(),
    ):
        found = {one.method: one.scores for one in read(content, trace)}
        assert {name: one.tolist() for name, one in found.items()} == {
            name: one.tolist() for name, one in scores.items()
        }


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_words_keep_their_sums(traces, data):
    trace = traces[data.draw(st.integers(0, len(traces) - 1))]
    count = len(trace.tokens)
    scores = np.array(data.draw(st.lists(EIGHTHS, min_size=count, max_size=count)))
    words = group_words(trace)
    (found,) = read(to_csv(word_table(trace, scores)), trace)
    assert_close(
        word_scores(words, found.scores), word_scores(words, scores),
        roundings=summed(count), size=10.0,
    )  # fmt: skip
    assert found.details["sum left out"] == 0.0


def test_what_an_explanation_writes_is_read_again(model):
    for text in TEXTS:
        explanation = gaf.explain(model, text, gaf.Settings(layers=(4, 6)))
        (table,) = read(to_csv(explanation.score_table()), explanation.trace)
        (whole,) = read(to_json(explanation), explanation.trace)
        assert table.scores.tolist() == whole.scores.tolist() == explanation.scores.tolist()
        assert (table.method, whole.method) == ("mine", "AGF")


def test_a_sorted_table_is_put_back_in_order(model, trace):
    explanation = gaf.explain(model, TEXT, gaf.Settings(layers=(4, 6)))
    table = explanation.score_table().sort_values("score")
    assert read(to_csv(table), trace)[0].scores.tolist() == explanation.scores.tolist()


WORDS = ["Unwatchable", "films", ",", "@", "home", ":", "naïve", "!"]
SCORES = [3.0, -1.0, 0.0, 0.5, 0.25, 0.0, 2.0, 0.125]
OFFSETS = [(TEXT.index(word), TEXT.index(word) + len(word)) for word in WORDS]
ROWS = list(zip(WORDS, SCORES, strict=True))
FILES = {
    "columns": as_csv(("word", "score"), *ROWS),
    "semicolons": as_csv(
        ("Word", "Score"), *((w, str(s).replace(".", ",")) for w, s in ROWS), delimiter=";"
    ),
    "tabs": as_csv(("text", "weight"), *ROWS, delimiter="\t"),
    "capitals": as_csv(("TOKEN", "VALUE"), *((w.upper(), s) for w, s in ROWS)),
    "without accents": as_csv(("token", "value"), *((w.replace("ï", "i"), s) for w, s in ROWS)),
    "sentencepiece": as_csv(("token", "value"), *((f"▁{w}", s) for w, s in ROWS)),
    "bytes of utf-16": as_csv(("word", "score"), *ROWS).encode("utf-16"),
    "a mark before it": as_csv(("word", "score"), *ROWS).encode("utf-8-sig"),
    "byte level": as_csv(
        ("token", "score"), *((w.replace("naïve", "ĠnaÃ¯ve"), s) for w, s in ROWS)
    ),
    "places": as_csv(
        ("start", "end", "score"), *((*o, s) for o, s in zip(OFFSETS, SCORES, strict=True))
    ),
    "in any order": as_csv(
        ("start", "end", "score"),
        *[(*o, s) for o, s in zip(OFFSETS, SCORES, strict=True)][::-1],
    ),
    "objects": json.dumps([{"word": w, "attribution": s} for w, s in ROWS]),
    "pairs": json.dumps(ROWS),
    "lists": json.dumps({"tokens": WORDS, "scores": SCORES}),
    "lists of offsets": json.dumps({"offsets": OFFSETS, "scores": SCORES}),
    "with its text": json.dumps({"text": TEXT, "tokens": WORDS, "scores": SCORES, "logits": [1]}),
    "with other ends": json.dumps(
        {"tokens": ["<s>", *WORDS, "</s>"], "scores": [0.0, *SCORES, 0.0]}
    ),
    "without punctuation": as_csv(
        ("word", "score"), *(row for row in ROWS if row[0].isalpha()), ("!", 0.125)
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_kind_of_file_gives_the_words_their_scores(trace, kind):
    (found,) = read(FILES[kind], trace)
    words = group_words(trace)
    expected = dict(zip(WORDS, SCORES, strict=True)) | {"[CLS]": 0.0, "[SEP]": 0.0}
    if kind == "without punctuation":
        expected["@"] = 0.0
    assert_close(word_scores(words, found.scores), [expected[word] for word in words.text])
    pieces = [i for i, word in enumerate(words.token_word) if words.text[word] == "Unwatchable"]
    assert len(pieces) == 3
    assert found.scores[pieces].tolist() == [1.0, 1.0, 1.0], "in equal parts"
    assert math.isnan(found.seconds)


def test_several_methods_in_one_file(trace):
    wide = as_csv(("word", "lime", "shap"), *((w, s, -s) for w, s in ROWS))
    long = as_csv(
        ("method", "word", "score"),
        *(("lime", w, s) for w, s in ROWS), *(("shap", w, -s) for w, s in ROWS),
    )  # fmt: skip
    columns = json.dumps(
        {"tokens": WORDS, "scores": {"lime": SCORES, "shap": [-s for s in SCORES]}}
    )
    objects = json.dumps(
        [
            {"explainer": name, "tokens": WORDS, "scores": [sign * s for s in SCORES]}
            for name, sign in (("lime", 1), ("shap", -1))
        ]
    )
    for content in (wide, long, columns, objects):
        lime, shap = read(content, trace)
        assert (lime.method, shap.method) == ("lime", "shap")
        assert lime.title == "lime (given)"
        assert (lime.scores == -shap.scores).all()
        assert lime.scores.any()


def test_ordinary_tokens_alone_and_all_of_them(trace):
    ordinary = [trace.tokens[place] for place in np.flatnonzero(~trace.special)]
    (some,) = read(json.dumps({"tokens": ordinary, "scores": list(range(len(ordinary)))}), trace)
    assert some.scores[~trace.special].tolist() == list(range(len(ordinary)))
    assert not some.scores[trace.special].any()
    everything = list(range(1, 1 + len(trace.tokens)))
    (whole,) = read(json.dumps({"tokens": trace.tokens, "scores": everything}), trace)
    assert whole.scores.tolist() == everything


def test_what_stands_on_no_token_is_counted(trace):
    (found,) = read(
        json.dumps({"tokens": ["<s>", *WORDS, "[SEP]"], "scores": [-0.75, *SCORES, 4.0]}), trace
    )
    assert found.details["sum left out"] == 0.75
    assert found.scores[-1] == 4.0, "the special token of the same name has its score"
    (sheet,) = gaf.GivenFile.read(as_csv(("word", "score"), *ROWS).encode()).sheets
    assert "word by word" in matched_in_words(sheet, trace)
    assert "1 of them spread" in matched_in_words(sheet, trace)


def test_files_that_cannot_be_read(trace, tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path, "a\0b", "x" * 5000, "~nobody/x"):
        with pytest.raises(gaf.SettingsError, match="cannot be read"):
            gaf.read_scores(path, trace)
    file = tmp_path / "my lime.csv"
    file.write_text(FILES["columns"], encoding="utf-8")
    (found,) = gaf.read_scores(str(file), trace)
    assert found.method == "my lime"
    assert "my lime.csv" in found.reference


def test_given_scores_take_part_in_every_measure(model, trace):
    ours = gaf.METHODS["AGF"](model, trace)
    content = to_csv(score_table(compared(trace, {"AGF": ours.scores})))
    (method,) = gaf.given_methods({TEXT: content})
    found = method(model, trace)
    assert found.scores.tolist() == ours.scores.tolist()
    assert (method.family, found.title) == ("elsewhere", "AGF (given)")
    measured = evaluate_all(model, trace, {"ours": ours.scores, "given": found.scores})
    assert measured["ours"].aopc == measured["given"].aopc
    rows = measure(model, [TEXT, "A dull film."], ["AGF", ("given", method, {})])
    assert rows.aopc[0] == rows.aopc[1]
    assert "another text" in rows.failure[3]
    table = summarise(rows).set_index("method")
    assert table.texts.tolist() == [2, 1]
    assert math.isnan(table.seconds["given"])
    assert paired(rows, "given", "AGF").difference[0] == 0.0


def test_other_scores_are_other_rows_of_a_run(model, tmp_path):
    def aopc(scores: str) -> float:
        (method,) = gaf.given_methods({"A lovely film.": f"word,mine\n{scores}".encode()})
        rows = measure(model, ["A lovely film."], [method], resume=tmp_path / "rows.jsonl")
        return rows.aopc[0]

    assert aopc("A,0\nlovely,2\nfilm,1") != aopc("A,2\nlovely,0\nfilm,1")
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2


def test_a_pair_of_texts_and_several_files(model):
    first, second = b"word,mine\nGood,1\nbad,-1", b"word,mine\nSo,0\nso,2"
    (method,) = gaf.given_methods({"Good bad.": first, ("So", "so."): second})
    assert method(model, gaf.trace(model, "Good bad.")).scores.tolist() == [0, 1, -1, 0, 0]
    assert method(model, gaf.trace(model, ("So", "so."))).scores.tolist() == [0, 0, 0, 2, 0, 0]
    with pytest.raises(gaf.TextError, match="2 others"):
        method(model, gaf.trace(model, "So so."))
    with pytest.raises(gaf.SettingsError, match="at least one"):
        gaf.given_methods({})


def test_a_text_that_is_cut_takes_the_scores_of_its_beginning(tmp_path):
    tiny = gaf.load_model(save_tiny(tmp_path))
    text = "good " * 60
    cut = gaf.trace(tiny, text, truncate=True)
    words = json.dumps({"tokens": ["good"] * 60, "scores": list(range(60))}).encode()
    (method,) = gaf.given_methods({text: words})
    scores = method(tiny, cut).scores
    kept = int((~cut.special).sum())
    assert scores[~cut.special].tolist() == list(range(kept))
