"""The options of `gaf corpus`, apart from what runs them, so that help waits for no library."""

from __future__ import annotations

import argparse
from pathlib import Path

# named here too, since they are known where libraries are loaded; a test compares
REMOVED = ("mask", "pad", "unknown", "delete")
NOTHING = "nothing"
LONG = ("cut", "skip", "refuse")
_METHODS = "faithful,AGF,relevance"


def add_corpus(commands: argparse._SubParsersAction) -> None:
    """The command and all of its options."""
    command = commands.add_parser(
        "corpus",
        help="explain many texts: rows in a folder, tables, a report",
        description="Explain every text of a file into a folder of rows, and say what they say "
        "together. What is in the folder is kept: the same command goes on where it was stopped. "
        "With the folder of a run instead of a file, only tables and reports are made.",
    )
    add = command.add_argument
    add("file", type=Path, help="CSV, TSV, JSONL, Parquet or .txt (a text a line); or a folder")
    add("--out", type=Path, metavar="FOLDER", help="where the rows are kept")
    add("--text", default="text", metavar="COLUMN", help="of the texts (%(default)s)")
    add("--second", metavar="COLUMN", help="of the second texts of pairs")
    add("--label", metavar="COLUMN", help="of what the model should say")
    add("--id", metavar="COLUMN", help="of what a text is called (the number of its line)")
    add(
        "--methods",
        action="append",
        metavar="NAMES",
        help="methods with commas between them, with options as in a link of the app: "
        f'"AGF:first_layer=4,relevance" ({_METHODS})',
    )
    _add_model(command)
    _add_running(command)
    _add_results(command)


def _add_model(command: argparse.ArgumentParser) -> None:
    asked = command.add_argument_group("what is asked")
    add = asked.add_argument
    add(
        "--model",
        default="minilm-reviews",
        help="preset, folder, GGUF file or hub id (%(default)s)",
    )
    add("--task", help="what the model is asked, where its configuration does not say it")
    add("--revision", help="branch, tag or commit of a hub model")
    add("--device", default="auto", help="auto, cpu, cuda, mps (%(default)s)")
    add("--target", metavar="LABEL", help='explained of every text: a class, or "#" and its index')
    add(
        "--removed",
        choices=(*REMOVED, NOTHING),
        help="how tokens are removed to measure faithfulness; nothing: it is not measured (the "
        "model's mask token, or what it has instead)",
    )
    add("--long", choices=LONG, default="cut", help="texts that are too long (%(default)s)")


def _add_running(command: argparse.ArgumentParser) -> None:
    running = command.add_argument_group("how it runs")
    add = running.add_argument
    add("--part", type=int, default=64, metavar="TEXTS", help="kept at once (%(default)s)")
    add("--threads", type=int, help="that compute at once; of each worker of Ray (all; 1)")
    add("--retry", action="store_true", help="try texts again that failed before")
    add("--engine", choices=("here", "ray"), default="here", help="who computes (%(default)s)")
    add("--workers", type=int, help="of Ray (what the cluster has processors or GPUs for)")
    add("--gpus", type=float, default=0.0, help="of each worker of Ray (none)")
    add("--address", help="of a Ray cluster (one on this machine, which ends with the run)")


def _add_results(command: argparse.ArgumentParser) -> None:
    results = command.add_argument_group("what is made of the rows")
    add = results.add_argument
    add("--summary", action="store_true", help="print tables")
    add("--report", type=Path, metavar="FILE", help="stand-alone HTML report, without scripts")
    add("--rows", type=Path, metavar="FILE", help="a row a text and method, CSV")
    add("--words", type=Path, metavar="FILE", help="the words of each class by method, CSV")
    add("--force", action="store_true", help="overwrite files that exist")
    add("--method", metavar="NAME", help="whose words and worst texts are listed (the first)")
    add("--least", type=int, default=5, metavar="TEXTS", help="that a word is in (%(default)s)")
    add(
        "--order",
        choices=("present", "mean"),
        default="present",
        help="of words: by their share where they stand, or over all texts (%(default)s)",
    )
    add("--as-written", action="store_true", help='tell "Good" from "good"')
