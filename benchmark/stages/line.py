"""The stages: plain functions from (parameters, input folders) to an output folder.

Read from top to bottom, this is the line that data take: real images and their ledger, a generator's training, a bank
of fakes, a detector's training, its scores, and their metrics.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import compute, parquet

from benchmark.findings.finding import found, frame
from benchmark.machine import runtime, seeds
from benchmark.machine.stopwatch import Stopwatch
from benchmark.plan.preparation import NO_TRAINING_PARTS, SMOKE_IMAGES
from benchmark.plan.stage import APPLY
from benchmark.plugins import adapt
from benchmark.plugins import resolve as plugins
from benchmark.processes import settings
from benchmark.quality import across, lesson
from benchmark.stages import bank, measurements, mixed, repeats, threshold, warm
from benchmark.stages.bank import BESIDE, DETECTOR_PARTS
from benchmark.stages.event_log import WHERE, EventLog
from benchmark.stages.job import Job, Progress, forget, instance, plugin, prepared, trained, write_json
from benchmark.stages.quality import train_extractor  # noqa: F401  run looks stages up by name
from benchmark.statistics.cells import metrics, probabilities, roc
from benchmark.store.checkpoints import INTERPOLATION, Checkpoints
from benchmark.store.png import grid, write_png
from benchmark.store.store import STATE, Store
from data.apportion import part_sizes
from data.duplicates import find_copies
from data.errors import UserError
from data.imageset import ImageSet
from data.ledger import Ledger, check_ledger, split
from detection.networks import saved_network

PREVIEW = 64  # images of the fixed latent batch
WAY = (6, 8)  # latent vectors of the interpolation, and images from one to the next
PREVIEW_SEED = 2014  # the year of the first GAN; any constant would do
SPARE = 1.25  # images that a smoke run takes for one that it needs: copies and images of one person are dropped
FEWEST = 4  # real images of a part: two halves of two for the control that calls one half fake


def prepare(job: Job) -> None:
    """Reads the real images and writes them with the ledger of which image serves which part."""
    source = plugins.make(plugin("datasets", job), job.where["options"], None)
    folders = [Path(folder) for folder in job.where["folders"]]
    images = adapt.call(source.load, folders, progress=job.progress)
    parts = job.params["parts"] or (None if job.params["trains"] else NO_TRAINING_PARTS)
    smoke = job.params["smoke"]  # how many images each part then has
    if smoke:
        images, parts = _fewer(images, parts, smoke, job.params["ledger_seed"])
    copies = find_copies(images.images, alike=images.groups is not None)
    ledger = split(images, seed=job.params["ledger_seed"], parts=parts, copies=copies)
    if smoke:
        fewer = {part: min(len(at), smoke[part]) for part, at in ledger.parts.items()}
        ledger = split(images, seed=job.params["ledger_seed"], parts=fewer, copies=copies)
    for part in DETECTOR_PARTS:
        if len(ledger.parts[part]) < FEWEST:
            received = f"{len(ledger.parts[part])} of {images.n} images"
            raise UserError(
                f"Every part that a detector sees needs at least {FEWEST} images. Received for {part}: {received}."
            )
    images.save(job.folder / "images")
    ledger.save(job.folder)
    height, width, channels = images.shape
    facts = {
        "name": images.name, "n": len(images.images), "digest": images.digest,
        "height": height, "width": width, "channels": channels, "levels": len(images.value_grid),
        "classes": list(images.classes), "notes": list(images.notes),
        "parts": {part: len(at) for part, at in ledger.parts.items()},
        "dropped": ledger.dropped["reason"].value_counts().to_dict(),
    }  # fmt: skip
    write_json(job.folder / "facts.json", facts)


def audit(job: Job) -> None:
    """Checks again, from the files, that no image, near-duplicate, identity or unit serves two parts.

    Copies are looked for twice: as the ledger does, and by another method.
    """
    images, ledger = prepared(job)
    try:
        check_ledger(images, ledger)
        row = found("FB001", "pass", value=0)
    except Exception as error:
        row = found("FB001", "alarm", value=1, advice=f"Do not use this run: {error}")
    frame([row, across.finding(images, ledger)]).to_csv(job.folder / "audit.csv", index=False)


def train_generator(job: Job) -> None:
    """Trains a generator and writes its checkpoints, each with the images of the fixed latent batch.

    The generator keeps its resumable state in a private folder, which survives a kill and goes when it is done.
    """
    images, ledger = prepared(job)
    generator = instance("generators", job)
    reals = _reals_for(generator, images, ledger)
    if job.where["seen"]:
        warm.refuse_overlap(job.where["seen"], images, ledger, warm.named(job.where["options"]))
        warm.note(job.folder, job.where["seen"])
    checkpoints = Checkpoints(job.folder)
    uses_sources = adapt.wants_sources(generator)
    events = EventLog(Path(job.where[WHERE])) if WHERE in job.where else None

    def on_checkpoint(name: str, trained: Any) -> None:
        with checkpoints.writing(name) as folder:
            adapt.save(trained, folder)
            at = _preview_reals(trained, len(reals.images))
            most = (PREVIEW, getattr(trained, "n_available", None), len(at) if uses_sources else None)
            n = min(limit for limit in most if limit is not None)
            wanted = adapt.requested(trained, reals, np.resize(at, n))
            given = np.array(reals.images[at[:n]]) if uses_sources else None
            preview = adapt.sample(trained, n, seed=PREVIEW_SEED, sources=given, shape=images.shape, labels=wanted)
            np.save(folder / "preview.npy", preview)
            pictures = {"samples": grid(preview)}
            if callable(getattr(trained, "preview", None)):  # its own picture of what it does, such as swaps both ways
                pictures["preview"] = trained.preview()
                write_png(folder / "preview.png", pictures["preview"])
        if events is not None:
            events.pictures(pictures)

    watch = Stopwatch(job.folder / "seconds")

    def progress(done: int, total: int, message: str) -> None:
        watch.tick()
        job.progress(done, total, message)

    with contextlib.closing(events) if events is not None else contextlib.nullcontext():
        fitted = adapt.fit_generator(
            generator, np.array(reals.images), reals.labels,
            classes=reals.classes, attributes=reals.attributes, attribute_names=reals.attribute_names,
            alike=images.groups is not None,  # what the ledger told near copies by
            folder=job.folder / STATE, on_checkpoint=on_checkpoint, progress=progress,
            on_logs=None if events is None else events.scalars, **seeds.keywords(job.params["seed"]),
        )  # fmt: skip
    if not checkpoints.names:
        on_checkpoint("final", fitted)
    if callable(getattr(fitted, "interpolate", None)):
        np.save(job.folder / INTERPOLATION, fitted.interpolate(*WAY, seed=PREVIEW_SEED))
    _history(fitted, job.folder / "training.csv")
    _history(fitted, job.folder / "classes.csv", "by_class")
    _history(fitted, job.folder / "reconstruction.csv", "reconstruction")
    facts = {
        "parameters": getattr(fitted, "parameters", None), "seconds": watch.stop(),
        "alarms": list(getattr(fitted, "alarms", [])), "notes": list(getattr(fitted, "notes", [])),
    }  # fmt: skip
    write_json(job.folder / "facts.json", facts)
    # Last of all: a process that is killed before goes on from the state.
    checkpoints.clean()
    shutil.rmtree(job.folder / STATE, ignore_errors=True)


def sample(job: Job) -> None:
    """Samples the banks of one checkpoint: as many fakes for each part as it has reals, on the reals' value grid."""
    images, ledger = prepared(job)
    folder = Checkpoints(job.inputs["trained"]).folder(job.params["checkpoint"])
    generator = adapt.load(instance("generators", job), folder)
    asked = {"seed": job.params["seed"], "traced": job.params.get("traces", True)}
    bank.write(job.folder, generator, images, ledger, checkpoint=folder.name, **asked)


