"""GGUF files: converted to safetensors at the first use, and loaded like any model after that.

Reading GGUF takes transformers half a minute even for a small model, because it parses the
vocabulary in Python three times and unpacks every weight. The converted copy is exact (float32).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from gaf_core.errors import ModelError, cause

_PACKAGES = ("gguf", "accelerate")
_CONVERTING = ".converting-"  # begins the name of a folder that is not whole yet


@contextmanager
def as_safetensors(file: Path) -> Iterator[Path]:
    """A folder that holds the model of a GGUF file in the usual form, for as long as it is loaded.

    The folder is kept in the user's cache; where that cannot be written it is a temporary one.

    Raises:
        ModelError: packages are missing, or the file is not a causal language model in GGUF.
    """
    kept = cache_folder() / f"{file.stem}-{_fingerprint(file)}"
    if kept.is_dir():
        yield kept
        return
    _check_packages(file)
    with _workplace(kept.parent) as work:
        _convert(file, work)
        try:
            os.rename(work, kept)  # whole or not at all, also when two processes convert at once
        except OSError:
            yield work
        else:
            yield kept


def cache_folder() -> Path:
    """Where converted models are kept: the platform's folder for what can be made again."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        folder = Path(base)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = Path.home() / ".cache"
    return folder / "gaf-explorer" / "gguf"


@contextmanager
def _workplace(beside: Path) -> Iterator[Path]:
    try:
        beside.mkdir(parents=True, exist_ok=True)
        _clear_killed(beside)
        work = Path(tempfile.mkdtemp(dir=beside, prefix=f"{_CONVERTING}{_process()}-"))
    except OSError:
        work = Path(tempfile.mkdtemp())
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _clear_killed(beside: Path) -> None:
    """Remove what conversions left whose process was killed."""
    for left in beside.glob(f"{_CONVERTING}*"):
        number, _, rest = left.name.removeprefix(_CONVERTING).partition("-")
        alive = number.isdigit() and _process(int(number)) == f"{number}-{rest.partition('-')[0]}"
        if not alive:
            shutil.rmtree(left, ignore_errors=True)


def _process(number: int | None = None) -> str:
    """A process by its number and its start, since numbers are used again; this one by default."""
    import psutil  # only here: slow to import

    try:
        process = psutil.Process(number)
        return f"{process.pid}-{process.create_time():.0f}"
    except psutil.Error:
        return f"{number}-gone"


def _fingerprint(file: Path) -> str:
    # of the contents: the same file in another environment finds the same copy
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _check_packages(file: Path) -> None:
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"'{file}' is a GGUF file, and reading one needs {' and '.join(missing)}. Install with "
            f"`pip install {' '.join(missing)}`."
        )


def _convert(file: Path, folder: Path) -> None:
    # an empty folder: beside the file transformers would look for an adapter and for configurations
    with tempfile.TemporaryDirectory() as empty:
        source: dict[str, Any] = {"gguf_file": str(file.resolve()), "local_files_only": True}
        try:
            module = AutoModelForCausalLM.from_pretrained(
                empty,
                # unpacked at once: the alternative looks for compiled kernels on the hub
                quantization_config=GgufConfig(dequantize=True),
                dtype=torch.float32,
                trust_remote_code=False,
                **source,
            )
            tokenizer = AutoTokenizer.from_pretrained(empty, trust_remote_code=False, **source)
        except Exception as error:  # of many kinds, from transformers and gguf
            raise ModelError(
                f"'{file}' does not hold a causal language model that can be loaded: "
                f"{cause(error)}. Get the file again, or choose an architecture that transformers "
                "reads from GGUF."
            ) from error
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
