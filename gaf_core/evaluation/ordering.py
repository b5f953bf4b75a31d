"""A comparison in another order of its entries: tables and figures have them in this one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from gaf_core.errors import SettingsError
from gaf_core.evaluation.agreement import agreement
from gaf_core.evaluation.comparison import Comparison

ORDERS = ("as chosen", "by family", "by AOPC", "by agreement")


def ordered(comparison: Comparison, order: str, families: Mapping[str, str]) -> Comparison:
    """The comparison with its entries in an order; those that are alike stay as they were.

    Args:
        comparison: as it was asked for.
        order: one of `ORDERS`: "by family" in the order in which families first come, "by AOPC"
            with the highest first, "by agreement" with the first entry that has scores, by
            Spearman's rank correlation. Entries that are not measured, or have no scores, come
            last.
        families: the family of each entry, by its name.

    Raises:
        SettingsError: there is no such order.
    """
    names = list(comparison.names)
    if order == "by family":
        place = {family: at for at, family in enumerate(dict.fromkeys(families[n] for n in names))}
        names.sort(key=lambda name: place[families[name]])
    elif order == "by AOPC":
        found = comparison.evaluations
        names.sort(key=lambda name: -found[name].aopc if name in found else math.inf)
    elif order == "by agreement":
        scored = comparison.scored
        like = {}
        if scored:
            alike = agreement(comparison.trace, scored).spearman[0].tolist()
            like = dict(zip(scored, alike, strict=True)) | {next(iter(scored)): math.inf}
        names.sort(key=lambda name: -like.get(name, -math.inf))
    elif order != "as chosen":
        raise SettingsError(f"There is no order '{order}'. Use {', '.join(ORDERS)}.")
    return replace(comparison, names=tuple(names))