def train_detector(job: Job) -> None:
    """Trains a detector on its training part, and fixes its threshold on the validation part."""
    images, ledger = prepared(job)
    detector = adapt.DetectorAdapter(instance("detectors", job))
    seed = job.params["seed"]
    changes = job.params.get("lesson", {})
    train, validation = (mixed.lesson(job.inputs, images, ledger, part, seed, **changes) for part in DETECTOR_PARTS[:2])
    _check_fits(detector.detector, train.images.shape[1:])
    order = np.random.default_rng(seed).permutation(len(train.images))  # no detector may rely on order
    started = time.perf_counter()
    # Copies: a foreign detector may write into what it is given, and these images are scored below.
    pair = (validation.images.copy(), validation.is_fake.copy())
    detector.fit(train.images[order], train.is_fake[order], pair, job.progress, _given(job) | seeds.keywords(seed))
    seconds = time.perf_counter() - started
    adapt.save(detector.detector, job.folder / "model")
    scored = _scored(validation, detector)
    cut = threshold.best_threshold(scored["score"].to_numpy(), validation.is_fake)
    scored.to_parquet(job.folder / "validation.parquet")
    _history(detector.detector, job.folder / "history.csv")
    facts = {
        "threshold": cut, "seconds": seconds, "parameters": getattr(detector.detector, "parameters", None),
        "n_train_real": int((~train.is_fake).sum()), "n_train_fake": int(train.is_fake.sum()),
    }  # fmt: skip
    write_json(job.folder / "facts.json", facts)


