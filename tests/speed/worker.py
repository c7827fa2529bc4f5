"""One contestant in its own process, so that each framework has its own thread settings.

It prints one JSON line when it is ready, then waits: for each line on its standard input, a number of steps, it runs
them and prints the seconds that they took. While it waits it uses no processor time.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

THREADS = {  # intra-op, inter-op; None: the framework's own choice
    "ours alternating": (1, 2),
    "ours simultaneous": (1, 2),
    "ours alternating bfloat16": (1, 2),
    "ours simultaneous bfloat16": (1, 2),
    "ours alternating stable": (1, 2),
    "ours alternating stable bfloat16": (1, 2),
    "ours simultaneous stable": (1, 2),
    "ours alone": (1, 1),
    "ours beside": (1, 1),
}


def main() -> None:
    name, batch = sys.argv[1], int(sys.argv[2])
    if name in THREADS:
        intra, inter = THREADS[name]
        os.environ["TF_NUM_INTRAOP_THREADS"], os.environ["TF_NUM_INTEROP_THREADS"] = str(intra), str(inter)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    here = Path(__file__).resolve().parent
    sys.path[:0] = [str(here), str(here.parents[1])]
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a framework prints must not look like an answer
    module = importlib.import_module("torch_loop" if name.startswith("pytorch") else "keras_loops")
    run, facts = module.contestant(name, batch)
    run(3)
    print(json.dumps(facts), file=answers, flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        run(int(line))
        print(json.dumps(time.perf_counter() - start), file=answers, flush=True)


if __name__ == "__main__":
    main()
