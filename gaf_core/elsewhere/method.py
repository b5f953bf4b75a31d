"""Scores that were given -> a `Method`, which explains the texts that it has scores of."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gaf_core.elsewhere.file import GivenFile
from gaf_core.elsewhere.matching import Matched, match
from gaf_core.elsewhere.sheets import Sheet
from gaf_core.errors import TextError
from gaf_core.methods.method import Method, Option, Progress, Scored
from gaf_core.models.model import Model
from gaf_core.tracing.trace import Trace

FAMILY = "elsewhere"


@dataclass(frozen=True, eq=False)
class Given:
    """The scores of one method by text: what a `Method` computes with.

    Attributes:
        name: of the method.
        sheets: its rows by the text that they are of.
    """

    name: str
    sheets: Mapping[str, Sheet]

    @cached_property
    def fingerprint(self) -> str:
        """Twelve characters that other scores do not have."""
        content = repr(sorted((text, sheet.rows) for text, sheet in self.sheets.items()))
        return hashlib.sha256(content.encode("utf-8", errors="replace")).hexdigest()[:12]

    def __call__(self, _model: Model, trace: Trace, _progress: Progress, **_mark: str) -> Scored:
        sheet = self._sheet(trace)
        matched = match(sheet, trace)
        return Scored(matched.scores, details_of(sheet, matched), math.nan)

    def _sheet(self, trace: Trace) -> Sheet:
        if trace.text in self.sheets:
            return self.sheets[trace.text]
        for text, sheet in self.sheets.items():
            if trace.truncated and text.startswith(trace.text):
                return sheet
        texts = list(self.sheets)
        which = f"another text: “{_cut(texts[0])}”" if len(texts) == 1 else f"{len(texts):,} others"
        raise TextError(
            f"“{self.name}” is given for {which}. Explain that text, or give the scores of this "
            "one."
        )


def named_methods(files: Mapping[str, GivenFile]) -> list[Method]:
    """One for each name, in the order in which the files have them."""
    names = dict.fromkeys(name for file in files.values() for name in file.methods)
    found = []
    for name in names:
        sheets = {
            text: sheet for text, file in files.items() for sheet in file.sheets
            if sheet.name == name
        }  # fmt: skip
        given = Given(name, sheets)
        called = dict.fromkeys(file.name for file in files.values() if name in file.methods)
        found.append(_method(given, list(called)))
    return found


def _method(given: Given, files: Sequence[str]) -> Method:
    others = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    mark = Option(
        "scores",
        given.fingerprint,
        "Fingerprint of the scores, which nobody chooses.",
        choices=(given.fingerprint,),
    )
    return Method(
        name=given.name,
        title=f"{given.name} (given)",
        reference=f"from the file “{files[0]}”{others}",
        family=FAMILY,
        summary="Scores that were computed elsewhere and are given for this text.",
        compute=given,
        options=(mark,),
    )


def details_of(sheet: Sheet, matched: Matched) -> dict[str, float]:
    """What an attribution says about how its rows were found."""
    return {
        "rows": float(len(sheet.rows)),
        "rows spread": float(matched.spread),
        "sum left out": matched.left_out,
    }


def _cut(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 60 else f"{shown[:60]}…"
