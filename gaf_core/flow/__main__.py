"""`python -m gaf_core.flow`: compile the solver now rather than at the first solve, and keep it."""

import time

import numpy as np

from gaf_core.flow import ambiguity, max_flow, solve
from gaf_core.network import FlowNetwork

if __name__ == "__main__":
    began = time.perf_counter()
    # large enough for a helper (`team`), whose part is compiled apart
    network = FlowNetwork.from_information(np.ones((3, 128, 128)))
    assert np.isclose(solve(network).value, max_flow(network).value, rtol=1e-5)
    assert (ambiguity(network)[:, 1] >= solve(network).scores * (1 - 1e-5)).all()
    print(f"solver ready in {time.perf_counter() - began:.1f} s")
