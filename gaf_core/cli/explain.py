"""Explain one prediction: print its words, or write files."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from transformers.utils.logging import disable_progress_bar

from gaf_core.cli import BY_HAND, OUTPUTS
from gaf_core.composer import explain
from gaf_core.errors import SettingsError, TextError
from gaf_core.explanation import Explanation
from gaf_core.files.exports import edge_table, to_csv, to_json
from gaf_core.files.graphml import to_graphml
from gaf_core.files.terminal import word_lines
from gaf_core.flow.ready import prepare_aloud
from gaf_core.models.model import load_model
from gaf_core.reading.intervals import score_intervals
from gaf_core.settings import SETTINGS, At, LabelLike, Settings, TextLike
from gaf_core.text.decoding import decode


def run(asked: argparse.Namespace) -> None:
    """Explain one prediction: print its words, or write the files that were asked for."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()
    outputs = {name: path for name in OUTPUTS if (path := getattr(asked, name)) is not None}
    check_outputs(list(outputs.values()), asked.force)
    text, settings = _text(asked), _settings(asked)
    model = load_model(asked.model, revision=asked.revision, device=asked.device, task=asked.task)
    prepare_aloud(partial(print, file=sys.stderr))
    explanation = explain(model, text, settings)
    if not outputs:
        print("\n".join(word_lines(explanation)))
    writers = _writers(explanation, asked)
    for name, path in outputs.items():
        write(path, writers[name](), asked.force)


def _writers(explanation: Explanation, asked: argparse.Namespace) -> dict[str, Callable[[], bytes]]:
    def report() -> bytes:
        from gaf_core.files.report import to_html  # brings plotly, which only the report needs

        intervals = score_intervals(explanation)
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
        text = decode(sys.stdin.buffer.read(), "Standard input")
        text = text.removesuffix("\n").removesuffix("\r")
    for one in (text, asked.second or ""):
        if not one.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in one):
            raise TextError("The text is not in the encoding of this terminal. Write it in UTF-8.")
    return text if asked.second is None else (text, asked.second)


def _settings(asked: argparse.Namespace) -> Settings:
    target: LabelLike | At = None
    if asked.contrast:
        target = _label(asked.contrast[0]), _label(asked.contrast[1])
    elif asked.target is not None:
        target = _label(asked.target)
    if asked.at is not None:
        target = At(target, asked.at)
    position = re.fullmatch(r"\d+", asked.source)
    if position is None and asked.source not in ("all", "classification"):
        raise SettingsError(
            f"'{asked.source}' is not a source. Use all, classification, or a token position."
        )
    chosen = {name: getattr(asked, name) for name in SETTINGS if name not in BY_HAND}
    if position:
        chosen["source"] = int(asked.source)
    return Settings(**chosen, target=target, layers=_layers(asked.layers))


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


def check_outputs(paths: Sequence[Path], force: bool) -> None:
    """What is bound to fail fails before the model runs.

    Raises:
        SettingsError: a file that cannot be written, or exists already.
    """
    for path in paths:
        if path.is_dir():
            raise SettingsError(f"'{path}' is a folder. Give the name of a file in it.")
        if path.exists() and not force:
            raise SettingsError(_exists(path))
        if not path.parent.is_dir():
            raise SettingsError(f"There is no folder '{path.parent}' to write into. Make it first.")
    if len({path.resolve() for path in paths}) < len(paths):
        raise SettingsError("Two of the files have the same name. Give each its own.")


def write(path: Path, content: bytes, force: bool) -> None:
    """Write a file, and say so.

    Raises:
        SettingsError: it cannot be written, or exists already.
    """
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
