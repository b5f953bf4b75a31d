"""The Python of the pages of `docs` runs as it is written, and prints what they show."""

import pytest

from tests.support import documents
from tests.support.documents import PAGES, ROOT

TASKS = {
    "explain-a-prediction", "compare-methods", "test-the-edges", "many-texts", "teach",
    "your-own-solver",
}  # fmt: skip


def test_every_task_has_a_page():
    assert {page.stem for page in PAGES} >= TASKS | {"index", "api"}
    assert all(documents.blocks((ROOT / "docs" / f"{task}.md").read_text()) for task in TASKS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_is_what_its_python_prints(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block, printed in documents.run(documents.blocks(page.read_text("utf-8")), page.name):
        assert documents.same(printed, block.output), f"{block.code}\n{printed}"


def test_a_page_that_shows_something_else_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = "```python\nprint('a', 1.25)\n```\n\n```text\na 1.27\n```\n"
    ((block, printed),) = documents.run(documents.blocks(page), "page")
    assert not documents.same(printed, block.output)
    assert documents.written(page, "page") == page.replace("1.27", "1.25")
    nothing = documents.blocks("```python\nprint('a')\n```\n\nSome words.\n\n```text\nb\n```\n")
    assert nothing == [("print('a')\n", "")]
