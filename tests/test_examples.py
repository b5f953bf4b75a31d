"""Every public function, class and method has an example in its docstring, which the tests run."""

import doctest
import importlib
import inspect
from collections.abc import Callable, Iterator

import pytest

import gaf_core as gaf


def public() -> Iterator[tuple[str, Callable]]:
    """What may be called, by the name of its docstring: "module.function", "module.Class.call"."""
    for name in gaf.__all__:
        found = getattr(gaf, name)
        if not callable(found):
            continue
        place = f"{found.__module__}.{found.__qualname__}"
        yield place, found
        for method, value in vars(found).items() if inspect.isclass(found) else ():
            value = getattr(value, "__func__", value)
            shown = not method.startswith("_") or method == "__call__"
            if shown and inspect.isfunction(value) and value.__module__ == found.__module__:
                yield f"{place}.{method}", value


PUBLIC = dict(public())


def test_they_are_found():
    assert {"gaf_core.flow.barrier.solve", "gaf_core.explanation.Explanation.sankey"} <= set(PUBLIC)
    assert "gaf_core.network.FlowNetwork.from_information" in PUBLIC
    assert "gaf_core.methods.method.Method.__call__" in PUBLIC
    assert "gaf_core.network.FlowNetwork.layers" not in PUBLIC, "a property is no call"


@pytest.mark.parametrize("name", PUBLIC)
def test_it_has_an_example_that_is_collected(name):
    module = importlib.import_module(PUBLIC[name].__module__)
    collected = {one.name: one.examples for one in doctest.DocTestFinder().find(module)}
    assert collected.get(name), name
    assert any(one.want for one in collected[name]), "it shows nothing"
