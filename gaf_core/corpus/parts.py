"""Rows of a run in a folder of Parquet files, each of which is there as a whole or not at all.

    run.json            what is asked of every text; written first
    parts/000007.parquet   the rows of one stretch of texts

A part is written under another name, forced to the disk and then renamed, so that whatever kills
the process leaves the parts that it has written, and of the next one at most a file that nobody
reads. A part that a faulty disk has torn is set aside and computed again.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from gaf_core.corpus.arrow import arrow, parquet
from gaf_core.corpus.columns import ADDED
from gaf_core.errors import SettingsError

FORMAT, VERSION = "gaf-corpus", 1
ABOUT = "run.json"
# of the text that a row is about, before the columns of `ADDED`
OF_TEXT = {
    "position": "count", "line": "count", "id": "text", "label": "text", "text": "text",
    "second": "text",
}  # fmt: skip
_LOOK = 0.1  # seconds between two looks at whether somebody still works in a folder
_TORN, _UNFINISHED = ".torn", ".unfinished"


class TornPartError(SettingsError):
    """A part cannot be read."""


class Folder:
    """The folder of a run.

    Attributes:
        path: of it.
        patience: seconds to wait for another process, or thread, that works in it.
    """

    def __init__(self, path: Path, patience: float = 0.0):
        self.path, self.patience = path, patience
        self._parts = path / "parts"

    @property
    def about(self) -> dict[str, Any] | None:
        """What the run is, as `begin` was given it; None where there is none yet.

        Raises:
            SettingsError: the file holds something else.
        """
        try:
            content = json.loads((self.path / ABOUT).read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError):
            content = None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise SettingsError(
                f"The folder '{self.path}' has a file {ABOUT} that is not of a run of texts. Give "
                "another folder."
            )
        if content.get("format_version") != VERSION:
            raise SettingsError(
                f"The run in '{self.path}' is of version {content.get('format_version')} and this "
                f"program reads version {VERSION}. Give another folder."
            )
        return content

    def begin(self, about: dict[str, Any]) -> None:
        """Make the folder, and write or replace what the run is.

        Raises:
            SettingsError: it cannot be written, or is the folder of something else.
        """
        with _in_a_sentence(self.path):
            if self.about is None and self.path.is_dir() and any(_strangers(self.path)):
                raise SettingsError(
                    f"The folder '{self.path}' holds other files and no run of texts. Give an "
                    "empty folder, or a new name."
                )
            self._parts.mkdir(parents=True, exist_ok=True)
            content = {"format": FORMAT, "format_version": VERSION, **about}
            text = json.dumps(content, ensure_ascii=False, indent=1)
            self._write(self.path / ABOUT, lambda file: file.write(text.encode("utf-8")))

    @property
    def numbers(self) -> list[int]:
        """The parts that are there, in order."""
        return sorted(int(path.stem) for path in self._parts.glob("[0-9]*.parquet"))

    @property
    def bytes(self) -> int:
        """What the parts take on the disk."""
        return sum(path.stat().st_size for path in self._parts.glob("[0-9]*.parquet"))

    def write(self, number: int, table: Any) -> None:
        """Keep a part: all of it, or nothing.

        Raises:
            SettingsError: the disk is full, or cannot be written.
        """
        with _in_a_sentence(self.path):
            self._write(
                self._part(number),
                lambda file: parquet().write_table(table, file, compression="zstd"),
            )

    def read(self, number: int, columns: Sequence[str] | None = None) -> Any:
        """The rows of a part as a pyarrow Table; all columns or some.

        Raises:
            TornPartError: it is no whole Parquet file of rows.
        """
        path, wanted = self._part(number), list(columns or schema().names)
        try:
            found = parquet().read_table(path, columns=wanted)
            if found.schema.names == wanted:
                return found
            error = None
        except (OSError, arrow().ArrowException) as failure:
            error = failure
        raise TornPartError(
            f"Part {number:,} of the run, '{path}', cannot be read. Run the same command again: it "
            "computes this part anew and keeps all others."
        ) from error

    def set_aside(self, number: int) -> None:
        """Rename a part that cannot be read, so that it is neither read nor lost."""
        path = self._part(number)
        with _in_a_sentence(self.path):
            os.replace(path, path.with_suffix(path.suffix + _TORN))

    def tidy(self) -> None:
        """Remove what a process has left that was killed while it wrote. Called under `alone`."""
        for path in [*self.path.glob(f"*{_UNFINISHED}"), *self._parts.glob(f"*{_UNFINISHED}")]:
            with contextlib.suppress(OSError):
                path.unlink()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Work in this folder while no other process does; the lock ends with the process.

        Raises:
            SettingsError: another one does.
        """
        with _in_a_sentence(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / ".lock").open("ab")
        with file:
            end = time.monotonic() + self.patience
            while not (locked := _lock(file)) and time.monotonic() < end:
                time.sleep(_LOOK)
            if not locked:
                raise SettingsError(
                    f"Another process works in the folder '{self.path}'. Wait for its end, or give "
                    "another folder."
                )
            yield

    def _part(self, number: int) -> Path:
        return self._parts / f"{number:06d}.parquet"

    def _write(self, path: Path, write: Any) -> None:
        unfinished = path.with_suffix(path.suffix + _UNFINISHED)
        try:
            with unfinished.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise
        _sync(path.parent)


def schema() -> Any:
    """The columns of a part, as a pyarrow schema."""
    pa = arrow()
    kinds = {
        "text": pa.string(), "number": pa.float64(), "count": pa.int64(),
        "texts": pa.list_(pa.string()), "numbers": pa.list_(pa.float64()),
        "flags": pa.list_(pa.bool_()), "counts": pa.list_(pa.int32()),
    }  # fmt: skip
    return pa.schema([(name, kinds[kind]) for name, kind in {**OF_TEXT, **ADDED}.items()])


def _strangers(folder: Path) -> Iterator[Path]:
    """Files that no run makes."""
    return (one for one in folder.iterdir() if not one.name.startswith(".") and one.name != "parts")


def _sync(folder: Path) -> None:
    """Force a rename to the disk, where a system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folder
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _lock(file: IO[bytes]) -> bool:
    """Lock a file for this process, without waiting; True where the system has no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _in_a_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"The folder '{folder}' cannot be written: {reason}. What was written before is kept: "
            "make room or give another folder, and run the same command again."
        ) from error
