"""Another program's scores, from `fauxbench export` to the table of results."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from benchmark.use import api
from benchmark.use.export import export

pytestmark = pytest.mark.slow  # a whole run, twice

SPEC = """
name = "scored"
[dataset]
name = "digits"
limit = 600
[[generator]]
kind = "gaussian"
[[detector]]
kind = "external"
path = "exported"
[quality]
enabled = false
"""


def mean_at_the_border(path) -> float:
    """What the other program scores by: how bright the border of a digit is, which differs a little for fakes."""
    image = np.asarray(Image.open(path), dtype=float)
    return float(image.sum() - image[1:-1, 1:-1].sum())


def measured(run) -> np.ndarray:
    """The area under the curve of external against the Gaussian's fakes."""
    wanted = {"metric": "auc", "scope": "cell", "generator": "gaussian", "detector": "external"}
    rows = run.metrics[np.logical_and.reduce([run.metrics[name] == value for name, value in wanted.items()])]
    return rows["value"].to_numpy(float)


def test_exported_images_scored_elsewhere_are_measured_like_the_rest(finished, tmp_path):
    shutil.copytree(finished / "runs", tmp_path / "runs")
    first = api.load(tmp_path / "runs" / "images")
    assert "noise" in set(first.cells["generator"])
    folder = tmp_path / "exported"
    export(tmp_path / "runs" / "images", out=folder, generators=["gaussian", "noise"])
    tables = {}
    for part in ("validation", "test"):
        table = pd.read_csv(folder / part / "metadata.csv")
        table["score"] = [mean_at_the_border(folder / part / name) for name in table["file_name"]]
        table = table.sample(frac=1, random_state=1)  # no row stands where its image does
        table.to_csv(folder / part / "metadata.csv", index=False)
        tables[part] = table
    (tmp_path / "scored.toml").write_text(SPEC)
    run = api.run(tmp_path / "scored.toml", out=tmp_path / "runs" / "scored")
    assert not run.failures
    test = tables["test"]
    mine = test[(test["is_fake"] == 0) | (test["generator"] == "gaussian")]
    expected = roc_auc_score(mine["is_fake"], mine["score"])
    np.testing.assert_allclose(measured(run), [expected], atol=1e-12)
    assert 0.5 < expected < 1

    test.drop(columns="score").assign(score=-test["score"]).to_csv(folder / "test" / "metadata.csv", index=False)
    turned = api.run(tmp_path / "scored.toml", out=tmp_path / "runs" / "turned")  # other scores, another result
    np.testing.assert_allclose(measured(turned), [1 - expected], atol=1e-12)

    shutil.rmtree(folder / "test")
    failed = api.run(tmp_path / "scored.toml", out=tmp_path / "runs" / "failed")
    assert "images have no score" in str(failed.failures)
