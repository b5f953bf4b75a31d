"""What a run over many texts was asked for, checked: texts with their targets, and methods."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from gaf_core.errors import SettingsError
from gaf_core.methods import EdgeMethod, Method
from gaf_core.settings import TargetLike, TextLike

M = TypeVar("M", Method, EdgeMethod)


class Asked(NamedTuple):
    """A method with its settings.

    Attributes:
        method: what computes.
        settings: the value of every option.
    """

    method: Any
    settings: Mapping[str, Any]


def texts_and_targets(
    texts: Sequence[TextLike], targets: Sequence[TargetLike] | None
) -> list[tuple[TextLike, TargetLike]]:
    """Each text with its target, None for what is predicted.

    Raises:
        SettingsError: no list of texts, or another number of targets.

    >>> texts_and_targets(["A lovely film.", "Dull."], None)
    [('A lovely film.', None), ('Dull.', None)]
    """
    listed = _listed(texts)
    if not listed:
        raise SettingsError("Give a list of at least one text.")
    if targets is None:
        return [(text, None) for text in listed]
    wanted = _listed(targets)
    if wanted is None:
        raise SettingsError(f"{targets!r} is no list of targets. Give one target a text.")
    if len(wanted) != len(listed):
        raise SettingsError(
            f"There are {len(listed):,} texts and {len(wanted):,} targets. Give one target a text."
        )
    return list(zip(listed, wanted, strict=True))


def methods_by_label(methods: Sequence[Any], known: Mapping[str, M]) -> dict[str, Asked]:
    """Methods with their settings, by label, in the order in which they were named.

    Args:
        methods: names in `known`, methods, or `(label, name or method, options)`.
        known: methods by name, all of one kind.

    Raises:
        SettingsError: none, an unknown one, an option it does not take, or two of one label.
    """
    told = f"Methods: {', '.join(known)}."
    listed = _listed(methods)
    if not listed:
        raise SettingsError(f"Give a list of at least one method. {told}")
    found: dict[str, Asked] = {}
    for one in listed:
        label, named, options = _parts(one)
        method = _method(named, known, told)
        label = method.name if label is None else label
        if label in found:
            raise SettingsError(
                f"Two methods are called '{label}'. Give each setting a label of its own: "
                "(label, name, options)."
            )
        found[label] = Asked(method, method.settings(**options))
    return found


def _parts(one: Any) -> tuple[str | None, Any, Mapping[str, Any]]:
    if not isinstance(one, tuple | list):
        return None, one, {}
    labelled = len(one) == 3 and isinstance(one[0], str) and one[0]
    if not labelled or not isinstance(one[2], Mapping):
        raise SettingsError(
            f"{one!r} names no method. Give its name alone, or a label of your own, the name and "
            'its options, for example ("last", "AGF", {"first_layer": 6}).'
        )
    return one[0], one[1], one[2]


def _method(named: Any, known: Mapping[str, M], told: str) -> M:
    if isinstance(named, type(next(iter(known.values())))):
        return named
    if isinstance(named, str) and named in known:
        return known[named]
    near = difflib.get_close_matches(str(named), known, n=1)
    advice = f"Did you mean '{near[0]}'? " if near else ""
    raise SettingsError(f"There is no method '{named}'. {advice}{told}")


def _listed(several: Iterable[Any] | None) -> list[Any] | None:
    """What was given as a list; None for what is none, and for a text, whose letters are meant."""
    if isinstance(several, str | bytes | Mapping) or not isinstance(several, Iterable):
        return None
    return list(several)