def discriminator(job: Job) -> None:
    """Writes a GAN's discriminator as a plain Keras file of images in [-1, 1], for the detector that scores by it.

    A generator whose images lie in another range inside its networks says so by its attribute `image_range`.
    """
    folder = Checkpoints(job.inputs["trained"]).folder("last")
    generator = adapt.load(instance("generators", job), folder)
    network, _ = generator.plain_networks()["discriminator"]
    low, high = getattr(generator, "image_range", (-1, 1))
    if (low, high) != (-1, 1):
        import keras

        images = keras.Input(network.input_shape[1:])
        flow = keras.layers.Rescaling((high - low) / 2, (high + low) / 2)(images)
        for part in network.layers if isinstance(network, keras.Sequential) else [network]:
            flow = part(flow)
        network = keras.Model(images, flow, name="discriminator")
    saved_network.save(network, job.folder / "discriminator.keras")


def score(job: Job) -> None:
    """Scores the test images with a trained detector; the validation scores stand beside them.

    Where it is asked for, so do those of the validation fakes of the exam's own bank, as a part of another name:
    nothing of the detector was set on them.
    """
    images, ledger = prepared(job)
    taught = trained(job)
    detector = taught.detector
    test = mixed.exam(job.inputs["bank"], images, ledger, job.params.get("perturbation"))
    started = time.perf_counter()
    tested = _scored(test, detector)
    seconds = time.perf_counter() - started
    if not seeds.is_ours(detector.detector):
        repeats.check_scores(detector.scores, test.images)
    parts = [tested, taught.validation]
    if job.params.get("beside"):
        fakes = mixed.fakes(job.inputs["bank"], images, ledger, DETECTOR_PARTS[1], job.params.get("perturbation"))
        parts.append(_scored(fakes, detector).assign(part=BESIDE))
    pd.concat(parts, ignore_index=True).to_parquet(job.folder / "scores.parquet")
    facts = {**taught.facts, "n_test_real": int((~test.is_fake).sum()), "n_test_fake": int(test.is_fake.sum())}
    write_json(job.folder / "facts.json", facts | {"milliseconds_per_image": 1000 * seconds / len(test.images)})


def measure(job: Job) -> None:
    """Measures the scores of the test part: metrics with intervals, the ROC curve, and the bins of reliability."""
    test = _tested(job.inputs["scored"] / "scores.parquet")
    cut = json.loads((job.inputs["scored"] / "facts.json").read_text())["threshold"]
    values, is_fake, units = test["score"], test["is_fake"], test["unit"]
    probability = None if np.isnan(test["probability"]).any() else test["probability"]
    measured = metrics.measure(values, is_fake, probability=probability, threshold=cut, groups=units)
    by_class = metrics.by_class(values, is_fake, test["label"], threshold=cut, groups=units)
    every = pd.concat([measured, by_class], ignore_index=True) if len(by_class) else measured.assign(label=np.nan)
    every.to_csv(job.folder / "metrics.csv", index=False)
    roc.roc(values, is_fake, groups=units).to_csv(job.folder / "roc.csv", index=False)
    known = slice(None) if probability is not None else slice(0)  # without probabilities a table without rows
    bins = probabilities.reliability(test["probability"][known], is_fake[known], groups=units[known])
    bins.to_csv(job.folder / "reliability.csv", index=False)


def _tested(path: Path) -> dict[str, np.ndarray]:
    """Returns the columns of the test images of a table of scores that metrics are made of, of what is missing NaN.

    pandas would take as long to read the table as the metrics take.
    """
    columns = ["label", "unit", "is_fake", "score", "probability"]  # names of images take as long as all these
    with parquet.ParquetFile(path) as file:
        table = file.read(columns=["part", *columns])
    at = compute.equal(table["part"], "test").to_numpy()
    found = {name: table[name].to_numpy()[at] for name in columns}
    return found | {name: found[name].astype(float) for name in ("label", "score", "probability")}


