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


def main() -> None:
    name, batch = sys.argv[1], int(sys.argv[2])
    name, _, level = name.partition(" @")
    if level:  # an instruction set, which oneDNN is held at
        os.environ["ONEDNN_MAX_CPU_ISA"] = level
    if name.startswith("ours"):  # others have their framework's own choice of threads
        inter = 1 if name in ("ours alone", "ours beside") else 2
        os.environ["TF_NUM_INTRAOP_THREADS"], os.environ["TF_NUM_INTEROP_THREADS"] = "1", str(inter)
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
