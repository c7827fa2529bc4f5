"""How many reals and fakes each part holds, said where the two differ."""

from __future__ import annotations

import pandas as pd

from reports import numbers
from reports.load import Run

VALIDATION = "detector-validation"
PARTS = (("training", "n_train"), ("validation", "n_validation"), ("test", "n_test"))


def unequal(run: Run) -> list[str]:
    """Returns a sentence for each generator whose fakes are not as many as the reals beside them, in any part."""
    cells = run.main_cells
    cells = cells[(cells["status"] == "done") & (cells["purpose"] != "control")].drop_duplicates("generator")
    cells = cells.merge(_validation(run, list(cells["cell"])), on="cell", how="left")
    out = []
    for cell in cells.to_dict("records"):
        counts = [(part, cell[f"{name}_real"], cell[f"{name}_fake"]) for part, name in PARTS]
        known = [(part, int(real), int(fake)) for part, real, fake in counts if real == real and fake == fake]
        if any(real != fake for _, real, fake in known):
            said = [
                f"{numbers.plural(real, 'real')} and {numbers.plural(fake, 'fake')} for {p}" for p, real, fake in known
            ]
            out.append(
                f"{cell['generator']} has unequal sets: {'; '.join(said)}. Accuracy is mostly that of the larger side: "
                "read the balanced accuracy beside it."
            )
    return out


def _validation(run: Run, cells: list[str]) -> pd.DataFrame:
    """Returns the validation images of each cell, by side."""
    rows = pd.read_parquet(
        run.folder / "scores.parquet", columns=["cell", "is_fake"], filters=[("part", "==", VALIDATION)]
    )
    rows = rows.assign(cell=rows["cell"].astype(str), is_fake=rows["is_fake"].astype(bool))
    fakes = rows[rows["cell"].isin(cells)].groupby("cell")["is_fake"].agg(["size", "sum"])
    counts = {"n_validation_real": fakes["size"] - fakes["sum"], "n_validation_fake": fakes["sum"]}
    return pd.DataFrame({"cell": fakes.index, **{name: count.to_numpy() for name, count in counts.items()}})
