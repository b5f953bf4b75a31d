"""A method with its options as a code in a link or a command, and what it says.

A code is the name of the method and the options that differ from the usual ones:
"AGF", "AGF:first_layer=4", "lime:samples=500,seed=3".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from gaf_core.errors import SettingsError, brief
from gaf_core.hosting import limits
from gaf_core.methods import METHODS, Method, Option

Options = tuple[tuple[str, Any], ...]  # name and value


def code_of(method: Method, options: Mapping[str, Any]) -> str:
    """The code of a method with some options; those with their usual value are left out.

    Raises:
        SettingsError: an option that the method does not have, or a value it does not take.
    """
    return written(method.name, unusual_options(method, options))


def unusual_options(method: Method, options: Mapping[str, Any]) -> Options:
    """Those of some options that differ from the usual ones, in the method's order.

    Raises:
        SettingsError: an option that the method does not have, or a value it does not take.
    """
    settings = method.settings(**options)
    limits().check_options(settings)
    return tuple(
        (one.name, settings[one.name])
        for one in method.options
        if settings[one.name] != one.default
    )


def written(name: str, options: Options) -> str:
    """The code of the name of a method and its unusual options."""
    told = ",".join(f"{one}={quote(value_text(value), safe='')}" for one, value in options)
    return f"{name}:{told}" if told else name


def parse_code(code: str) -> tuple[Method, dict[str, Any]]:
    """The method of a code, and its options.

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
    settings = method.settings(**options)
    limits().check_options(settings)
    return method, options


def split_codes(written: Sequence[str]) -> list[str]:
    """Codes with commas between them; a comma before `name=value` is inside of one.

    >>> split_codes(["AGF:first_layer=4,residual=half,relevance", "AF"])
    ['AGF:first_layer=4,residual=half', 'relevance', 'AF']
    """
    codes: list[str] = []
    for piece in ",".join(written).split(","):
        name, _, _ = piece.partition(":")
        if codes and "=" in name:
            codes[-1] += f",{piece}"
        elif piece.strip():
            codes.append(piece.strip())
    return codes


def value_text(value: Any) -> str:
    """A value of an option, as a link and people have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(option: Option, text: str) -> Any:
    """A value from its text, as a choice or a number; what is neither is left for the check."""
    for value in option.choices:
        if value_text(value) == text:
            return value
    if isinstance(option.default, bool):
        return {"yes": True, "no": False}.get(text, text)
    if isinstance(option.default, int | float):
        try:
            return type(option.default)(text)
        except ValueError:
            return text
    return text
