"""The Learn page, driven without a browser."""

from itertools import pairwise

import pytest
from streamlit.testing.v1 import AppTest

from gaf_core.lesson.presets import BOTTLENECK, OWN, PAIR, PRESETS, RANDOM, TWO
from gaf_core.lesson.puzzle import hardest, solutions
from gaf_core.lesson.solved import solve_toy
from gaf_core.lesson.stops import IDS, STOPS
from gaf_core.lesson.toy import Toy, from_link, to_link
from gaf_core.picture.pipes import edge_text
from gaf_core.reading.focus import Edge
from gaf_core.ui.failures import literal
from tests.support.models import save_tiny
from tests.support.patience import HANG
from tests.ui.test_app import ROOT, figures_of, heatmap_of, messages, visible


def opened(**query) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    app.switch_page("pages/learn.py")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def works(app: AppTest) -> bool:
    return not app.exception and not app.error


def said(app: AppTest) -> str:
    return " ".join(one.value for one in app.main.markdown).replace("\\", "")


def toy_of(app: AppTest) -> Toy:
    text = app.query_params.get("toy")
    text = text[0] if isinstance(text, list) else text
    return PRESETS[TWO]() if text is None else from_link(text)


def button(app: AppTest, label: str):
    return next(one for one in app.button if one.label == label)


def number(app: AppTest, label: str):
    return next(one for one in app.number_input if label in one.label.replace("\\", ""))


def test_next_goes_through_all_stops_and_the_link_follows():
    app = opened()
    seen = []
    for stop in STOPS:
        assert works(app)
        assert not messages(app)
        assert any(stop.title in one.value for one in app.header)
        assert stop.text in said(app)
        assert len(figures_of(app)) == 1, "one figure, which stays"
        seen.append(figures_of(app)[0])
        if stop is not STOPS[-1]:
            button(app, "Next").click().run()
            at = IDS[IDS.index(stop.id) + 1]
            assert app.query_params["stop"] in (at, [at])
    assert button(app, "Next").disabled
    assert all(one != other for one, other in pairwise(seen)), "and changes"
    button(app, "Previous").click().run()
    assert any("Does the model agree?" in one.value for one in app.header)


def test_a_link_of_a_lecturer_opens_a_stop_with_a_text_a_toy_and_formulas():
    toy = PRESETS[BOTTLENECK]().with_capacity(Edge(1, 0, 0), 2.5)
    app = opened(
        stop="cut", text="A lovely film.", toy=to_link(toy), lecture="true", formulas="true"
    )
    assert works(app)
    assert "lovely film" in visible(heatmap_of(app))
    assert "Both are counted apart" in said(app)
    assert "2.5 = 2.5" in said(app)
    assert STOPS[3].formula in " ".join(one.value for one in app.main.latex)


@pytest.mark.parametrize(
    ("toy", "told"),
    [("nonsense", "written as its names"), ("a_b~1_2", "need 4"), ("a~<b>", "no number")],
)
def test_a_toy_that_is_none_is_said_and_another_taken(toy, told):
    app = opened(stop="pipes", toy=toy)
    assert works(app)
    assert told in messages(app).replace("\\", "")
    assert toy_of(app) == PRESETS[TWO]()
    app.selectbox(key="toy preset").set_value(PAIR).run()
    assert not messages(app)


def test_a_stop_that_does_not_exist_is_said():
    app = opened(stop="everything")
    assert works(app)
    assert "everything" in messages(app)
    assert any(STOPS[0].title in one.value for one in app.header)


def test_a_pipe_is_changed_by_number_and_everything_is_solved_again():
    app = opened(stop="cut", toy=to_link(PRESETS[BOTTLENECK]()))
    assert "= 1.5" in said(app)
    app.selectbox(key="pipe").set_value("2.1.1").run()
    app.number_input(key="pipe number").set_value(3.0).run()
    assert toy_of(app).capacity(Edge(1, 0, 0)) == 3
    assert "= 3." in said(app)
    assert app.slider(key="pipe capacity").value == 3.0
    app.slider(key="pipe capacity").set_value(0.0).run()
    assert works(app)
    assert "nothing flows" in said(app)


