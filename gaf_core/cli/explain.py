"""Explain one prediction: print its words, or write files."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers.utils.logging import disable_progress_bar

from gaf_core.cli import BY_HAND, OUTPUTS
from gaf_core.cli.answers import answer_target, check_answer
from gaf_core.composer import explain, explain_signed
from gaf_core.errors import SettingsError, TextError, TextTooLongError, brief
from gaf_core.explanation import Explanation
from gaf_core.files.exports import check_share, edge_table, to_csv, to_json
from gaf_core.files.graphml import to_graphml
from gaf_core.files.signed import signed_edge_table, signed_json, signed_lines
from gaf_core.files.terminal import word_lines
from gaf_core.flow.ready import prepare_aloud
from gaf_core.models.model import Model, load_model
from gaf_core.reading.intervals import score_intervals
from gaf_core.settings import NAMED, SETTINGS, At, LabelLike, Settings, TextLike
from gaf_core.signed import SignedExplanation
from gaf_core.spans import Chat
from gaf_core.text.decoding import decode

if TYPE_CHECKING:
    from gaf_core.elsewhere import GivenFile

_INDEX = r"\d{1,18}"  # more digits are no number of anything


def run(asked: argparse.Namespace) -> None:
    """Explain one prediction: print its words, or write the files that were asked for."""
    logging.getLogger("transformers").setLevel(logging.ERROR)
    disable_progress_bar()
    check_share(asked.carried)
    outputs = {name: path for name in OUTPUTS if (path := getattr(asked, name)) is not None}
    check_outputs(list(outputs.values()), asked.force)
    given = _given(asked.scores)
    text, settings = _text(asked), _settings(asked)
    check_answer(asked)
    tell = partial(print, file=sys.stderr)
    model = load_model(
        asked.model,
        revision=asked.revision,
        device=asked.device,
        task=asked.task,
        announce=lambda plan: tell(plan.message),
    )
    if spans := answer_target(asked, model, text):
        settings = replace(settings, target=spans)
    prepare_aloud(tell)
    _check_layers(settings, model.layers)
    explanation: Explanation | SignedExplanation
    try:
        if settings.gradients == "path":
            explanation = signed = explain_signed(model, text, settings)
            lines, writers = partial(signed_lines, signed), _signed_writers(signed, asked)
        else:
            explanation = plain = explain(model, text, settings)
            lines, writers = partial(word_lines, plain), _writers(plain, asked)
    except TextTooLongError as error:
        raise TextError(str(error).replace("truncate=True", "--truncate")) from error
    told = [] if outputs else lines()
    if given:
        told += [*([""] if told else []), *_compared(model, explanation, given)]
    if told:
        print("\n".join(told))
    for name, path in outputs.items():
        write(path, writers[name](), asked.force)


def _given(paths: Sequence[Path]) -> list[GivenFile]:
    """Files of scores, read before the model is."""
    if not paths:
        return []
    from gaf_core.elsewhere import GivenFile  # brings all methods, which a flow does not need

    return [GivenFile.read(path) for path in paths]


def _compared(
    model: Model, explanation: Explanation | SignedExplanation, given: Sequence[GivenFile]
) -> list[str]:
    """Lines about an explanation beside the scores of files."""
    from gaf_core.files.side_by_side import beside, comparison_lines

    return comparison_lines(beside(model, explanation, given))


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


def _signed_writers(
    explanation: SignedExplanation, asked: argparse.Namespace
) -> dict[str, Callable[[], bytes]]:
    def report() -> bytes:
        from gaf_core.files.signed_report import signed_html  # brings plotly

        return signed_html(explanation, model=asked.model).encode("utf-8")

    def as_json() -> bytes:
        return signed_json(explanation, model=asked.model, carried=asked.carried).encode("utf-8")

    return {
        "report": report,
        "json": as_json,
        "csv": lambda: to_csv(explanation.score_table()),
        "words": lambda: to_csv(explanation.word_table()),
        "edges": lambda: to_csv(signed_edge_table(explanation, asked.carried)),
        "nodes": lambda: to_csv(explanation.node_table()),
        "graphml": lambda: to_graphml(explanation.sides[asked.side], carried=asked.carried),
    }


def _text(asked: argparse.Namespace) -> TextLike:
    text = asked.text
    if text == "-":
        text = decode(sys.stdin.buffer.read(), "Standard input")
        text = text.removesuffix("\n").removesuffix("\r")
    others = asked.second, asked.system, asked.answer, asked.rather_than, asked.part
    for one in (text, *filter(None, others)):
        if not one.isprintable() and any("\ud800" <= letter <= "\udfff" for letter in one):
            raise TextError("The text is not in the encoding of this terminal. Write it in UTF-8.")
    if asked.chat:
        return Chat(text, asked.system)
    return text if asked.second is None else (text, asked.second)


def _settings(asked: argparse.Namespace) -> Settings:
    target: LabelLike | At = None
    if asked.contrast:
        target = _label(asked.contrast[0]), _label(asked.contrast[1])
    elif asked.target is not None:
        target = _label(asked.target)
    if asked.at is not None:
        target = At(target, asked.at)
    chosen: dict[str, Any] = {"target": target, "layers": _layers(asked.layers)}
    chosen |= {
        name: value
        for name in SETTINGS
        if name not in BY_HAND and (value := getattr(asked, name)) is not None
    }
    if "source" in chosen:
        chosen["source"] = _source(asked.source)
    return replace(NAMED[asked.method], **chosen)


def _source(asked: str) -> str | int:
    if re.fullmatch(_INDEX, asked):
        return int(asked)
    if asked not in ("all", "classification"):
        raise SettingsError(
            f"'{asked}' is not a source. Use all, classification, or a token position."
        )
    return asked


def _label(name: str) -> int | str:
    return int(name[1:]) if re.fullmatch(f"#{_INDEX}", name) else name


def _layers(asked: str | None) -> tuple[int, int] | None:
    if asked is None:
        return None
    found = re.fullmatch(f"({_INDEX})-({_INDEX})", asked)
    if found is None or not 1 <= int(found[1]) <= int(found[2]):
        raise SettingsError(
            f"'{asked}' is not a range of layers. Count from 1 and write the first and the last "
            "with a hyphen, for example 4-6."
        )
    return int(found[1]) - 1, int(found[2])


def _check_layers(settings: Settings, depth: int) -> None:
    """Counted as they were asked for: from 1, both ends included."""
    if settings.layers is not None and settings.layers[1] > depth:
        asked = f"{settings.layers[0] + 1}-{settings.layers[1]}"
        raise SettingsError(
            f"The model has {depth} layers, and {asked} are not among them. Choose from 1-{depth}."
        )


def check_outputs(paths: Sequence[Path], force: bool) -> None:
    """What is bound to fail fails before the model runs.

    Raises:
        SettingsError: a file that cannot be written, or exists already.
    """
    for path in paths:
        with _unwritable(path), suppress(FileNotFoundError, NotADirectoryError):
            path.lstat()  # a name that no file can have
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
    with _unwritable(path), path.open("wb" if force else "xb") as file:
        file.write(content)
    print(f"wrote {path} ({_size(len(content))})", file=sys.stderr)


@contextmanager
def _unwritable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise SettingsError(_exists(path)) from error
    except (OSError, ValueError) as error:  # or a name that no file can have
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SettingsError(
            f"'{brief(path)}' cannot be written: {reason}. Choose another place."
        ) from error


def _exists(path: Path) -> str:
    return f"'{path}' exists already. Choose another name, or overwrite it with --force."


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count / 1e3:,.1f} kB"
