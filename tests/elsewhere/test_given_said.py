"""What is said of files that are not understood, or that do not fit the text."""

import pytest

import gaf_core as gaf
from gaf_core.elsewhere.contents import LARGEST, MOST_ROWS
from gaf_core.elsewhere.sheets import MOST_METHODS
from tests.elsewhere.test_given import ROWS, TEXT, as_csv, read


@pytest.fixture(scope="module")
def trace():
    return gaf.trace(gaf.load_model("minilm-reviews"), TEXT)


def said_by(content, trace) -> str:
    with pytest.raises(gaf.GafError) as told:
        read(content, trace)
    assert str(told.value).endswith((".", "}."))
    return str(told.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("word,score\n", "no rows"),
        ("[]", "no rows"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ('{"tokens": ["a"], "scores": [1], "scores": [2]}', "two entries called “scores”"),
        ("[1, 2]", "no rows of scores"),
        ('{"scores": [1, 2]}', "does not say what"),
        ('{"tokens": ["a", "b"], "scores": [1]}', "2 entries and “scores” has 1"),
        ('{"tokens": ["a", "b"], "lime": [1, 2], "shap": [1]}', "“shap” has 1"),
        ('{"offsets": [1, 2], "scores": [1, 2]}', "no pairs"),
        ("good,0.5\nfilm,0.1", "no column of tokens"),
        ("word,score\ngood,0.5,1", "Row 1 of “mine.csv” has 3 cells"),
        ('word,score\n"good,0.5', "no CSV"),
        ("word,score\ngood,nan", "“nan” as “score”"),
        ("word,score\ngood,inf", "no finite number"),
        ("word,score\ngood,", "no finite number"),
        ("word,score\ngood,1e999", "no finite number"),
        ("word,score\ngood,high", "“high” as “score”"),
        ('[{"word": "good", "score": true}]', "no finite number"),
        ('[{"word": "good", "score": NaN}]', "no finite number"),
        (f'[{{"word": "good", "score": 1{"0" * 400}}}]', "no finite number"),
        ('[{"word": "good", "score": [1, 2]}]', "no finite number"),
        ("word,lime,lime\ngood,1,2", "two columns called “lime”"),
        ("word,lime, lime \ngood,1,2", "two columns called “lime”"),
        ("method,word,lime,shap\nx,good,1,2", "several of scores"),
        ("method,word,score\n ,good,1", "without a name"),
        (f"method,word,score\n{'x' * 99},good,1", "99 characters"),
        ("word,said\ngood,well", "no column of numbers"),
        ("start,end,score\n0,x,1", "no whole number"),
        ("start,end,score\n0,999,1", "the text has 32"),
        ("start,end,score\n5,2,1", "5 to 2"),
        ("start,end,score\n-1,2,1", "-1 to 2"),
        ("token,start,end,score\ngood,0,4,1", "“good” at characters 0 to 4"),
        ("word,score\ngood,1\nfilms,2", "Row 1 of “mine” is “good”, and the text has “Unwatch"),
        ("word,score\nUnwatchable,1\nbad,2", "Row 2 of “mine” is “bad”, and the text has “films"),
        ("word,score\nUnwatchable,1", "the text goes on with “films"),
        (as_csv(("word", "score"), *ROWS, ("more", 1)), "is “more”, and the text has ended"),
        ('{"text": "Another.", "tokens": ["a"], "scores": [1]}', "another text: “Another.”"),
        ('[{"word": null, "score": 1}]', "without a token or word"),
        (b"word,score\ngood\xff,1", "is not UTF-8"),
        (b"word,score\n\0,1", "null bytes"),
        (b"x" * (LARGEST + 1), "larger than the 4 MB"),
        ("word,score\n" + "a,1\n" * (MOST_ROWS + 1), "100,001 rows"),
        (as_csv(["word", *range(MOST_METHODS + 1)], ["a", *range(MOST_METHODS + 1)]), "51 methods"),
        ("start,end,score\n" + "0,1,1\n" * 200, "200 rows, and the text 12"),
        (as_csv(["word", *range(40)], *[["a", *range(40)]] * 2_501), "100,040 scores in 40"),
        ('[{"word": "\\ud83d", "score": 1}]', "Row 1"),
    ],
    ids=lambda one: repr(one)[:40],
)
def test_what_does_not_fit_is_said(trace, content, said):
    assert said in said_by(content, trace)
