"""Nothing on a page moves when something above it comes or goes (`gaf_core.ui.place`)."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from benchmarks.tiny import random_text
from gaf_core.methods import METHODS
from tests.support.models import save_tiny
from tests.support.patience import HANG

ROOT = Path(__file__).resolve().parents[2]
# each draws something else above, below or between the widgets of a page
CHANGES = {
    "explore.py": (
        {"side": True}, {"side": False}, {"focus": "n1.1"}, {"focus": None}, {"view": "Graph"},
        {"view": "Edges"}, {"view": "Sankey"}, {"target": "a contrast of two"},
        {"target": "the predicted class"}, {"layers": (1, 2)}, {"layers": (2, 2)},
        {"method": "faithful"}, {"method": "published"}, {"show": "tokens"}, {"text": ""},
        {"text": "never seen before"},
    ),
    "compare.py": (
        {"target": "a contrast of two"}, {"entries": ["random", "raw_attention"]}, {"entries": []},
        {"entries": ["random", "faithful"]}, {"agree": "Top tokens in common"},
        {"agree": "Spearman"}, {"text": ""}, {"text": "never seen before"},
    ),
    "edit.py": (
        {"target": "a contrast of two"}, {"edited": ""}, {"edited": "never seen before"},
        {"text": ""}, {"text": "never seen before"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("page", CHANGES)
def test_nothing_moves(page, tmp_path):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=HANG)
    query = {"model": str(save_tiny(tmp_path)), "text": random_text(9), "focus": "x9"}
    wrong = {"target": "nobody", "epsilon": "7", "removed": "all", "methods": "nothing"}
    app.query_params.update(query | wrong)  # which is said once, above everything else
    app.switch_page(f"pages/{page}").run()
    assert app.warning
    known = places(app)
    for change in ({}, *CHANGES[page]):
        for key, value in change.items():
            if key == "entries":
                choose_methods(app, value)
            else:
                widgets(app)[key].set_value(value)
        app.run()
        assert not app.exception
        found = places(app)
        moved = {key for key in found.keys() & known.keys() if found[key] != known[key]}
        assert not moved, f"after {change}"
        known |= found


def choose_methods(app: AppTest, names: list[str]) -> None:
    for one in app.pills:
        if str(one.key).startswith("family_"):
            family = str(one.key).removeprefix("family_")
            one.set_value([name for name in names if METHODS[name].family == family])


def widgets(app: AppTest) -> dict:
    kinds = ("toggle", "selectbox", "multiselect", "radio", "slider", "text_area", "button_group")
    return {widget.key: widget for kind in kinds for widget in app.get(kind)}


def places(app: AppTest) -> dict[str, tuple[int, ...]]:
    """Where everything that has a key stands, by its numbers in its containers."""
    found = {}

    def walk(node, path):
        if key := getattr(node, "key", None):
            found[key] = path
        for number, child in getattr(node, "children", {}).items():
            walk(child, (*path, number))

    walk(app._tree, ())
    return found
