"""The Python of the README runs as it is written, and its links lead somewhere."""

import re
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.models.test_hub import connect
from tests.models.test_smollm2 import installed
from tests.support import documents
from tests.support.fake_hub import FakeHub, serving
from tests.support.models import save_tiny

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


HUB = "distilbert/distilbert-base-uncased-finetuned-sst-2-english"


@pytest.fixture
def hub_of_our_own(tmp_path, monkeypatch):
    """Answers for the hub with a small model, from this computer."""
    with serving(FakeHub({HUB: save_tiny(tmp_path / "repository")})) as hub:
        connect(monkeypatch, hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        yield


@pytest.mark.usefixtures("hub_of_our_own")
def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = documents.blocks(README)
    assert len(found) >= 5
    kept = [block for block in found if "smollm2" not in block.code or installed()]
    printed = "".join(one.printed for one in documents.run(kept, "README.md"))
    assert "Eiffel" in printed or not installed()


def test_the_listing_names_what_is_in_this_folder():
    (listing,) = re.findall(r"<!-- listing -->(.*?)<!-- end -->", README, flags=re.DOTALL)
    named = [name.rstrip("/") for name in re.findall(r"`([^`]+)`", listing)]
    assert all((ROOT / name).exists() for name in named)
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if kept.returncode:
        pytest.skip("what is in the repository is known to git alone")
    tops = {line.split("/")[0] for line in kept.stdout.splitlines()}
    assert sorted(named) == sorted(name for name in tops if not name.startswith("."))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_local_links_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)  # an index and a call look like a link
    targets = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r'src="([^":]+)"', text)
    assert targets
    missing = [target for target in targets if not (ROOT / target).exists()]
    assert not missing
