"""The stages that show what detectors look at. They choose nothing: no number of the benchmark depends on them."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pandas as pd

from benchmark.plugins import adapt
from benchmark.stages import bank, mixed, picks
from benchmark.stages.job import Job, instance, prepared, trained_detector
from detection.networks.gradcam import NoFeatureMap

SAMPLE = 256  # images of each side that a mean heat map is of, at most


def explain(job: Job) -> None:
    """Writes the test images that a detector misjudges or doubts, and where its evidence lies, if it says so.

    `picks.csv` and `picks.npy` hold the images, `maps.npy` their heat maps `(n, h, w)`, `means.npy` the mean map of
    real and of fake test images `(2, h, w)`, and `weights.npy` a linear detector's weights `(planes, h, w)`.
    """
    images, ledger = prepared(job)
    test = mixed.exam(job.inputs["bank"], images, ledger, job.params.get("perturbation"))
    scores = pd.read_parquet(job.inputs["scored"] / "scores.parquet")
    scores = scores[scores["part"] == "test"].reset_index(drop=True)
    cut = float(json.loads((job.inputs["scored"] / "facts.json").read_text())["threshold"])
    chosen = picks.choose(scores["score"].to_numpy(), test.is_fake, cut)
    at = np.concatenate(list(chosen.values()))
    table = scores.iloc[at][["image_id", "label", "is_fake", "score", "probability"]]
    table.insert(0, "kind", np.repeat(list(chosen), [len(found) for found in chosen.values()]))
    table.assign(threshold=cut).to_csv(job.folder / "picks.csv", index=False)
    np.save(job.folder / "picks.npy", test.images[at])

    detector = adapt.DetectorAdapter(instance("detectors", job))
    weighs = callable(getattr(detector.detector, "weights_image", None))
    if not detector.explains and not weighs:
        return
    detector = trained_detector(job)
    if detector.explains:
        sides = [test.images[_sample(test.is_fake == side)] for side in (False, True)]
        with contextlib.suppress(NoFeatureMap):  # a network that sees images as a whole: then there are no maps
            maps = detector.heat_maps(test.images[at])
            np.save(job.folder / "maps.npy", maps.astype(np.float32))
            np.save(job.folder / "means.npy", np.stack([detector.heat_maps(side).mean(axis=0) for side in sides]))
    if (weights := detector.weights_image()) is not None:
        np.save(job.folder / "weights.npy", weights)


def spectra(job: Job) -> None:
    """Writes the mean spectra of real and fake test images, `spectra.npy` `(2, h, w)`, and their profiles."""
    from benchmark.stages.spectra import mean_spectrum, profile_table

    images, ledger = prepared(job)
    test = bank.labelled(job.inputs["bank"], images, ledger, "test")
    (real, reals), (fake, fakes) = (mean_spectrum(test.images[test.is_fake == side]) for side in (False, True))
    np.save(job.folder / "spectra.npy", np.stack([real, fake]))
    profile_table(reals, fakes, min(images.shape[:2])).to_csv(job.folder / "spectra.csv", index=False)


def _sample(wanted: np.ndarray) -> np.ndarray:
    """Returns up to `SAMPLE` positions of those wanted, drawn once and for all, since images often lie sorted."""
    return np.sort(np.random.default_rng(0).permutation(np.flatnonzero(wanted))[:SAMPLE])
