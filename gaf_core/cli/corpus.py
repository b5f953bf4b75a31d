"""Explain many texts into a folder of rows, and make tables and reports of them."""

from __future__ import annotations

import argparse
import csv
import logging
import re
import sys
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from gaf_core.cli.corpus_options import NOTHING
from gaf_core.cli.explain import check_outputs, write
from gaf_core.cli.progress import Shown, duration, estimated
from gaf_core.corpus.engines import Engine, Here, OnRay
from gaf_core.corpus.estimate import estimate
from gaf_core.corpus.explainer import BatchExplainer
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.results import Results
from gaf_core.corpus.running import begin
from gaf_core.corpus.running import run as run_texts
from gaf_core.corpus.texts import Source, Survey, survey
from gaf_core.errors import SettingsError
from gaf_core.evaluation.entries import MethodLike
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.files.corpus_lines import summary_lines
from gaf_core.files.corpus_tables import Chosen
from gaf_core.flow.ready import prepare_aloud
from gaf_core.methods.codes import parse_code, split_codes

PROBLEMS = "problems.csv"
_STOPPED = 130  # what a shell says of a program that Ctrl-C ended


def run(asked: argparse.Namespace) -> None:
    """Explain the texts of a file, if it is one, and make what is asked for of the rows.

    Raises:
        GafError: what cannot be done, in a sentence.
        SystemExit: with status 130, where somebody stopped it; what was done is kept.
    """
    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()
    outputs = [path for path in (asked.report, asked.rows, asked.words) if path is not None]
    check_outputs(outputs, asked.force)
    folder = asked.file if asked.file.is_dir() else _computed(asked)
    if outputs or asked.summary:
        _results(asked, Results.of(folder))
    elif asked.file.is_dir():
        raise SettingsError(
            f"'{folder}' is the folder of a run. Say what to make of it: --summary, --report, "
            "--rows or --words."
        )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _computed(asked: argparse.Namespace) -> Path:
    """The folder, with the rows of the file."""
    if asked.out is None:
        raise SettingsError("Say where the rows are kept: --out FOLDER.")
    source = Source(asked.file, asked.text, asked.second, asked.label, asked.id)
    explainer, folder = _explainer(asked), Folder(asked.out)
    found = survey(source)
    _tell_problems(found, source)
    _ = explainer.questions  # the model is loaded, or refused, before anything is written
    prepare_aloud(_say)
    begin(folder, explainer, source, asked.part)
    _write_problems(found, asked.out)
    done = min(found.texts, len(folder.numbers) * asked.part)
    if done < found.texts:
        expected = estimate(explainer, found, part=asked.part, done=done)
        _say(estimated(expected, done, str(asked.out), _workers(asked)))
    shown = Shown(_say, sys.stderr)
    try:
        reached = run_texts(
            source, explainer, folder, part=asked.part, engine=_engine(asked),
            total=found.texts, told=shown, retry=asked.retry,
        )  # fmt: skip
    except KeyboardInterrupt:
        shown.end()
        _say(
            f"Stopped. {shown.last.texts:,} of {found.texts:,} texts are kept in '{asked.out}'; "
            "the same command goes on."
        )
        raise SystemExit(_STOPPED) from None
    shown.end()
    _say(
        f"{reached.texts:,} texts are in '{asked.out}' ({folder.bytes / 1e6:,.1f} MB), "
        f"{reached.texts - reached.found:,} of them explained now in {duration(reached.seconds)}."
    )
    return asked.out


def _explainer(asked: argparse.Namespace) -> BatchExplainer:
    removed = None if asked.removed == NOTHING else Perturbation(asked.removed)
    target = asked.target
    if target is not None and re.fullmatch(r"#\d+", target):
        target = int(target[1:])
    return BatchExplainer(
        asked.model, _methods(asked.methods or ["faithful,AGF,relevance"]), target=target,
        perturbation=removed, long=asked.long, threads=asked.threads, revision=asked.revision,
        device=asked.device, task=asked.task,
    )  # fmt: skip


def _methods(written: list[str]) -> list[MethodLike]:
    codes = split_codes(written)
    return [(code, *parse_code(code)) for code in codes]


def _engine(asked: argparse.Namespace) -> Engine:
    if asked.engine == "here":
        return Here()
    return OnRay(asked.workers, asked.threads or 1, asked.gpus, asked.address)


def _workers(asked: argparse.Namespace) -> int:
    return (asked.workers or 1) if asked.engine == "ray" else 1


def _tell_problems(found: Survey, source: Source) -> None:
    name = source.path.name
    each = found.characters / found.texts
    _say(f"{found.texts:,} texts in '{name}', of {each:,.0f} characters in the mean.")
    if found.left_out:
        first = " ".join(f"Line {line:,} {reason}." for line, reason in found.problems[:3])
        left_out = "1 line" if found.left_out == 1 else f"{found.left_out:,} lines"
        _say(f"Left out, having no text: {left_out}. {first}")
    if found.repeated:
        repeated = "1 text" if found.repeated == 1 else f"{found.repeated:,} texts"
        _say(f"Called what another text is called: {repeated}; all are explained.")


def _write_problems(found: Survey, folder: Path) -> None:
    """The lines that were left out, beside the rows; of very many the first thousand."""
    if not found.problems:
        return
    try:
        with (folder / PROBLEMS).open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("line", "reason"))
            rows.writerows(found.problems)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"'{folder / PROBLEMS}' cannot be written: {reason}.") from error
    _say(f"What was left out is listed in '{folder / PROBLEMS}'.")


def _results(asked: argparse.Namespace, results: Results) -> None:
    from gaf_core.files.corpus_exports import row_table, word_rows
    from gaf_core.files.corpus_report import to_html
    from gaf_core.files.exports import to_csv

    if asked.method is not None and asked.method not in results.methods:
        raise SettingsError(
            f"'{asked.method}' is not among the methods of this run. Use "
            f"{', '.join(results.methods)}."
        )
    chosen = Chosen(asked.method, not asked.as_written, asked.least, asked.order)
    if asked.summary:
        print("\n".join(summary_lines(results, chosen)))
    if asked.report is not None:
        write(asked.report, to_html(results, chosen).encode("utf-8"), asked.force)
    if asked.rows is not None:
        write(asked.rows, to_csv(row_table(results)), asked.force)
    if asked.words is not None:
        words = word_rows(results, fold=chosen.fold, least=chosen.least)
        write(asked.words, to_csv(words), asked.force)
