"""`python -m gaf_core.flow`: compile the solver now rather than at the first solve, and keep it."""

import time

from gaf_core.flow.ready import prepare

if __name__ == "__main__":
    began = time.perf_counter()
    prepare()
    print(f"solver ready in {time.perf_counter() - began:.1f} s")
