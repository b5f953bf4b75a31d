"""What visitors of the app may ask for: one switch and its limits, read from the environment.

On a computer of one's own all of it is open. An app that others reach (`GAF_HOSTED=1`, or
`gaf app --hosted`) opens no folder and asks no hub: it offers the presets and the models of
`GAF_MODELS`. `docs/hosting.md` says what each limit means.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from gaf_core.errors import SettingsError, TextError, brief
from gaf_core.settings import TextLike
from gaf_core.spans import parts_of

SWITCH, MODELS = "GAF_HOSTED", "GAF_MODELS"
CHARACTERS = 100_000  # of a text on a computer of one's own: more are no text that somebody reads
PASSES = ("samples", "steps", "passes")  # options of methods that say how often the model runs
_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


@dataclass(frozen=True)
class Limits:
    """What one visitor, and all of them, may ask for; None for no limit.

    Attributes:
        hosted: whether others than the owner of the computer come.
        models: those that are offered beside the presets, by the name that visitors see: the folder
            or hub id of each.
        characters: of a text.
        tokens: of a text, special ones included.
        samples: passes of the model that one method is asked for.
        jobs: slow methods, and runs over many texts, of a visitor that run or wait at once.
        texts: of a run over many.
        visitors: at once.
    """

    hosted: bool = False
    models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    characters: int = CHARACTERS
    tokens: int | None = None
    samples: int | None = None
    jobs: int | None = None
    texts: int | None = None
    visitors: int | None = None

    def check_text(self, text: TextLike) -> None:
        """Refuse a text with too many characters before anything reads it.

        Raises:
            TextError: with both numbers.
        """
        longest = max(map(len, parts_of(text)))
        if longest > self.characters:
            raise TextError(
                f"The text has {longest:,} characters and this app takes {self.characters:,}. "
                "Shorten it."
            )

    def check_options(self, options: Mapping[str, object]) -> None:
        """Refuse options of a method that run the model too often.

        Raises:
            SettingsError: with the option and the limit.
        """
        for name in PASSES:
            asked = options.get(name)
            if self.samples is not None and isinstance(asked, int) and asked > self.samples:
                raise SettingsError(
                    f"This app takes at most {self.samples:,} as '{name}', and {asked:,} were "
                    "asked for. Take fewer."
                )


_HOSTED = {
    "characters": 5_000,
    "tokens": 256,
    "samples": 1_000,
    "jobs": 3,
    "texts": 500,
    "visitors": 20,
}
_DIGITS = 19  # as many as no limit needs
_LEAST = {"samples": 500}  # what the methods take where nobody says a number


def limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """The limits that hold here.

    Args:
        environment: `GAF_HOSTED` as 1 or 0; and where it is 1, `GAF_MODELS` as names, or as
            `name=place`, with commas between them, and `GAF_MAX_CHARACTERS` and the like as whole
            numbers.

    Raises:
        SettingsError: a value that cannot be read, with its name.

    >>> from gaf_core.hosting import limits
    >>> limits({"GAF_HOSTED": "1", "GAF_MAX_TOKENS": "128"}).tokens
    128
    """
    switch = environment.get(SWITCH, "").strip().lower()
    if switch not in _FLAGS:
        raise SettingsError(f"{SWITCH} is '{brief(switch)}'. Set it to 1 or 0.")
    if not _FLAGS[switch]:
        return Limits()
    numbers = {one.name: _number(environment, one.name) for one in fields(Limits)[2:]}
    return Limits(hosted=True, models=_models(environment.get(MODELS, "")), **numbers)


def _number(environment: Mapping[str, str], name: str) -> int:
    variable = f"GAF_MAX_{name.upper()}"
    written = environment.get(variable, "").strip() or str(_HOSTED[name])
    least = _LEAST.get(name, 1)
    plain = written.isascii() and written.isdigit() and len(written) < _DIGITS
    if not plain or int(written) < least:
        raise SettingsError(
            f"{variable} is '{brief(written)}'. Set it to a whole number of at least {least}."
        )
    return int(written)


def _models(written: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for one in filter(None, map(str.strip, written.split(","))):
        name, _, place = (part.strip() for part in one.partition("="))
        if not name or ("=" in one and not place):
            raise SettingsError(
                f"{MODELS} has the entry '{brief(one)}'. Write names, or name=place, with commas "
                "between."
            )
        found[name] = place or name
    return MappingProxyType(found)
