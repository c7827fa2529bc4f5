"""Made-up answers to the questions of sets, sources and the profile, for a simulated run of `baseline` and `tuned`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SIZES = (1, 4, 16)
AUCS = {("baseline", "cnn"): (0.97, 0.995, 1.0), ("tuned", "cnn"): (0.7, 0.86, 0.98),
        ("baseline", "linear-dct"): (0.8, 0.95, 0.999), ("tuned", "linear-dct"): (0.6, 0.7, 0.84)}  # fmt: skip
NEEDED = {("baseline", "cnn"): (3, 2, 4), ("baseline", "linear-dct"): (11, 6, ""), ("tuned", "linear-dct"): ("", 9, "")}
SAID = {"": (0.9, 0.02, 0.08), "baseline": (0.1, 0.85, 0.05), "tuned": (0.3, 0.2, 0.5)}
PROFILE = {"clean": 0.9, "few_shot": 0.8, "unseen": 0.7, "processed": 0.6}


def write(folder: Path, rename: dict[str, str] | None = None) -> None:
    """Writes the three tables; the folder is then to be sealed.

    Args:
        folder: A run folder of `write_run`.
        rename: As given to that.
    """
    names = {name: (rename or {}).get(name, name) for name in ("baseline", "tuned", "cnn", "linear-dct", "")}
    (folder / "answers").mkdir(exist_ok=True)
    _sets(names).to_csv(folder / "answers" / "sets.csv", index=False)
    _sources(names).to_csv(folder / "answers" / "sources.csv", index=False)
    _profile(names).to_csv(folder / "answers" / "profile.csv", index=False)


def _sets(names: dict[str, str]) -> pd.DataFrame:
    rows = []
    for (generator, detector), aucs in AUCS.items():
        about = {"ledger_seed": 0, "generator": names[generator], "detector": names[detector], "runs": 3, "note": ""}
        for scope in ("cell", "configuration"):
            for m, auc in zip(SIZES, aucs, strict=True):
                ends = {"value": auc, "low": auc - 0.05, "high": min(auc + 0.05, 1)}
                rows.append(about | {"scope": scope, "measure": "auc", "m": m} | ends)
            value, low, high = NEEDED.get((generator, detector), ("", "", ""))
            note = "" if (generator, detector) in NEEDED else "cannot tell: 3 real images; an interval needs 4"
            ends = {"value": value, "low": low, "high": high, "note": note}
            rows.append(about | {"scope": scope, "measure": "images_for_99", "m": 16} | ends)
    return pd.DataFrame(rows)


def _sources(names: dict[str, str]) -> pd.DataFrame:
    about = {"ledger_seed": 0, "scope": "configuration", "runs": 3, "note": ""}
    rows = [
        about | {"measure": "said", "made_by": names[made], "said": names[said], "value": share, "low": share - 0.02,
                 "high": share + 0.02, "n": 900}
        for made, shares in SAID.items() for said, share in zip(SAID, shares, strict=True)
    ]  # fmt: skip
    whole = {"measure": "right", "made_by": "all", "value": 0.75, "low": 0.7, "high": 0.8, "n": 2700}
    return pd.DataFrame([*rows, about | whole | {"note": "left out, since a cell of it has failed: spectrum"}])


def _profile(names: dict[str, str]) -> pd.DataFrame:
    rows = []
    for generator, less in (("baseline", 0.0), ("tuned", 0.2)):
        about = {"generator": names[generator], "detector": names["cnn"], "runs": 3, "note": "mean of 3 training runs"}
        for number, value in PROFILE.items():
            ends = {"value": value - less, "low": value - less - 0.03, "high": value - less + 0.03}
            of = {"few_shot": "50 real images and 50 fakes to learn from", "processed": "jpeg-75"}.get(number, "")
            rows.append(about | {"number": number, "measure": "auc", "about": of} | ends)
        ends = {"value": "" if less else 3, "low": 9 if less else 2, "high": "" if less else 4}
        rows.append(about | {"number": "pooled", "measure": "images_for_99", "about": "sets of at most 16"} | ends)
    return pd.DataFrame(rows)
