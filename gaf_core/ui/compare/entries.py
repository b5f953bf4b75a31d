"""What is compared: a method with its options, as a code in a link and as a name for people.

A code is the name of the method and the options that differ from the usual ones:
"AGF", "AGF:first_layer=4", "lime:samples=500,seed=3". A set of methods has one too (`presets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gaf_core import GafError
from gaf_core.errors import brief
from gaf_core.methods import METHODS, Method
from gaf_core.methods.codes import parse_code, unusual_options, value_text, written
from gaf_core.ui.compare.presets import expanded, presets

GIVEN = "given:"  # what the codes of given scores begin with


@dataclass(frozen=True)
class Entry:
    """A method and its options, hashable: a key of everything that is computed for it.

    Attributes:
        method: name in `METHODS`, or of scores that were given.
        options: those that differ from the usual ones, as pairs in the method's order; of given
            scores their fingerprint.
        given: the method itself, where the scores were given: it is not in `METHODS`.
    """

    method: str
    options: tuple[tuple[str, Any], ...] = ()
    given: Method | None = field(default=None, compare=False, repr=False)

    @property
    def definition(self) -> Method:
        """The method itself."""
        return self.given or METHODS[self.method]

    @property
    def code(self) -> str:
        """The entry in a link; `parse` reads it, but for given scores, which no link holds."""
        if self.given is not None:
            return f"{GIVEN}{self.options[0][1]}:{self.method}"
        return written(self.method, self.options)

    @property
    def name(self) -> str:
        """The entry as people read it: the method, and what is unusual about it."""
        if self.given is not None:
            return self.given.title
        told = ", ".join(f"{name.replace('_', ' ')} {value_text(v)}" for name, v in self.options)
        return f"{self.definition.title} ({told})" if told else self.definition.title


def entry(method: Method, options: Mapping[str, Any]) -> Entry:
    """The entry of a method with some options; those with their usual value are left out.

    Raises:
        SettingsError: an option that the method does not have, or a value it does not take.
    """
    return Entry(method.name, unusual_options(method, options))


def parse(code: str) -> Entry:
    """The entry of a code.

    Raises:
        SettingsError: there is no such method, option or value; the message says which.
    """
    return entry(*parse_code(code))


def parse_all(codes: list[str]) -> tuple[list[Entry], list[str]]:
    """The entries of codes, each once, and a sentence for each code that means nothing."""
    found: dict[Entry, None] = {}
    problems = []
    for code in expanded(codes):
        try:
            found[parse(code)] = None
        except GafError as error:
            problems.append(
                f"This link asks to compare “{brief(code)}”, which is left out. {error}"
            )
    return list(found), problems


def given_entry(method: Method) -> Entry:
    """The entry of scores that were given, which other scores of the same name are not."""
    return Entry(method.name, tuple(method.settings().items()), method)


def usual_entries() -> list[Entry]:
    """What the page opens with: known and quick methods."""
    return [Entry(name) for name in presets()[0].methods]
