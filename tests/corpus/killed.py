"""Runs a run, kills it at random moments, and runs it again until it ends; started by a test.

    python -m tests.corpus.killed MODEL FILE FOLDER KILLS SEED

The model is loaded once; each run is a fork of this process, so that it begins at once and every
moment of it is as likely as any other.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import gaf_core as gaf
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.running import run
from gaf_core.corpus.texts import Source


def main(model: str, file: str, folder: str, kills: int, seed: int) -> None:
    explainer = gaf.BatchExplainer(model, ["relevance", "AGF"], threads=1)
    explainer({"text": ["a good film"]})  # everything is loaded
    source, draw = Source(Path(file)), random.Random(seed)

    def attempt(where: Path, seconds: float | None) -> bool:
        """Whether a run came to its end before it was killed."""
        child = os.fork()
        if child == 0:
            try:
                run(source, explainer, Folder(where), part=4)
                os._exit(0)
            except BaseException as error:
                print(error, file=sys.stderr, flush=True)
                os._exit(1)
        if seconds is not None:
            time.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFEXITED(status)

    began = time.perf_counter()
    attempt(Path(folder) / "undisturbed", None)
    whole = time.perf_counter() - began
    there = []
    for _ in range(kills):  # of the first of them each at most a part of the work survives
        attempt(Path(folder) / "killed", draw.uniform(0, whole / 4))
        parts = Path(folder) / "killed" / "parts"
        there.append(sorted(path.name for path in parts.glob("*")))
    attempt(Path(folder) / "killed", None)
    print(json.dumps({"whole": whole, "there": there}))


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
