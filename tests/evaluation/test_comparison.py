"""Several methods on one text as data: units, table, best, files, and the codes of entries."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gaf_core as gaf
from gaf_core.errors import SettingsError
from gaf_core.evaluation import AopcLimits, Perturbation, evaluate_all
from gaf_core.evaluation import comparison as side
from gaf_core.figures.compare import (
    agreement_matrix,
    entry_bars,
    faithfulness_curves,
    score_heatmap,
)
from gaf_core.methods import METHODS, Attribution, Method, Option, Scored
from gaf_core.ui.compare.entries import Entry, entry, parse, parse_all, usual_entries
from tests.support.models import in_float64, save_tiny
from tests.support.tolerance import assert_close, through

TEXT = "a good films not bad"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return in_float64(gaf.load_model(save_tiny(tmp_path_factory.mktemp("tiny"))))


@pytest.fixture(scope="module")
def compared(model) -> side.Comparison:
    trace = gaf.trace(model, TEXT)
    count = len(trace.tokens)
    scores = {
        "up": np.arange(count, dtype=float),
        "down": -np.arange(count, dtype=float),
        "none": np.zeros(count),
    }
    attributions = {
        name: Attribution(name, name, "nobody", {"seed": 3}, one, 0.25)
        for name, one in scores.items()
    }
    perturbation = Perturbation()
    return side.Comparison(
        trace,
        ("up", "down", "none", "broken"),
        perturbation,
        attributions,
        evaluate_all(model, trace, scores, perturbation),
        {"broken": "=It does not work here."},
    )


def test_words_have_the_sum_of_their_tokens_and_special_tokens_can_go(compared):
    tokens = side.units(compared, by_words=False, special=True)
    words = side.units(compared, by_words=True, special=True)
    assert "films" in words.texts
    assert len(words.texts) == len(tokens.texts) - 1, "film and ##s are one word"
    for name in ("up", "down", "none"):
        assert words.scores[name].sum() == tokens.scores[name].sum(), "sums of whole numbers"
    bare = side.units(compared, by_words=True, special=False)
    assert not bare.special.any()
    assert bare.texts == words.texts[1:-1]


def test_the_strongest_units_are_those_that_some_entry_ranks_high():
    texts = tuple("abcde")
    scores = {"one": np.array([0.1, 0, 9, 0, -8.0]), "two": np.array([0.0, 0, 0, 1e-9, 0])}
    shown = side.Units(texts, np.zeros(5, dtype=bool), scores)
    assert shown.strongest(2).tolist() == [2, 3]
    assert shown.strongest(3).tolist() == [2, 3, 4]
    assert shown.strongest(9).tolist() == [0, 1, 2, 3, 4]
    assert side.Units(texts, np.zeros(5, dtype=bool), {}).strongest(2).tolist() == [0, 1]


def test_scales_keep_signs_and_have_their_largest_where_they_say(compared):
    shown = side.units(compared, by_words=False, special=True)
    own, common = shown.scaled("own"), shown.scaled("common")
    assert own["up"].max() == 1.0
    assert own["down"].min() == -1.0
    assert_close(np.abs(common["down"]).sum(), 1.0)
    assert not own["none"].any(), "0 stays 0 and is not divided by itself"


def test_the_table_has_every_entry_and_the_best_of_each_metric(model, compared):
    table = side.faithfulness_table(compared)
    assert table.method.tolist() == list(compared.names)
    assert table.note.tolist() == ["", "", "", "=It does not work here."]
    assert math.isnan(table.AOPC[3])
    winners = side.best(table)
    for column, (_, more) in side.METRICS.items():
        values = table[column].dropna().tolist()
        wanted = max(values) if more else min(values)
        assert winners[column]
        for row in winners[column]:
            assert_close(table[column][row], wanted, roundings=through(model))
    assert not side.best(table.iloc[:1]), "one alone is not the best"


def test_the_table_says_what_the_evaluation_says(compared):
    table = side.faithfulness_table(compared)
    one = compared.evaluations["up"]
    assert table.AOPC[0] == one.aopc
    assert table.sufficiency[0] == one.sufficiency
    assert table["deletion area"][0] == one.curves.deletion_area


def test_limits_found_later_add_a_column(compared):
    assert "NAOPC" not in side.faithfulness_table(compared)
    limits = AopcLimits(compared.perturbation, 0, -0.5, 1.5, (), (), None, 1)
    limited = {name: side.within(one, limits) for name, one in compared.evaluations.items()}
    table = side.faithfulness_table(replace(compared, evaluations=limited))
    assert table.columns.tolist()[:3] == ["method", "AOPC", "NAOPC"]
    assert table.NAOPC[0] == (table.AOPC[0] + 0.5) / 2
    assert side.best(table)["NAOPC"] == side.best(table)["AOPC"]
    measured = json.loads(side.to_json(replace(compared, evaluations=limited)))["entries"][0]
    assert measured["measure"]["naopc"] == table.NAOPC[0]
    assert json.loads(side.to_json(compared))["entries"][0]["measure"]["naopc"] is None


def test_scores_as_a_table(compared):
    table = side.score_table(compared)
    assert table.token.tolist() == list(compared.trace.tokens)
    assert table["score: up"].tolist() == compared.scored["up"].tolist()
    assert "score: broken" not in table


def test_json_holds_everything_and_no_infinity(compared):
    broken = side.Comparison(
        compared.trace,
        ("up",),
        compared.perturbation,
        {"up": Attribution("up", "up", "", {}, compared.scored["up"], math.inf, {"x": math.nan})},
    )
    assert json.loads(side.to_json(broken))["entries"][0]["seconds"] is None
    content = json.loads(side.to_json(compared, model="tiny"))
    assert content["model"] == "tiny"
    first, last = content["entries"][0], content["entries"][-1]
    assert first["settings"] == {"seed": 3}
    assert first["scores"] == compared.scored["up"].tolist()
    assert first["measure"]["perturbation"]["operator"] == "mask"
    deletion = compared.evaluations["up"].curves.deletion.tolist()
    assert first["measure"]["curves"]["deletion"] == deletion
    assert last["scores"] is None
    assert last["failure"] == "=It does not work here."


def test_every_code_leads_back_to_its_entry():
    for one in METHODS.values():
        assert parse(one.name) == Entry(one.name)
        for option in one.options:
            values = [v for v in option.choices if v != option.default]
            if not option.choices and isinstance(option.default, int | float):
                step = option.default * 2 + 1
                values = [step if option.most is None else type(option.default)(option.most)]
            for value in values:
                made = entry(one, {option.name: value})
                assert parse(made.code) == made
                assert str(option.name).replace("_", " ") in made.name


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("nonsense", "no method “nonsense”"),
        ("AF:aggregate=median", "'median' is not a choice"),
        ("AF:first_layer=x", "'x' is not a value"),
        ("AF:first_layer=0", "'0' is not a value"),
        ("AF:colour=red", "no option 'colour'"),
        ("AF:first_layer", "not a value"),
    ],
)
def test_a_broken_code_is_said_and_not_replaced(code, said):
    found, problems = parse_all(["GF", code, "GF", "AF"])
    assert [one.code for one in found] == ["GF", "AF"], "each once, the broken one left out"
    (problem,) = problems
    assert code in problem
    assert said in problem


def test_text_options_survive_any_sign(monkeypatch):
    wild = Method(
        "wild", "Wild", "", "chance", "", lambda *_: Scored(np.zeros(1)),
        (Option("how", "plain", "", choices=("plain", "a,b=c:d & é%")),),
    )  # fmt: skip
    monkeypatch.setitem(METHODS, "wild", wild)
    made = entry(wild, {"how": "a,b=c:d & é%"})
    assert parse(made.code) == made
    with pytest.raises(SettingsError):
        parse("wild:how=other")


def test_what_the_page_opens_with_is_quick():
    assert len(usual_entries()) > 5
    assert not any(one.definition.slow for one in usual_entries())


def test_the_heatmap_shows_every_score_in_blocks_and_takes_text_literally():
    texts = tuple(f"<b>{i}" for i in range(95))
    scores = {"<i>A": np.arange(95.0), "B": -np.arange(95.0)}
    scaled = {name: one / 94 for name, one in scores.items()}
    figure = score_heatmap(texts, scaled, scores, "share")
    drawn = np.vstack([trace.z for trace in figure.data])
    assert_close(drawn, np.array([scaled["<i>A"], scaled["B"]]).T)
    assert len(figure.data) == 3
    assert "<i>" not in figure.to_json().replace("\\u003c", "<")
    assert figure.layout.coloraxis.cmin == -1.0, "signed scores: 0 is in the middle"
    plain = score_heatmap(texts, {"A": scaled["<i>A"]}, {"A": scores["<i>A"]}, "share")
    assert plain.layout.coloraxis.cmin == 0.0


def test_bars_are_the_largest_and_in_the_order_of_removal():
    scores = np.linspace(-1, 1, 60)
    bars = entry_bars(tuple(map(str, range(60))), scores, limit=10).data[0]
    assert list(bars.x) == sorted(bars.x, reverse=True)
    assert set(np.abs(bars.x)) == set(np.sort(np.abs(scores))[-10:])
    assert len(set(bars.marker.color)) == 2


def test_the_matrix_and_the_curves_draw_what_they_are_given(compared):
    matrix = np.array([[1.0, -0.5], [-0.5, 1.0]])
    figure = agreement_matrix(["a", "b"], matrix, "spearman", signed=True)
    assert figure.data[0].z.tolist() == matrix.tolist()
    assert list(figure.data[1].text) == ["1.00", "-0.50", "-0.50", "1.00"]
    curves = {name: one.curves for name, one in compared.evaluations.items()}
    drawn = faithfulness_curves(curves, "down").data
    assert len(drawn) == 2 * len(curves)
    assert list(drawn[0].y) == curves["up"].deletion.tolist()
    assert list(drawn[1].y) == curves["up"].insertion.tolist()
    assert [trace.opacity for trace in drawn[2:4]] == [1.0, 1.0]
    looks = {(t.line.color, t.line.dash, t.marker.symbol) for t in drawn[::2]}
    assert len(looks) == len(curves)


def test_no_two_of_many_curves_look_alike(compared):
    curves = dict.fromkeys(map(str, range(64)), compared.evaluations["up"].curves)
    drawn = faithfulness_curves(curves).data[::2]
    assert len({(t.line.color, t.line.dash, t.marker.symbol) for t in drawn}) == 64


def test_every_column_of_a_large_matrix_has_its_name_and_numbers_that_fit():
    names = [f"Method number {number}" for number in range(40)]
    matrix = np.linspace(-1, 1, 1600).reshape(40, 40)
    figure = agreement_matrix(names, matrix, "spearman", signed=True)
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert len(axis.ticktext) == len(axis.tickvals) == 40
        assert "39" in axis.ticktext[-1]
    assert max(map(len, figure.data[1].text)) <= 5
    assert figure.data[1].text[0] == "-1.00"
    assert not any("0." in text for text in figure.data[1].text)


def test_an_empty_table_has_its_columns(compared):
    empty = side.Comparison(compared.trace, (), compared.perturbation, {})
    assert isinstance(side.faithfulness_table(empty), pd.DataFrame)
    assert "method" in side.faithfulness_table(empty)
