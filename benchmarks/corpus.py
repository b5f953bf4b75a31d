"""What many texts take: rows a second against methods called one by one, memory, bytes, Ray.

    python -m benchmarks.corpus [--texts 64] [--turns 3] [--memory 5000] [--workers 2] [--write]

Held-out sentences of the bundled data and the bundled model. What is compared takes turns in one
process, on the same texts; a ratio is that of two times in one turn. Memory is that of a process of
its own which runs `gaf corpus`'s own path. `--write` keeps the tables in `benchmarks/corpus.md`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

import gaf_core as gaf
from benchmarks.corpus_tables import (
    ALONE,
    KINDS,
    MEASURED,
    METHODS,
    ONE,
    SINGLY,
    TOGETHER,
    WORDS,
    Kind,
    Spent,
    Turn,
    document,
)  # fmt: skip
from benchmarks.faithfulness import MODEL, say
from benchmarks.tables import finish
from gaf_core.composer import explain_trace, trace_for
from gaf_core.corpus.engines import Engine, Here, OnRay
from gaf_core.corpus.held_out import held_out
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.running import Progress, run
from gaf_core.corpus.texts import Source

TABLE = Path(__file__).with_suffix(".md")
ROWS = 10  # of the table of memory


def one_by_one(model: gaf.Model, texts: Sequence[str], kind: Kind) -> None:
    """What somebody writes who calls the methods: for each of them a trace, scores, measures."""
    for text in texts:
        for name in kind.methods:
            traced = gaf.trace(model, text)
            scored = gaf.METHODS[name](model, traced)
            if kind.measured:
                gaf.evaluate(model, traced, scored.scores)


def explainer_of(model: gaf.Model | str, kind: Kind) -> gaf.BatchExplainer:
    """What is asked, as a run asks it."""
    perturbation = gaf.Perturbation() if kind.measured else None
    return gaf.BatchExplainer(model, kind.methods, perturbation=perturbation)


def turns_of(model: gaf.Model, texts: Sequence[str], kind: Kind, turns: int) -> list[Turn]:
    """What each way takes of the same texts, in turns."""
    explainer = explainer_of(model, kind)
    ways: dict[str, Callable[[Sequence[str]], Any]] = {
        ALONE: lambda some: one_by_one(model, some, kind),
        SINGLY: lambda some: [explainer.rows([text]) for text in some],
        TOGETHER: explainer.rows,
    }
    for call in ways.values():
        call(texts[:2])  # libraries load, and the weights are read for the keys
    found = []
    for turn in range(turns):
        found.append({name: spent(lambda call=call: call(texts)) for name, call in ways.items()})
        say(f"{kind.name}, turn {turn + 1}: {found[-1]}")
    return found


def spent(call: Callable[[], Any]) -> Spent:
    """What a call takes."""
    began, worked = time.perf_counter(), time.process_time()
    call()
    return Spent(time.perf_counter() - began, time.process_time() - worked)


def flows_of(model: gaf.Model, texts: Sequence[str]) -> float:
    """Processor seconds a text of the flows of AGF and faithful GAF, with their networks."""
    total = 0.0
    for text in texts:
        for settings in (gaf.Settings(), gaf.FAITHFUL):
            traced = trace_for(model, text, settings)
            total += spent(lambda t=traced, s=settings: explain_trace(t, s)).processor
    return total / len(texts)


def written(path: Path, texts: Sequence[str]) -> Source:
    """A file of texts."""
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    return Source(path)


def short_texts(count: int) -> list[str]:
    """The first words of held-out sentences, round and round."""
    every = [row["text"] for row in held_out()]
    return [" ".join(every[n % len(every)].split()[:WORDS]) for n in range(count)]


def watch_memory(count: int) -> None:
    """Run so many texts in this process and print its memory as it goes, as JSON."""
    process, found = psutil.Process(), []
    every = max(1, count // ROWS)

    def told(progress: Progress) -> None:
        if progress.texts >= len(found) * every:
            size = process.memory_info().rss
            found.append((progress.texts, size, progress.seconds))
            say(f"{progress.texts:,} texts, {size / 1e6:.0f} MB, {progress.seconds:.0f} s")

    with tempfile.TemporaryDirectory() as place:
        source = written(Path(place) / "texts.jsonl", short_texts(count))
        explainer = gaf.BatchExplainer(MODEL, ("AGF", "relevance"), perturbation=None)
        explainer.rows(["A lovely film."])  # libraries load
        folder = Folder(Path(place) / "run")
        run(source, explainer, folder, told=told)
        print(json.dumps({"memory": found, "bytes": folder.bytes, "rows": 2 * count}))


def memory_of(count: int) -> dict[str, Any]:
    """What `watch_memory` prints, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.corpus", "--watch", str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def paced(source: Source, engine: Engine, workers: int) -> float:
    """Rows a second between the first parts and the last one: workers begin once a run."""
    marks: list[tuple[int, float]] = []
    explainer = explainer_of(MODEL, KINDS[1])

    def told(progress: Progress) -> None:
        if progress.texts:
            marks.append((progress.texts, time.perf_counter()))

    with tempfile.TemporaryDirectory() as place:
        run(source, explainer, Folder(Path(place) / "run"), part=4, engine=engine, told=told)
    (before, began), (after, ended) = marks[workers - 1], marks[-1]
    return (after - before) * len(METHODS) / (ended - began)


