"""What is compared: a method with its options, as a code in a link and as a name for people.

A code is the name of the method and the options that differ from the usual ones:
"AGF", "AGF:first_layer=4", "lime:samples=500,seed=3". A set of methods has one too (`presets`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from gaf_core import GafError
from gaf_core.errors import SettingsError, brief
from gaf_core.hosting import limits
from gaf_core.methods import METHODS, Method, Option
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
        options = ",".join(f"{name}={quote(_text(value), safe='')}" for name, value in self.options)
        return f"{self.method}:{options}" if options else self.method

    @property
    def name(self) -> str:
        """The entry as people read it: the method, and what is unusual about it."""
        if self.given is not None:
            return self.given.title
        told = ", ".join(f"{name.replace('_', ' ')} {_text(v)}" for name, v in self.options)
        return f"{self.definition.title} ({told})" if told else self.definition.title


def entry(method: Method, options: Mapping[str, Any]) -> Entry:
    """The entry of a method with some options; those with their usual value are left out.

    Raises:
        SettingsError: an option that the method does not have, or a value it does not take.
    """
    settings = method.settings(**options)
    limits().check_options(settings)
    unusual = [
        (option.name, settings[option.name])
        for option in method.options
        if settings[option.name] != option.default
    ]
    return Entry(method.name, tuple(unusual))


def parse(code: str) -> Entry:
    """The entry of a code.

    Raises:
        SettingsError: there is no such method, option or value; the message says which.
    """
    name, _, rest = code.partition(":")
    if name not in METHODS:
        raise SettingsError(f"There is no method “{brief(name)}”. There are {', '.join(METHODS)}.")
    method, options = METHODS[name], {}
    known = {option.name: option for option in method.options}
    for part in filter(None, rest.split(",")):
        key, _, text = part.partition("=")
        options[key] = _value(known[key], unquote(text)) if key in known else text
    return entry(method, options)


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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(option: Option, text: str) -> Any:
    """A value from its text, as a choice or a number; what is neither is left for the check."""
    for value in option.choices:
        if _text(value) == text:
            return value
    if isinstance(option.default, bool):
        return {"yes": True, "no": False}.get(text, text)
    if isinstance(option.default, int | float):
        try:
            return type(option.default)(text)
        except ValueError:
            return text
    return text
