"""The command line: explain a text or many, print or write it, list models, start the app.

    gaf explain "The acting was terrible." --layers 4-6 --report report.html
    gaf corpus reviews.csv --text body --methods faithful,AGF --out run --summary
    gaf models
    gaf app

Without a file to write, the words are printed. A mistake is one sentence on stderr and status 2.
Each command is a module beside this one, imported when it is asked for: help does not wait for the
libraries that run a model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from gaf_core.cli.corpus_options import add_corpus
from gaf_core.errors import GafError
from gaf_core.settings import AGAINST, FOR, NAMED, SETTINGS, Setting
from gaf_core.version import __version__

BY_HAND = ("layers", "target", "heads")  # settings that depend on the model
# named here too, so that help need not wait for the libraries that run a model; a test compares
TASKS = ("classification", "next token", "masked word", "tokens", "question answering")
OUTPUTS = ("report", "json", "csv", "words", "edges", "nodes", "graphml")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None for those of this process.

    Returns:
        The exit status: 0, or 2 after a mistake that a user can make.
    """
    for stream in (sys.stdout, sys.stderr):  # a terminal may not know every character
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = _parser()
    asked, options = parser.parse_known_args(arguments)
    if options and asked.command != "app":
        parser.error(f"unrecognized arguments: {' '.join(options)}")
    asked.options = options
    try:
        import_module(f"gaf_core.cli.{asked.command}").run(asked)
    except GafError as error:
        print(f"gaf: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gaf",
        description="Why did this transformer say that? Generalized Attention Flow.",
    )
    parser.add_argument("--version", action="version", version=f"gaf {__version__}")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    commands.add_parser("models", help="list the models that load by a short name")
    app = commands.add_parser(
        "app",
        help="start the app and open it in a browser",
        description="Start the app at 127.0.0.1 and open it in a browser. Further options are "
        "those of `streamlit run`, for example --server.port 8600 or --server.headless true.",
    )
    app.add_argument(
        "--hosted",
        action="store_true",
        help="for an app that others reach: presets and the models of GAF_MODELS only, with limits "
        "(docs/hosting.md); the same as GAF_HOSTED=1",
    )
    command = commands.add_parser(
        "explain",
        help="explain one prediction",
        description="Explain one prediction. Without a file to write, the words are printed.",
    )
    command.add_argument("text", help='what to explain; "-" reads it from standard input')
    _add_question(command)
    _add_outputs(command)
    add_corpus(commands)
    return parser


def _add_question(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--second",
        metavar="TEXT",
        help="second text, for a model that compares two or answers a question about it",
    )
    add(
        "--model",
        default="minilm-reviews",
        help="preset, folder, GGUF file or hub id (%(default)s)",
    )
    add("--task", metavar="TASK", help="what the model is asked: one of " + ", ".join(TASKS))
    add("--revision", help="branch, tag or commit of a hub model")
    add("--device", default="auto", help="auto, cpu, cuda, mps (%(default)s)")
    add(
        "--layers",
        metavar="A-B",
        help="first and last layer, counted from 1 (all)",
    )
    target = command.add_mutually_exclusive_group()
    target.add_argument("--target", metavar="LABEL", help='class, word, or "#" and its index')
    target.add_argument(
        "--contrast", nargs=2, metavar="LABEL", help="why the first, not the second"
    )
    add(
        "--at",
        metavar="PLACE",
        help='where in the text: a word or "#" and the position of a token, for labels of tokens '
        "and several masks; start or end of an answer",
    )
    _add_answer(command)
    add(
        "--method",
        choices=tuple(NAMED),
        default=next(iter(NAMED)),
        help="published: the paper's; faithful and path: extensions. Sets all of what follows that "
        "is not given; path explains by two flows, for the target and against it (%(default)s)",
    )
    add(
        "--side",
        choices=(FOR, AGAINST),
        default=FOR,
        help="of a path: whose network is written as GraphML (%(default)s)",
    )
    for one in SETTINGS.values():
        if one.name not in BY_HAND:
            _add_setting(command, one)
    add(
        "--scores",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="scores of this text from elsewhere, CSV or JSON with tokens or words: print how "
        "faithful they and this explanation are, and how far they agree; may be given again",
    )


def _add_answer(command: argparse.ArgumentParser) -> None:
    """What is asked of a language model beside its next token."""
    add = command.add_argument_group("answers of a language model").add_argument
    add("--answer", metavar="TEXT", help="explain this answer behind the text, with its space")
    add("--rather-than", metavar="TEXT", help="why --answer, not this one")
    add("--generate", metavar="N", type=int, help="explain what the model answers, in N tokens")
    add("--part", metavar="TEXT", help="a text in the answer; only its tokens are explained")
    add(
        "--score",
        choices=("log-probability", "logit"),
        default="log-probability",
        help="what is summed over the tokens of an answer (%(default)s)",
    )
    add("--chat", action="store_true", help="put the text through the model's chat template")
    add("--system", metavar="TEXT", help="system text of the chat")


def _add_setting(command: argparse.ArgumentParser, one: Setting) -> None:
    """An option with the name, the choices and the help of a setting."""
    told, _, _ = one.help.partition("\n")
    if one.notes and not isinstance(one.default, bool):
        told += " " + "; ".join(f"{choice}: {note}" for choice, note in one.notes.items())
    name = f"--{one.name.replace('_', '-')}"
    # no default of its own: what is not given is that of the method
    if isinstance(one.default, bool):
        action = argparse.BooleanOptionalAction if one.stage != "trace" else "store_true"
        command.add_argument(name, action=action, default=None, help=told)
        return
    command.add_argument(
        name,
        type=type(one.default),
        choices=None if one.others else one.choices or None,
        help=f"{told} ({one.default})",
    )


def _add_outputs(command: argparse.ArgumentParser) -> None:
    files = command.add_argument_group("files to write")
    helps = (
        "stand-alone HTML report, about 5 MB", "everything as JSON", "scores of the tokens, CSV",
        "scores of the words, CSV", "edges of the network, CSV", "nodes of the network, CSV",
        "the network as GraphML",
    )  # fmt: skip
    for name, text in zip(OUTPUTS, helps, strict=True):
        files.add_argument(f"--{name}", metavar="FILE", type=Path, help=text)
    files.add_argument(
        "--carried", metavar="SHARE", type=float, default=1.0,
        help="write only the strongest edges, that carry this share of every layer's flow (1: all)",
    )  # fmt: skip
    files.add_argument("--force", action="store_true", help="overwrite files that exist")
