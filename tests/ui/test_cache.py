"""What visitors share is bounded by what it weighs."""

import pytest

import gaf_core as gaf
from gaf_core.models.memory import memory_of
from gaf_core.ui import cache
from gaf_core.ui.shelf import Shelf
from tests.support.models import save_tiny


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Three small models, and a shelf for two of them."""
    names = [str(save_tiny(tmp_path / name)) for name in "abc"]
    size = memory_of(gaf.load_model(names[0]).module)
    shelf = Shelf(2.5 * size, lambda one: memory_of(one.module))
    monkeypatch.setattr(cache, "_models", lambda: shelf)
    for name in names:
        cache.model(cache.choice_of(name))
    return names, shelf


def test_models_are_kept_by_their_bytes(loaded):
    names, shelf = loaded
    assert [cache.choice_of(name) in shelf for name in names] == [False, True, True]


def test_one_that_does_not_fit_gets_the_room_of_those_that_are_kept(loaded, monkeypatch):
    names, shelf = loaded
    tried = []

    def load(name, **_):
        tried.append(len(shelf._kept))
        if shelf._kept:
            raise gaf.ModelSizeError(name, 2, 1)
        return loading(name)

    loading = cache.load_model
    monkeypatch.setattr(cache, "load_model", load)
    assert cache.model(cache.choice_of(names[0])).name == names[0]
    assert tried == [2, 0]