def test_tokens_layers_and_names_are_changed():
    app = opened(stop="pipes")
    app.toggle(key="tables").set_value(True).run()
    app.number_input(key="toy tokens").set_value(5).run()
    app.number_input(key="toy layers").set_value(3).run()
    app.text_input(key="toy names").set_value("one, <b>two</b>").run()
    assert works(app)
    toy = toy_of(app)
    assert (toy.tokens, toy.layers, toy.names[:2]) == (5, 3, ("one", "<b>two</b>"))
    assert toy.names[2:4] == PRESETS[TWO]().names[2:4]


@pytest.mark.parametrize("name", [*PRESETS, RANDOM, OWN])
def test_every_ready_made_toy_is_shown_at_every_stop_on_a_toy(name):
    app = opened(stop="pipes", text="A lovely film.")
    app.selectbox(key="toy preset").set_value(name).run()
    text = to_link(toy_of(app))
    for stop in STOPS:
        if stop.on_toy:
            app = opened(stop=stop.id, toy=text, text="A lovely film.")
            assert works(app), stop.id
            assert not messages(app)


def test_answers_are_judged_right_and_wrong():
    app = opened(stop="cut")
    field = number(app, "smallest cut")
    field.set_value(4.0).run()
    assert literal("Not quite.") in messages(app)
    assert literal("Right.") not in messages(app)
    number(app, "smallest cut").set_value(5.0).run()
    assert [one.value.startswith("Right") for one in app.success] == [True]


def test_the_puzzle_is_judged_by_the_solver():
    app = opened(stop="puzzle", toy=to_link(PRESETS[BOTTLENECK]()))
    solved = solve_toy(PRESETS[BOTTLENECK]())
    right = solutions(solved, hardest(solved))
    wrong = next(edge for edge in solved.toy.edges if edge not in right)
    box = next(one for one in app.selectbox if one.label == "Your pipe")
    box.set_value(edge_text(wrong)).run()
    assert literal("Not this one.") in " ".join(one.value for one in app.warning)
    box = next(one for one in app.selectbox if one.label == "Your pipe")
    box.set_value(edge_text(right[0])).run()
    assert literal("Right.") in app.success[0].value
    assert literal("on every smallest cut") in app.success[0].value


def test_a_score_moved_by_hand_turns_promises_red():
    app = opened(stop="promises")
    assert ":red[" not in said(app)
    app.slider(key="hand").set_value(10).run()
    assert "**Efficiency** is broken" in said(app)
    button(app, "Cut it off").click().run()
    assert "lovely" in toy_of(app).names
    assert not toy_of(app).tensor[0, :, 0].any()


def test_two_answers_and_the_path_are_scrubbed():
    app = opened(stop="two")
    first = said(app)
    app.slider(key="part").set_value(100).run()
    assert said(app) != first
    assert "the value is 5," in said(app)
    app = opened(stop="middle", path_of="my text")
    assert works(app)
    slider = next(one for one in app.select_slider if "barrier" in one.label)
    slider.set_value(0).run()
    assert "of the largest" in said(app)
    figure = figures_of(app)[0]
    assert any(shape["type"] == "line" for shape in figure["layout"]["shapes"])


def test_the_model_is_asked_and_its_answer_has_numbers():
    app = opened(stop="model", text="A lovely film.")
    assert "attention edges of these layers" in said(app)
    names = {trace.get("name") for trace in figures_of(app)[0]["data"]}
    assert len(names) >= 3


@pytest.mark.parametrize("stop", ["table", "gradient", "middle", "model"])
def test_a_model_of_other_classes_and_texts_with_markup(tmp_path, stop):
    app = opened(model=str(save_tiny(tmp_path)), stop=stop, text="a <b>good</b> film")
    assert works(app)
    assert figures_of(app)[0]["data"]
