"""`python -m gaf_core.flow`: compile the solver now rather than at the first solve, and keep it."""

import time

import numpy as np

from gaf_core.flow import max_flow, solve
from gaf_core.network import FlowNetwork

if __name__ == "__main__":
    began = time.perf_counter()
    network = FlowNetwork.from_information(np.ones((2, 3, 3)))
    assert np.isclose(solve(network).value, max_flow(network).value, rtol=1e-5)
    print(f"solver ready in {time.perf_counter() - began:.1f} s")
