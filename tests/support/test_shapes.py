"""The shapes that signatures promise are checked in the tests, and cost nothing elsewhere."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import TypeCheckError

import gaf_core as gaf

ROOT = Path(__file__).resolve().parents[2]
WRONG = """
import numpy as np, sys
from gaf_core import FlowNetwork, solve
solution = solve(FlowNetwork.from_information(np.ones((2, 3, 3))))
type(solution)(**(vars(solution) | {"edge_flow": np.ones((2, 3, 4))}))
assert "beartype" not in sys.modules
"""


def test_what_has_another_shape_or_kind_is_found():
    network = gaf.FlowNetwork.from_information(np.ones((2, 3, 3)))
    solution = gaf.solve(network)
    with pytest.raises(TypeCheckError, match="cut"):
        gaf.flow.cut_nodes(network, np.ones((3, 3)))  # numbers, not truth values
    with pytest.raises(TypeCheckError, match="edge_flow"):
        type(solution)(**(vars(solution) | {"edge_flow": np.ones((2, 3, 4))}))


def test_outside_the_tests_nothing_is_checked():
    subprocess.run([sys.executable, "-c", WRONG], cwd=ROOT, check=True)
