"""A file of scores -> attributions of a trace, and methods that take part like any other."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gaf_core.elsewhere.file import GivenFile, Source
from gaf_core.elsewhere.matching import match
from gaf_core.elsewhere.method import details_of, named_methods
from gaf_core.elsewhere.sheets import Sheet
from gaf_core.errors import SettingsError
from gaf_core.methods.method import Attribution, Method
from gaf_core.settings import TextLike
from gaf_core.tracing.trace import Trace

_WAYS = {
    "tokens": "found by the names of the tokens",
    "characters": "found by their places in the text",
    "text": "found word by word in the text",
}


def read_scores(source: Source | GivenFile, trace: Trace) -> list[Attribution]:
    r"""The scores that a file gives the tokens of a traced text, one `Attribution` a method.

    CSV has a line of names, JSON is a list of objects, or an object of columns: a column `token`
    or `word` (or `start` and `end`, characters of the text counted from 0), and `score`, or a
    column of scores for each method, or a column `method`. What this package writes is read again.
    Rows are the tokens of the model, with or without special ones, or words or the tokens of
    another tokenizer, in reading order. A row that stands on several tokens is spread over them in
    equal parts, so that they have its score together. Tokens on which no row stands have 0.

    Args:
        source: path of the file, its content as bytes, or a file that was read.
        trace: of the text that the scores are of.

    Returns:
        In the order of the file. `details` has the `rows`, how many were `rows spread` over several
        tokens, and the `sum left out`: absolute scores of rows without a token here, such as
        the special tokens of another model. `seconds` is NaN: nobody measured them here.

    Raises:
        SettingsError: as `GivenFile.read` does.
        TextError: the scores are of another text; the message says which row does not fit.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> trace = gaf.trace(model, "Unwatchable!")
    >>> trace.tokens
    ('[CLS]', 'un', '##watch', '##able', '!', '[SEP]')
    >>> (given,) = gaf.read_scores(b"word,score\nunwatchable,-3\n!,0.5", trace)
    >>> given.scores.tolist()
    [0.0, -1.0, -1.0, -1.0, 0.5, 0.0]
    """
    file = source if isinstance(source, GivenFile) else GivenFile.read(source)
    found = []
    for method, sheet in zip(named_methods({trace.text: file}), file.sheets, strict=True):
        matched = match(sheet, trace)
        matched.scores.flags.writeable = False
        found.append(
            Attribution(
                method.name, method.title, method.reference, method.settings(), matched.scores,
                math.nan, details_of(sheet, matched),
            )
        )  # fmt: skip
    return found


def given_methods(sources: Mapping[TextLike, Source | GivenFile]) -> list[Method]:
    r"""Methods that give the scores of files, and so take part wherever a method does.

    Each explains the texts it has scores of and refuses every other. It has no time: `seconds` is
    NaN. Its option `scores` is a fingerprint of the scores, so that rows of an earlier run with
    other scores are not taken for its own.

    Args:
        sources: for each text, or pair of texts, the path of its file, its content as bytes, or a
            file that was read. A method is found in several files by its name.

    Raises:
        SettingsError: no file, or as `GivenFile.read` does.
        TextError: a file is no text.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> (mine,) = gaf.given_methods({"A lovely film.": b"word,mine\nA,0\nlovely,2\nfilm,1"})
    >>> mine.title, mine(model, gaf.trace(model, "A lovely film.")).scores.tolist()
    ('mine (given)', [0.0, 0.0, 2.0, 1.0, 0.0, 0.0])
    >>> try:
    ...     mine(model, gaf.trace(model, "A dull film."))
    ... except gaf.TextError as error:
    ...     print(str(error).split(". ")[0])
    “mine” is given for another text: “A lovely film.”
    >>> gaf.evaluation.measure(model, ["A lovely film."], [mine, "AGF"]).method.tolist()
    ['mine', 'AGF']
    """
    if not sources:
        raise SettingsError("Give the file of at least one text.")
    files = {
        joined(text): one if isinstance(one, GivenFile) else GivenFile.read(one)
        for text, one in sources.items()
    }
    return named_methods(files)


def joined(text: TextLike) -> str:
    """A text, or a pair of them, as a trace has it."""
    return text if isinstance(text, str) else "\n".join(text)


def matched_in_words(sheet: Sheet, trace: Trace) -> str:
    """How the rows of a method were found in a text, in a sentence.

    Raises:
        TextError: they are of another text.
    """
    matched = match(sheet, trace)
    told = f"{len(sheet.rows):,} rows, {_WAYS[matched.way]}"
    if matched.spread:
        told += f"; {matched.spread:,} of them spread over several tokens in equal parts"
    if matched.left_out:
        told += (
            f"; left out are scores of {matched.left_out:.3g} in all, of rows that stand on no "
            "token here"
        )
    return f"{told}."
