"""CITATION.cff and CHANGELOG.md say what the package is."""

import re

import yaml

import gaf_core as gaf
from gaf_core.reading.rows import CITATION, PAPER
from tests.support.installing import PROJECT, ROOT


def test_the_citation_is_of_this_version_and_of_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == gaf.__version__
    assert citation["keywords"] == PROJECT["keywords"]
    (paper,) = citation["references"]
    named = [f"{one['given-names']} {one['family-names']}" for one in paper["authors"]]
    assert CITATION.startswith(f"{' and '.join(named)}. {paper['title']}. ACL {paper['year']}")
    assert PAPER in {one["value"] for one in paper["identifiers"]}


def test_the_changelog_has_this_version_and_its_kinds_of_change():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(.+?)\]", text, flags=re.M)
    assert versions[0] == "Unreleased"
    assert gaf.__version__ in versions or f"becomes {gaf.__version__}" in text
    kinds = re.findall(r"^### (.+)$", text, flags=re.M)
    assert kinds
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
