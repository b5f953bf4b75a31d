"""Tables of `benchmarks.corpus`, and what is compared in them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.faithfulness import MODEL
from benchmarks.tables import header, line, made_by, page
from gaf_core.corpus.running import PART

METHODS = ("faithful", "AGF", "relevance")
ONE = "1 worker"
RAY = (
    "The usual three methods without measures, in parts of 4 texts, a thread a worker; a Ray "
    "cluster on the same machine, in turns. Counted from the first parts on, since a worker loads "
    "the model once a run."
)
WORDS = 12  # of a text in the run whose memory is looked at, so that it ends in minutes
MILLION = 1_000_000


class Kind(NamedTuple):
    """What is asked of every text, and of which share of the texts: measures take long."""

    name: str
    methods: tuple[str, ...]
    measured: bool
    share: float = 1.0


MEASURED = Kind("scores and faithfulness, the usual three", METHODS, True, 0.375)
KINDS = (
    MEASURED,
    Kind("scores, the usual three", METHODS, False),
    Kind("scores, faithful and AGF", METHODS[:2], False),
    Kind("scores, relevance alone", METHODS[2:], False),
)


class Spent(NamedTuple):
    """Seconds that passed, and seconds that the processors worked on it."""

    wall: float
    processor: float


Turn = dict[str, Spent]
ALONE, SINGLY, TOGETHER = "one by one", "a text at a time", "together"


def speed_table(found: dict[Kind, tuple[int, list[Turn]]]) -> list[str]:
    """One line a kind."""
    lines = header(
        "what is asked", "texts", "rows a second", "one by one",
        "ratio: median (range over turns)", "the same in processor seconds",
        "of it by sharing between methods", "by passing texts of a length together",
    )  # fmt: skip
    for kind, (texts, turns) in found.items():
        rows = texts * len(kind.methods)
        rates = [statistics.median(rows / one[way].wall for one in turns)
                 for way in (TOGETHER, ALONE)]  # fmt: skip
        shared = statistics.median(one[ALONE].processor / one[SINGLY].processor for one in turns)
        passed = statistics.median(one[SINGLY].processor / one[TOGETHER].processor for one in turns)
        ratios = (ranged([one[ALONE][n] / one[TOGETHER][n] for one in turns], 2) for n in (0, 1))
        cells = (f"{rates[0]:.1f}", f"{rates[1]:.1f}", *ratios, f"{shared:.2f}", f"{passed:.2f}")
        lines.append(line(kind.name, str(texts), *cells))
    return lines


def ranged(values: Sequence[float], digits: int) -> str:
    """The median with the range."""
    middle, least, most = (
        f"{one:.{digits}f}" for one in (statistics.median(values), min(values), max(values))
    )
    return f"{middle} ({least} to {most})"


def memory_table(found: dict[str, Any]) -> list[str]:
    """One line each tenth of the texts."""
    lines = header("texts done", "memory of the process, MB", "seconds")
    return lines + [
        line(f"{texts:,}", f"{size / 1e6:.0f}", f"{passed:.0f}")
        for texts, size, passed in found["memory"]
    ]


def ray_table(found: dict[str, list[float]]) -> list[str]:
    """One line an engine, compared with one worker in the same turn."""
    lines = header("engine", "rows a second: median (range)", "over one worker: median (range)")
    for name, rates in found.items():
        ratios = [one / other for one, other in zip(rates, found[ONE], strict=True)]
        lines.append(line(name, ranged(rates, 1), ranged(ratios, 2)))
    return lines


def million(seconds: float, flows: float, size: float) -> str:
    """What a million texts cost by processor seconds and bytes."""
    hours = MILLION * seconds / 3600
    flow_hours = MILLION * flows / 3600
    return (
        f"On paper, not run: a text takes {seconds:.2f} processor seconds with the three methods "
        f"and their measures, so a million texts {hours:,.0f} hours of one core: "
        f"{hours / 20:,.0f} hours on ten machines of two cores, since workers share nothing, and "
        f"{MILLION * len(METHODS) * size / 1e9:.1f} GB of rows. Of these seconds {flows:.3f} are "
        "flows with their networks, which stay on the processor; the rest are passes of the "
        "network and what reads them. If a GPU made all of that free, one machine with a GPU and "
        f"16 cores would still need {flow_hours / 16:,.1f} hours for the flows; nothing here was "
        "measured on a GPU. `gaf corpus` says before it starts what a file will take there."
    )


def document(parts: dict[str, Any], command: str) -> str:
    """The whole file."""
    memory, speed = parts["memory"], parts["speed"]
    about = (
        f"{made_by(command)} Ratios are of two times in one turn. The model is `{MODEL}`, texts "
        "are held-out ones."
    )
    ways = (
        "One by one: for every text and method a trace, scores and, where asked, measures, as "
        "one writes it with `gaf.trace`, `gaf.METHODS` and `gaf.evaluate`. Against it "
        "`gaf.BatchExplainer` with all texts at once; the last two columns divide its gain."
    )
    held = (
        f"A run of {memory['memory'][-1][0]:,} texts, the first {WORDS} words of held-out ones, "
        f"by AGF and relevance in parts of {PART}, in a process of its own. Before the first text "
        "the model is loaded; the solver and the libraries take their room with the first part."
    )
    plain = memory["bytes"] / memory["rows"]
    on_disk = (
        f"A row takes {parts['bytes']:,.0f} bytes with measures (parts of {parts['of']:,} texts of "
        f"the usual length), and {plain:,.0f} without in the run above."
    )
    return page(
        "Many texts", about, "## Rows a second", ways, speed_table(speed), "## Memory", held,
        memory_table(memory), "## Bytes a row", on_disk, "## Ray", RAY, ray_table(parts["ray"]),
        "## A million texts", million(parts["seconds"], parts["flows"], parts["bytes"]),
    )  # fmt: skip
