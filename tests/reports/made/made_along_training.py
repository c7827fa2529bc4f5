"""The made-up answer to `along_training`."""

from __future__ import annotations

from pathlib import Path

from made_names import CHECKPOINTS, write_csv


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `along_training` into a simulated run, which is to be sealed then.

    `baseline` gets better and harder to the end, `tuned` is hardest at epoch 20 and has a last checkpoint that failed
    for one detector.
    """
    rename, rows = rename or {}, []
    aucs = {("baseline", "cnn"): (1.0, 0.97, 0.9, 0.8), ("baseline", "linear-pixel"): (0.9, 0.7, 0.6, 0.55),
            ("tuned", "cnn"): (0.99, 0.9, 0.7, 0.85),
            ("tuned", "sentinel-content"): (0.99, 0.9, 0.8, None)}  # fmt: skip
    distances = {"baseline": (40, 20, 9, 4), "tuned": (30, 12, 6, 7)}
    for (generator, detector), values in aucs.items():
        about = {"generator": rename.get(generator, generator), "detector": rename.get(detector, detector)}
        about |= {"runs": 1, "family": "", "sampling": ""}
        about |= {"family": generator, "sampling": "truncation = None"} if generator == "baseline" else {}
        lowest = min(value for value in values if value)
        for name, auc, fd in zip(CHECKPOINTS, values, distances[generator], strict=True):
            place = {"checkpoint": name, "epoch": int(name[-4:]), "is_last": name == CHECKPOINTS[-1], "fd": fd}
            place |= {"fd_low": fd - 2, "fd_high": fd + 2, "note": "one training run" if auc else "1 of 1 cells failed"}
            frontier = (generator, name) in (("baseline", "epoch-0040"), ("tuned", "epoch-0020"))
            ends = {"value": auc, "low": auc - 0.05, "high": min(auc + 0.05, 1), "frontier": frontier} if auc else {}
            rows.append(about | {"kind": "auc", "lesson": "own"} | place | ends)
            if name != CHECKPOINTS[-1]:
                rows.append(about | {"kind": "auc", "lesson": "last"} | place | ends | {"frontier": ""})
        at = CHECKPOINTS[values.index(lowest)]
        hardest = {"kind": "hardest", "lesson": "own", "checkpoint": at, "value": int(at[-4:])}
        hardest |= {"low": 20, "high": 40, "epoch": 20} if generator == "baseline" else {"low": 20, "high": 20}
        together = {"kind": "together", "lesson": "own", "value": 0.9}
        told = {"low": 0.5, "high": 0.98, "note": "mean of 3 training runs"}
        short = {"note": "cannot tell: 4 points, of at least 6"}
        rows += [about | hardest | {"note": ""}, about | together | (told if generator == "baseline" else short)]
    (folder / "answers").mkdir(exist_ok=True)
    write_csv(folder / "answers" / "along_training.csv", rows)