def _fewer(images: ImageSet, parts: Any, wanted: dict[str, int], seed: int) -> tuple[ImageSet, Any]:
    """Returns the few images that a smoke run needs, so that nothing is done to all, and its parts' sizes.

    Args:
        images: All.
        parts: Sizes of parts that the spec gives; `None` if it gives none.
        wanted: How many images each part of a smoke run has.
        seed: Of the draw.
    """
    official = np.full(images.n, "train") if images.official is None else images.official
    names, counts = np.unique(official, return_counts=True)
    # refuses what a whole run refuses
    sizes = part_sizes(dict(zip(names.tolist(), counts.tolist(), strict=True)), parts)
    most = dict.fromkeys(names.tolist(), SMOKE_IMAGES)
    if parts is None:
        fed = {name: sum(wanted[part] for part, (source, _) in sizes.items() if source == name) for name in most}
        parts = {part: wanted[part] / fed[source] for part, (source, _) in sizes.items()}
        most = {name: math.ceil(SPARE * n) for name, n in fed.items()}
    else:
        parts = {p: size if isinstance(size, float) else min(size, wanted[p]) for p, size in parts.items()}
    drawn = np.random.default_rng(seed).permutation(images.n)
    few = np.sort(np.concatenate([drawn[official[drawn] == name][: most[name]] for name in most]))
    return (images.take(few) if len(few) < images.n else images), parts


READS_LITTLE = APPLY | {"measure"}  # stages that need no memory: what the process has read last may stay
RESUMES = {"train_generator"}  # stages that go on from what a killed process left behind


def run(stage: dict[str, Any], store_root: str, progress: Progress) -> float:
    """Does one stage of a plan, given as `Stage.as_json()`, and puts its files into the store.

    Returns:
        The seconds that it took; 0 if the store had it.
    """
    import scipy.linalg  # noqa: F401  its BLAS must be there before it can be limited

    from benchmark.machine import blas

    if stage["function"] not in READS_LITTLE:
        forget()
    store = Store(Path(store_root))
    function = globals().get(stage["function"]) or measurements.function(stage["function"])
    inputs = {name: store.opened(*place) for name, place in stage["inputs"].items()}
    facts = {"params": stage["params"], "inputs": {name: key for name, (_, key) in stage["inputs"].items()}}

    planned = stage["params"].get("environment")
    computes = planned is not None and "threads" in planned  # reading data and measuring do not ask for a backend
    threads = int(planned["threads"]) if computes else 1
    settings.apply(int(stage["params"].get("seed") or 0))
    if computes:
        runtime.check(planned)

    def work(folder: Path) -> None:
        with blas.limited(threads):  # BLAS would give other bytes with other thread counts
            function(Job(stage["params"], stage["where"], inputs, folder, progress))
        if computes:
            runtime.check(planned)  # again, since the stage may have started the backend
        facts["devices"] = runtime.devices()

    return store.complete(stage["function"], stage["key"], facts, work, stage["function"] in RESUMES)


def _reals_for(generator: Any, images: ImageSet, ledger: Ledger) -> ImageSet:
    """Returns what a generator may see: its own part, or a detector's training part if it learns nothing from it."""
    reals = images.take(ledger.parts["generator-train"])
    if len(reals.images):
        return reals
    if getattr(generator, "trains", True):
        raise UserError("A generator that learns needs images. Received: a ledger without any for generator-train.")
    return images.take(ledger.parts["detector-train"])


def _preview_reals(trained: Any, n: int) -> np.ndarray:
    """Returns which of `n` real images a preview has its labels and sources from: mixed for a conditional generator,
    since images often lie sorted by class."""
    mixed = getattr(trained, "conditional", False)
    return (np.random.default_rng(PREVIEW_SEED).permutation(n) if mixed else np.arange(n))[:PREVIEW]


def _given(job: Job) -> dict[str, Path]:
    """Returns what a detector needs beside images, as keywords of its `fit`."""
    given: dict[str, Path] = {}
    if "extractor" in job.inputs:
        given["extractor"] = job.inputs["extractor"] / lesson.EXTRACTOR
        if not given["extractor"].exists():
            raise ValueError("There are too few real images to train the feature extractor that this detector needs.")
    if "discriminator" in job.inputs:
        given["discriminator"] = job.inputs["discriminator"] / "discriminator.keras"
    return given


def _check_fits(detector: Any, shape: tuple[int, ...]) -> None:
    smallest, channels = getattr(detector, "min_size", 1), getattr(detector, "channels", (1, 3))
    if min(shape[:2]) < smallest or shape[2] not in channels:
        needs = f"images of at least {smallest} px with {' or '.join(map(str, channels))} channels"
        raise ValueError(f"This detector needs {needs}. Received: {shape[0]}x{shape[1]} px with {shape[2]} channels.")


def _scored(images: bank.Labelled, detector: adapt.DetectorAdapter) -> pd.DataFrame:
    scores, probability = detector.both(images.images)
    return images.index.assign(score=scores, probability=np.nan if probability is None else probability)


def _history(trained: Any, path: Path, name: str = "history") -> None:
    history = getattr(trained, name, None)
    if isinstance(history, pd.DataFrame):
        history.to_csv(path, index=False)
