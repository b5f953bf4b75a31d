"""Sets of methods that are compared with one click, as data; a method that is not here is left out.

In a link a set is one word, `preset:strongest` or `family:flow`, and so means what there is when
the link is opened.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from gaf_core.methods import METHODS


class Preset(NamedTuple):
    """A set of methods.

    Attributes:
        code: in a link.
        title: as people read it.
        help: one sentence.
        methods: names in `METHODS`.
        quick: without those that are slow.
    """

    code: str
    title: str
    help: str
    methods: tuple[str, ...]
    quick: bool = False

    def here(self) -> Preset:
        """The set without what does not exist, or is slow and has no place in it."""
        found = (name for name in self.methods if name in METHODS)
        return self._replace(
            methods=tuple(name for name in found if not (self.quick and METHODS[name].slow))
        )


# What the page opens with comes first. "Strongest" are those that led the benchmarks of README.
_SETS = (
    Preset(
        "preset:quick", "Quick", "Known methods that take a moment.",
        (
            "AF", "GF", "AGF", "faithful", "rollout", "attention_x_gradient", "relevance",
            "integrated_gradients", "random",
        ),
        quick=True,
    ),
    Preset(
        "preset:published-flows", "Published flows",
        "Maximum flows as they were published: AF, GF, AGF, and attention flow.",
        ("AF", "GF", "AGF", "attention_flow"),
    ),
    Preset(
        "preset:strongest", "Strongest",
        "Those that led the benchmarks of this project, and random order as the floor.",
        (
            "integrated_gradients", "kernel_shap", "lime", "cat_frozen", "faithful",
            "attention_x_gradient_frozen", "path_gaf", "integrated_frozen_gradients", "attnlrp",
            "gim", "random",
        ),
    ),
)  # fmt: skip


def families() -> list[str]:
    """The families of the methods, in the order in which they first come; those of one are last."""
    sizes = Counter(method.family for method in METHODS.values())
    return sorted(sizes, key=lambda family: sizes[family] == 1)


def presets() -> list[Preset]:
    """All sets: those above without what does not exist, a set for each family, and everything."""
    found = [one.here() for one in _SETS]
    for family in families():
        names = tuple(name for name, method in METHODS.items() if method.family == family)
        if len(names) > 1:
            title = f"All {family}"
            found.append(
                Preset(f"family:{family}", title, f"Every method of the family {family}.", names)
            )
    everything = Preset("preset:all", "All", "Every method; slow ones wait until you start them.",
                        tuple(METHODS))  # fmt: skip
    return [one for one in [*found, everything] if one.methods]


def expanded(codes: list[str]) -> list[str]:
    """Codes with the methods of a set in its place, each once."""
    known = {one.code: one.methods for one in presets()}
    found = (name for code in codes for name in known.get(code, (code,)))
    return list(dict.fromkeys(found))


def shortened(codes: list[str]) -> list[str]:
    """Codes of entries as a link has them: those of a set, in its order, are one."""
    found = preset_of(codes)
    return codes if found is None else [found.code]


def preset_of(codes: list[str]) -> Preset | None:
    """The set that these are, in its order."""
    return next((one for one in presets() if list(one.methods) == codes), None)
