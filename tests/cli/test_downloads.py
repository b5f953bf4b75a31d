"""A model of the hub on the command line, from a hub on this computer."""

import re

from gaf_core.cli import main
from tests.support.fake_hub import instead_of_the_hub
from tests.support.models import save_tiny

TEXT = "a good film not bad"


def test_what_a_download_takes_is_printed_before_it_starts(tmp_path, monkeypatch, capsys):
    folder = save_tiny(tmp_path / "model")
    arguments = ["explain", TEXT, "--model", "someone/tiny"]
    with instead_of_the_hub({"someone/tiny": folder}, tmp_path / "cache", monkeypatch):
        assert main(arguments) == 0
        first = capsys.readouterr()
        assert main(arguments) == 0
        again = capsys.readouterr()
    assert re.search(
        r"^'someone/tiny' is downloaded: 0\.\d MB, and [\d,.]+ MB are free on the disk\.$",
        first.err, re.MULTILINE,
    )  # fmt: skip
    assert "is downloaded" not in again.err, "all of it is here"
    assert first.out == again.out
