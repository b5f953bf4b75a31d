"""A model that does not fit is refused before its weights are read."""

import json

import pytest

import gaf_core as gaf
from gaf_core.models import memory
from tests.support.models import save_tiny


def promising(folder, **changes):
    """A small model whose configuration asks for more."""
    save_tiny(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
    return folder


def test_a_configuration_that_promises_thousands_of_layers_is_refused(tmp_path):
    folder = promising(tmp_path, num_hidden_layers=2_000)
    with pytest.raises(gaf.ModelError, match="asks for 2,000 layers") as told:
        gaf.load_model(folder)
    assert "config.json" in str(told.value)


@pytest.mark.parametrize(
    "changes",
    [{"vocab_size": 10**11}, {"num_hidden_layers": 500, "hidden_size": 2**16}],
)
def test_what_does_not_fit_is_refused_with_the_numbers(tmp_path, changes):
    with pytest.raises(gaf.ModelSizeError, match="GB of memory") as told:
        gaf.load_model(promising(tmp_path, **changes))
    assert told.value.needed > told.value.available


def test_what_fits_to_the_byte_is_loaded(tmp_path, monkeypatch):
    folder = save_tiny(tmp_path)
    size = memory.memory_of(gaf.load_model(folder).module)
    monkeypatch.setattr(memory, "available_memory", lambda _: size)
    gaf.load_model(folder)
    monkeypatch.setattr(memory, "available_memory", lambda _: size - 1)
    with pytest.raises(gaf.ModelSizeError) as told:
        gaf.load_model(folder)
    assert (told.value.needed, told.value.available) == (size, size - 1)
