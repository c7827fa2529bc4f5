"""The made-up answer to `robustness`."""

from __future__ import annotations

import itertools
from pathlib import Path

from made_names import write_csv


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `robustness` into a simulated run, which is to be sealed then.

    JPEG costs two detectors much, and training with it gives that back; noise costs nothing; and a chain hides `tuned`
    from both, whatever they learned from.
    """
    rename, rows = rename or {}, []
    aucs = {
        ("none", "none"): (0.99, 0.95), ("jpeg-90", "none"): (0.9, 0.8), ("jpeg-50", "none"): (0.7, 0.52),
        ("jpeg-90", "same"): (0.95, 0.93), ("jpeg-50", "same"): (0.9, 0.91), ("noise-2", "none"): (0.985, 0.945),
        ("noise-2", "same"): (0.985, 0.945), ("resize-0.5+jpeg-75", "none"): (0.6, 0.51),
        ("resize-0.5+jpeg-75", "same"): (0.62, 0.51),
    }  # fmt: skip
    names = [(generator, detector) for generator in ("baseline", "tuned") for detector in ("cnn", "linear-pixel")]
    for (generator, detector), (place, both) in itertools.product(names, aucs.items()):
        at = detector == "linear-pixel"
        pair = (0.51, 0.5) if generator == "tuned" and "+" in place[0] else both
        kind, _, strength = place[0].partition("-") if "+" not in place[0] else (place[0], "", "")
        about = {
            "generator": rename.get(generator, generator), "detector": rename.get(detector, detector),
            "preprocess": "none", "perturbation": place[0], "kind": "" if kind == "none" else kind,
            "strength": strength, "train": place[1], "runs": 3, "note": "mean of 3 training runs",
        }  # fmt: skip
        numbers = {"auc": pair[at], "tpr": 0.8, "fpr": 0.1}
        numbers |= {"drop": aucs["none", "none"][at] - pair[at]} if place[0] != "none" else {}
        numbers |= {"regained": pair[at] - aucs[place[0], "none"][at]} if place[1] == "same" else {}
        for metric, value in numbers.items():
            told = "" if metric in ("auc", "tpr", "fpr") else "above 0" if value > 0.03 else "no"
            rows.append(about | {"metric": metric, "value": value, "low": value - 0.03, "high": value + 0.03}
                        | {"told": told})  # fmt: skip
    (folder / "answers").mkdir(exist_ok=True)
    write_csv(folder / "answers" / "robustness.csv", rows)
