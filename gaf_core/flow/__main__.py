"""`python -m gaf_core.flow`: compile the solver now rather than at the first solve, and keep it."""

import time

from gaf_core.flow.ready import compiled, prepare


def main() -> None:
    began, new = time.perf_counter(), not compiled()

    def show(done: int, total: int) -> None:
        if new and done < total:
            print(f"compiling the solver, about half a minute: {done + 1} of {total}", flush=True)

    prepare(show)
    print(f"solver ready in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