def on_ray(texts: Sequence[str], turns: int, workers: int) -> dict[str, list[float]]:
    """Rows a second of this process, of one worker, and of several, in turns."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        source = written(Path(place) / "texts.jsonl", texts)
        ways: dict[str, tuple[Engine, int]] = {
            "no Ray, this process": (Here(), 1),
            ONE: (OnRay(workers=1), 1),
            f"{workers} workers": (OnRay(workers=workers), workers),
        }
        for turn in range(turns):
            for name, (engine, several) in ways.items():
                rate = paced(source, engine, several)
                found.setdefault(name, []).append(rate)
                say(f"turn {turn + 1}, {name}: {rate:.2f} rows a second")
    return found


def bytes_of(model: gaf.Model, texts: Sequence[str]) -> float:
    """Bytes of a row with measures, in a part of so many texts."""
    with tempfile.TemporaryDirectory() as place:
        folder = Folder(Path(place) / "run")
        run(written(Path(place) / "texts.jsonl", texts), explainer_of(model, MEASURED), folder)
        return folder.bytes / (len(texts) * len(METHODS))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--texts", type=int, default=64)
    arguments.add_argument("--turns", type=int, default=3)
    arguments.add_argument("--memory", type=int, default=5_000)
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--watch", type=int, help="only the run whose memory is looked at")
    arguments.add_argument("--watched", type=Path, help="what --watch printed, not to run it again")
    options = arguments.parse_args()
    if options.watch:
        watch_memory(options.watch)
        return
    model = gaf.load_model(MODEL)
    texts = [row["text"] for row in held_out("all", options.texts)]
    speed = {}
    for kind in KINDS:
        some = texts[: max(2, round(kind.share * len(texts)))]
        speed[kind] = len(some), turns_of(model, some, kind, options.turns)
    count, turns = speed[MEASURED]
    watched = options.watched
    parts = {
        "speed": speed, "of": count, "bytes": bytes_of(model, texts[:count]),
        "seconds": statistics.median(one[TOGETHER].processor for one in turns) / count,
        "flows": flows_of(model, texts[:count]),
        "ray": on_ray(texts, options.turns, options.workers),
        "memory": json.loads(watched.read_text()) if watched else memory_of(options.memory),
    }  # fmt: skip
    command = f"corpus --texts {options.texts} --turns {options.turns}" + " --watched FILE" * bool(
        watched
    )
    finish(document(parts, command), TABLE, write=options.write)


if __name__ == "__main__":
    main()
