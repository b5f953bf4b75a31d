"""The compiled solver, loaded before the first solve, whose time is then that of the solve."""

from functools import cache

import numpy as np

from gaf_core.flow import ambiguity, max_flow, solve
from gaf_core.network import FlowNetwork


@cache
def prepare() -> None:
    """Load the compiled code of everything in this folder, which takes half a second.

    Where it was never compiled, it is now, which takes about a minute.
    """
    # large enough for a helper (`team`), whose part is compiled apart
    network = FlowNetwork.from_information(np.ones((3, 128, 128)))
    assert np.isclose(solve(network).value, max_flow(network).value, rtol=1e-5)
    assert (ambiguity(network)[:, 1] >= solve(network).scores * (1 - 1e-5)).all()
