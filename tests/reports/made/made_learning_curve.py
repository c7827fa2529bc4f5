"""The made-up answer to `learning_curve`."""

from __future__ import annotations

from pathlib import Path

from made_names import write_csv


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the made-up answer of `learning_curve` into a simulated run, which is to be sealed then.

    `baseline` is easy from the first size on for one detector; nothing finds `tuned` well, and one detector failed.
    """
    rename, rows = rename or {}, []
    aucs = {("baseline", "cnn"): (0.95, 0.97, 0.999), ("baseline", "linear-pixel"): (0.6, 0.8, 0.93),
            ("tuned", "cnn"): (0.55, 0.6, 0.7), ("tuned", "linear-pixel"): (None, 0.55, 0.6),
            ("tuned", "sentinel-content"): (0.9, 0.95, 0.97)}  # fmt: skip
    needed = {("baseline", "cnn"): (8, None, 8), ("baseline", "linear-pixel"): (300, 64, None),
              ("tuned", "sentinel-content"): (8, None, 64)}  # fmt: skip
    for (generator, detector), values in aucs.items():
        about = {"generator": rename.get(generator, generator), "detector": rename.get(detector, detector)}
        for n, auc in zip((8, 64, 300), values, strict=True):
            train, fakes = n * 2 // 3, min(n, 200)
            row = {"kind": "auc", "n": n, "n_train_real": train, "n_train_fake": min(train, fakes), "n_real": n}
            row |= {"n_validation_real": n - train, "n_fake": fakes, "all_images": n == 300, "runs": 1, "value": auc}
            row |= {"draws": 5 if n < 300 else 1, "note": "mean of 5 draws" if auc else "5 of 5 trainings failed"}
            ends = {"low": auc - 0.04, "high": min(auc + 0.04, 1)} if auc else {}
            rows.append(about | row | ends)
        value, low, high = needed.get((generator, detector), (None, 300, None))
        note = "not reached" if value is None else "at or below the smallest number" if value == 8 else ""
        for threshold in (0.75, 0.9, 0.99):
            numbers = {"threshold": threshold, "value": value, "low": low, "high": high}
            rows.append(about | {"kind": "needed", "note": note} | numbers)
    (folder / "answers").mkdir(exist_ok=True)
    write_csv(folder / "answers" / "learning_curve.csv", rows)
