"""`python -m gaf_core.flow`: compile the solver now rather than at the first solve, and keep it."""

import time
from functools import partial

from gaf_core.flow.ready import prepare_aloud

if __name__ == "__main__":
    began = time.perf_counter()
    prepare_aloud(partial(print, flush=True))
    print(f"solver ready in {time.perf_counter() - began:.1f} s")
