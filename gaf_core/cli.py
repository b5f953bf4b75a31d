"""The command line: explain a text, print its words or write files, list the models.

    python -m gaf_core explain "The acting was terrible." --layers 4-6 --report report.html
    python -m gaf_core models

Without a file to write, the words are printed. A mistake is one sentence on stderr and status 2.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from gaf_core.errors import GafError, ModelError, SettingsError, TextError
from gaf_core.explanation import GRADIENTS, Explanation, Settings, explain
from gaf_core.exports import edge_table, to_csv, to_graphml, to_json
from gaf_core.flow import ambiguity
from gaf_core.information import AGGREGATES, RESIDUALS, VARIANTS
from gaf_core.loading.presets import PRESETS, PackagedModel
from gaf_core.models import load_model
from gaf_core.report import to_html
from gaf_core.terminal import word_lines
from gaf_core.tracing.encoding import TextLike
from gaf_core.tracing.target import TargetLike

_OUTPUTS = ("report", "json", "csv", "words", "edges", "nodes", "graphml")


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
    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()
    asked = _parser().parse_args(arguments)
    try:
        asked.run(asked)
    except GafError as error:
        print(f"gaf_core: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gaf_core",
        description="Why did this transformer say that? Generalized Attention Flow.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("models", help="list the models that load by a short name")
    listing.set_defaults(run=_list_models)
    command = commands.add_parser(
        "explain",
        help="explain one prediction",
        description="Explain one prediction. Without a file to write, the words are printed.",
    )
    command.set_defaults(run=_explain)
    command.add_argument("text", help='what to explain; "-" reads it from standard input')
    _add_question(command)
    _add_outputs(command)
    return parser


def _add_question(command: argparse.ArgumentParser) -> None:
    usual = Settings()
    add = command.add_argument
    add("--second", metavar="TEXT", help="second text, for a model that compares two")
    add(
        "--model",
        default="minilm-reviews",
        help="preset, folder, GGUF file or hub id (%(default)s)",
    )
    add("--revision", help="branch, tag or commit of a hub model")
    add("--device", default="auto", help="auto, cpu, cuda, mps (%(default)s)")
    add("--variant", choices=VARIANTS, default=usual.variant, help="tensor (%(default)s)")
    add(
        "--layers",
        metavar="A-B",
        help="first and last layer, counted from 1 (all)",
    )
    target = command.add_mutually_exclusive_group()
    target.add_argument("--target", metavar="LABEL", help='class, next token, or "#" and its index')
    target.add_argument(
        "--contrast", nargs=2, metavar="LABEL", help="why the first, not the second"
    )
    add("--source", default="all", help='"all", "classification" or a token position (%(default)s)')
    add("--aggregate", choices=AGGREGATES, default=usual.aggregate, help="over heads (%(default)s)")
    add("--residual", choices=RESIDUALS, default=usual.residual, help="(%(default)s)")
    add("--gradients", choices=GRADIENTS, default=usual.gradients, help="(%(default)s)")
    add("--node-capacities", action="store_true", help="limit what passes each token (AGF, net)")
    add("--depth-average", action="store_true", help="mean over the layers to start at")
    add("--epsilon", type=float, default=usual.epsilon, help="suboptimality (%(default)s)")
    add("--truncate", action="store_true", help="explain the first tokens of a text too long")


def _add_outputs(command: argparse.ArgumentParser) -> None:
    files = command.add_argument_group("files to write")
    helps = (
        "stand-alone HTML report, about 5 MB", "everything as JSON", "scores of the tokens, CSV",
        "scores of the words, CSV", "edges of the network, CSV", "nodes of the network, CSV",
        "the network as GraphML",
    )  # fmt: skip
    for name, text in zip(_OUTPUTS, helps, strict=True):
        files.add_argument(f"--{name}", metavar="FILE", type=Path, help=text)
    files.add_argument(
        "--carried", metavar="SHARE", type=float, default=1.0,
        help="write only the strongest edges, that carry this share of every layer's flow (1: all)",
    )  # fmt: skip
    files.add_argument("--force", action="store_true", help="overwrite files that exist")


def _list_models(_: argparse.Namespace) -> None:
    width = max(map(len, PRESETS))
    for name, preset in PRESETS.items():
        print(f"{name:{width}}  {_availability(preset)}")


def _availability(preset: Path | PackagedModel) -> str:
    if isinstance(preset, Path):
        return "installed" if preset.is_dir() else f"missing: there is no folder {preset}"
    try:
        preset.find()
    except ModelError as error:
        return f"not installed. {error}"
    return "installed"


def _explain(asked: argparse.Namespace) -> None:
    outputs = {name: path for name in _OUTPUTS if (path := getattr(asked, name)) is not None}
    _check_outputs(list(outputs.values()), asked.force)
    text, settings = _text(asked), _settings(asked)
    model = load_model(asked.model, revision=asked.revision, device=asked.device)
    explanation = explain(model, text, settings)
    if not outputs:
        print("\n".join(word_lines(explanation)))
    writers = _writers(explanation, asked)
    for name, path in outputs.items():
        _write(path, writers[name](), asked.force)


def _writers(explanation: Explanation, asked: argparse.Namespace) -> dict[str, Callable[[], bytes]]:
    def report() -> bytes:
        intervals = ambiguity(explanation.network)
        return to_html(explanation, intervals=intervals, model=asked.model).encode("utf-8")

    def as_json() -> bytes:
        return to_json(explanation, model=asked.model, carried=asked.carried).encode("utf-8")

    return {
        "report": report,
        "json": as_json,
        "csv": lambda: to_csv(explanation.score_table()),
        "words": lambda: to_csv(explanation.word_table()),
        "edges": lambda: to_csv(edge_table(explanation, asked.carried)),
        "nodes": lambda: to_csv(explanation.node_table()),
        "graphml": lambda: to_graphml(explanation, carried=asked.carried),
    }


def _text(asked: argparse.Namespace) -> TextLike:
    text = asked.text
    if text == "-":
        try:
            text = sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise TextError("Standard input is not UTF-8. Convert the text first.") from error
    for one in (text, asked.second or ""):
        if not one.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in one):
            raise TextError("The text is not in the encoding of this terminal. Write it in UTF-8.")
    return text if asked.second is None else (text, asked.second)


def _settings(asked: argparse.Namespace) -> Settings:
    target: TargetLike = None
    if asked.contrast:
        target = _label(asked.contrast[0]), _label(asked.contrast[1])
    elif asked.target is not None:
        target = _label(asked.target)
    position = re.fullmatch(r"\d+", asked.source)
    if position is None and asked.source not in ("all", "classification"):
        raise SettingsError(
            f"'{asked.source}' is not a source. Use all, classification, or a token position."
        )
    return Settings(
        variant=asked.variant,
        layers=_layers(asked.layers),
        target=target,
        aggregate=asked.aggregate,
        residual=asked.residual,
        source=int(asked.source) if position else asked.source,
        gradients=asked.gradients,
        node_capacities=asked.node_capacities,
        depth_average=asked.depth_average,
        epsilon=asked.epsilon,
        truncate=asked.truncate,
    )


def _label(name: str) -> int | str:
    return int(name[1:]) if re.fullmatch(r"#\d+", name) else name


def _layers(asked: str | None) -> tuple[int, int] | None:
    if asked is None:
        return None
    found = re.fullmatch(r"(\d+)-(\d+)", asked)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise SettingsError(
            f"'{asked}' is not a range of layers. Count from 1 and write the first and the last "
            "with a hyphen, for example 4-6."
        )
    return int(found[1]) - 1, int(found[2])


def _check_outputs(paths: Sequence[Path], force: bool) -> None:
    """What is bound to fail fails before the model runs."""
    for path in paths:
        if path.is_dir():
            raise SettingsError(f"'{path}' is a folder. Give the name of a file in it.")
        if path.exists() and not force:
            raise SettingsError(_exists(path))
        if not path.parent.is_dir():
            raise SettingsError(f"There is no folder '{path.parent}' to write into. Make it first.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise SettingsError("Two of the files have the same name. Give each its own.")


def _write(path: Path, content: bytes, force: bool) -> None:
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError as error:
        raise SettingsError(_exists(path)) from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"'{path}' cannot be written: {reason}. Choose another place."
        ) from error
    print(f"wrote {path} ({_size(len(content))})", file=sys.stderr)


def _exists(path: Path) -> str:
    return f"'{path}' exists already. Choose another name, or overwrite it with --force."


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
