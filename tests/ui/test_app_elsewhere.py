"""Compare with many methods: sets, families, orders, and scores that somebody uploads."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from gaf_core.evaluation.ordering import ORDERS
from gaf_core.methods import METHODS
from gaf_core.ui.compare.presets import expanded, families, preset_of, presets, shortened
from gaf_core.ui.failures import literal
from tests.support.models import save_tiny
from tests.ui.test_app_compare import (
    TEXT,
    button,
    compared,
    kinds,
    messages,
    opened,
    settled,
    table,
)

WORDS = TEXT.split()
MINE = "word,mine,*yours*\n" + "".join(
    f"{word},{place},{-place}\n" for place, word in enumerate(WORDS)
)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> str:
    return str(save_tiny(tmp_path_factory.mktemp("tiny"), labels=("bad", "so-so", "good")))


def upload(app: AppTest, *files: tuple[str, str | bytes]) -> AppTest:
    given = [
        (name, content if isinstance(content, bytes) else content.encode(), "text/csv")
        for name, content in files
    ]
    app.file_uploader[0].set_value(given).run()
    return settled(app)


def told(app: AppTest) -> str:
    return " ".join(one.value for one in [*app.markdown, *app.caption])


def test_every_set_is_of_methods_that_exist_and_has_a_code_of_its_own():
    sets = presets()
    assert len({one.code for one in sets}) == len(sets)
    for one in sets:
        assert one.methods
        assert set(one.methods) <= set(METHODS)
        assert expanded([one.code]) == list(one.methods)
        first = next(other for other in sets if other.methods == one.methods)
        assert shortened(list(one.methods)) == [first.code]
    assert sets[-1].methods == tuple(METHODS)
    assert not any(METHODS[name].slow for name in sets[0].methods)
    assert {METHODS[name].family for name in METHODS} == set(families())
    assert preset_of(["AF"]) is None
    assert expanded(["AF", "family:flow", "AF"])[0] == "AF"
    assert len(expanded(["AF", "family:flow"])) == len(set(expanded(["family:flow", "AF"])))


def test_a_set_in_a_link_and_a_set_that_is_taken(tiny):
    app = opened(tiny, methods=["family:flow"])
    flows = [name for name, method in METHODS.items() if method.family == "flow"]
    assert compared(app) == flows
    assert app.pills(key="preset").value == "family:flow"
    assert app.query_params["methods"] == "family:flow"
    app.pills(key="preset").set_value("preset:published-flows").run()
    settled(app)
    assert app.query_params["methods"] == "preset:published-flows"
    app.pills(key="family_flow").set_value(["AF"]).run()
    settled(app)
    assert app.query_params["methods"] == ["AF", "attention_flow"]
    assert app.pills(key="preset").value is None
    assert not app.exception
    app = opened(tiny, methods=["family:nothing", "AF"])
    assert "family:\u2060nothing" in messages(app)
    assert compared(app) == ["AF"]


def test_everything_at_once(tiny):
    app = opened(tiny, methods=["preset:all"])
    assert not app.exception
    assert table(app).method.tolist() == [one.title for one in METHODS.values()]
    assert kinds(app) == ["heatmap", "bar", "scatter", "heatmap"]


def test_the_order_of_tables_and_figures(tiny):
    app = opened(tiny, methods=["AGF", "rollout", "AF", "random"], order="by AOPC")
    aopc = table(app).AOPC.tolist()
    assert aopc == sorted(aopc, reverse=True)
    assert sorted(compared(app)) == ["AF", "AGF", "random", "rollout"]
    assert sorted(app.query_params["methods"]) == ["AF", "AGF", "random", "rollout"]
    app.selectbox(key="order").set_value("by family").run()
    assert table(settled(app)).method.tolist() == ["AGF", "AF", "Attention rollout", "Random"]
    app.selectbox(key="order").set_value("by agreement").run()
    assert table(settled(app)).method.tolist()[0] == "AGF"
    assert not app.exception
    assert "no such" not in messages(opened(tiny, methods=["AF"], order=ORDERS[0]))
    assert "does not exist here" in messages(opened(tiny, methods=["AF"], order="by heart"))


def test_uploaded_scores_are_compared_and_stay_when_the_text_changes(tiny):
    app = upload(opened(tiny, methods=["AF", "rollout"]), ("my <b>file.csv", MINE))
    assert not messages(app)
    found = table(app)
    assert found.method.tolist() == ["AF", "Attention rollout", "mine (given)", "*yours* (given)"]
    assert found.AOPC.notna().all()
    assert found.seconds.notna().tolist() == [True, True, False, False]
    assert app.query_params["methods"] == ["AF", "rollout"], "a link does not hold them"
    assert literal("my <b>file.csv") in told(app)
    assert "5 rows" in told(app)
    app.text_area(key="text").set_value("a bad films").run()
    settled(app)
    assert f"another text: “{TEXT}”" in messages(app).replace("\\", "")
    assert table(app).AOPC.notna().tolist() == [True, True, False, False]
    assert "of another text" in told(app).replace("\\", "")
    app.text_area(key="text").set_value(TEXT).run()
    assert table(settled(app)).AOPC.notna().all()
    button(app, "Remove").click().run()
    assert table(settled(app)).method.tolist() == ["AF", "Attention rollout"]
    assert not app.exception


def test_files_that_do_not_fit_are_said_and_left_out(tiny):
    app = opened(tiny, methods=["AF"])
    upload(
        app,
        ("other.csv", "word,score\nwonderful,1\n"),
        ("empty.json", ""),
        ("binary.csv", b"\xff\xfe\xff"),
        ("mine.csv", MINE),
        ("again.json", json.dumps({"tokens": WORDS, "method": "mine", "scores": [0] * len(WORDS)})),
    )
    said = messages(app).replace("\\", "")
    assert "“other.csv” is left out. Row 1 of “other” is “wonderful”" in said
    assert "“empty.json” is left out" in said
    assert "“binary.csv” is left out" in said
    assert "“again.json” is left out. It has a method “mine”, and so has “mine.csv”" in said
    assert table(app).method.tolist() == ["AF", "mine (given)", "*yours* (given)"]
    app.pills(key="family_elsewhere").set_value([]).run()
    assert table(settled(app)).method.tolist() == ["AF"]
    assert not app.exception


def test_scores_stay_when_somebody_takes_a_set(tiny):
    app = upload(opened(tiny, methods=["AF"]), ("mine.csv", MINE))
    app.pills(key="preset").set_value("family:flow").run()
    settled(app)
    assert table(app).method.tolist()[-2:] == ["mine (given)", "*yours* (given)"]
    assert app.query_params["methods"] == "family:flow"
