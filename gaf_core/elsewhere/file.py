"""A file of scores, as it is before anybody knows the text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gaf_core.elsewhere.contents import LARGEST
from gaf_core.elsewhere.sheets import Sheet, read_sheets
from gaf_core.errors import SettingsError

Source = str | Path | bytes


@dataclass(frozen=True)
class GivenFile:
    r"""A file of scores, read and not yet matched to a text.

    Attributes:
        name: of the file, for people.
        sheets: the scores of each method.

    >>> import gaf_core as gaf
    >>> file = gaf.GivenFile.read(b"word,lime,shap\nA,0,.1\nlovely,.7,.8\nfilm,.1,0", "mine.csv")
    >>> file.methods
    ('lime', 'shap')
    """

    name: str
    sheets: tuple[Sheet, ...]

    @classmethod
    def read(cls, source: Source, name: str | None = None) -> GivenFile:
        """Read a file.

        Args:
            source: path of a CSV or JSON file, or its content as bytes.
            name: what the file is called; None for its own name, or "scores". Without the ending
                it is the name of the method, where the file names none.

        Raises:
            SettingsError: there is no such file, it is too large or not understood, two methods
                have one name, or a score is no finite number; the message says where.
            TextError: it is no text.

        >>> import gaf_core as gaf
        >>> gaf.GivenFile.read(b'{"tokens": ["Good", "."], "scores": [1, 0]}').methods
        ('scores',)
        """
        content, own = (source, "scores") if isinstance(source, bytes) else _content(Path(source))
        return cls(name or own, tuple(read_sheets(content, name or own)))

    @property
    def methods(self) -> tuple[str, ...]:
        """The names of its methods."""
        return tuple(sheet.name for sheet in self.sheets)


def _content(path: Path) -> tuple[bytes, str]:
    try:
        with path.expanduser().open("rb") as file:
            return file.read(LARGEST + 1), path.name
    except (OSError, RuntimeError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "no file has such a name").lower()
        raise SettingsError(
            f"The scores of '{path}' cannot be read: {reason}. Give the path of a CSV or JSON file."
        ) from error
