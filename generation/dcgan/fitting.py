"""How a DCGAN is trained: its program in the loop, its checkpoints, its alarms.

Imports Keras: import this inside functions only.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from generation import fitting
from generation.dcgan import studies
from generation.dcgan.adversary import Adversary
from generation.dcgan.class_scores import by_class
from generation.dcgan.sampler import Sampler
from generation.latents import draw
from generation.learner import Told
from generation.training.backend import backend
from generation.training.ema import BATCH, BATCHES, SEED, estimate_statistics
from generation.training.health import Health, diversity
from generation.training.state import digest
from generation.training.step import call, to_range
from generation.training.trainer import Trainer, Turns

if TYPE_CHECKING:
    from generation.dcgan.generator import DCGAN

WATCHED = 64  # images of the fixed batch that the collapse alarm looks at
JUDGED = 128  # fixed, as of a sampler: a matrix product's last bits may depend on the batch size
SCORED = 2048  # real images, at most, that the discriminator's accuracy on each class is taken from


def turns(generator: DCGAN, images: np.ndarray, labels: np.ndarray | None, told: Told) -> Turns:
    """Trains a DCGAN, as its `fit` says, while someone else does the steps: see `generation.training.trainer.drive`."""
    study, seed = generator.study, generator.random_state or 0
    generator.image_shape = images.shape[1:]
    conditions = np.zeros((len(images), 0), np.float32)
    if generator.conditions is not None:
        conditions = generator.conditions.vectors(labels)
    times = studies.doublings(generator.architecture, study, images.shape[1:])
    settings: dict[str, Any] = {"conditions": conditions.shape[1], "seed": seed, "precision": generator.precision}
    adversary = Adversary(study, images.shape[1:], times, **settings)
    options = {**generator.options(), "images": digest(images.shape, images, conditions), "seed": seed}
    # Before the trainer: its options must name what the weights came from, or a state of other ones would go on.
    if generator.warm_start is not None:
        options["warm_start"] = fitting.warm_start(
            adversary, Path(generator.warm_start), f"{generator.kind} with both its networks"
        )
    sample = np.random.default_rng(seed).permutation(len(images))[: 8 * WATCHED]
    game = study.label_smoothing, study.label_noise, study.gradient_penalty + study.r1 + study.r2
    # Sorted, since the images may be a memory map.
    health = Health(diversity(images[np.sort(sample)]), study.loss, study.epochs, *game)
    scores: list[Any] = []
    shown: list[Any] = []  # names of the checkpoints that are done
    notes = {"rows": health.rows, "alarms": health.alarms, "by_class": scores, "checkpoints": shown}
    advice = f" A smaller learning_rate may help. Received: learning_rate={study.learning_rate}."
    keywords: dict[str, Any] = {"epochs": study.epochs, "options": options, "notes": notes, "advice": advice}
    trainer = Trainer(adversary, images, conditions, **keywords)

    sampler, judge = generator.make_sampler(), _judge(adversary)
    watched = draw(WATCHED, study.latent_dim, seed, study.latent), _mixed(conditions, WATCHED, seed)

    def watch(epoch: int) -> list[str]:
        now = [np.asarray(v) for v in adversary.generator.variables]
        history = trainer.history.tail(trainer.steps // study.epochs)
        logs = {name: float(history[name].mean()) for name in ("d_loss", "d_real", "d_fake")}
        with fitting.lent(sampler, now):
            images_now = sampler.draw(*watched)
        return health.check(epoch, images_now, logs, int(history["step"].iloc[-1]))

    def take(name: str) -> None:
        trained = {name: [np.asarray(v) for v in network.variables] for name, network in adversary.networks.items()}
        sampler.set(trained["generator"])
        if adversary.average is not None:
            _use_average(sampler, adversary, conditions, times)
        generator.use(sampler, trained)
        if generator.conditions is not None:
            frame = _class_scores(judge, sampler, images, conditions, labels, generator)
            scores[:] = [row for row in scores if row["checkpoint"] != name]
            scores.extend(frame.assign(checkpoint=name).to_dict("records"))

    def report() -> None:
        if scores:
            frame = pd.DataFrame(scores)
            generator.by_class = frame[["checkpoint", *[name for name in frame if name != "checkpoint"]]]

    return fitting.turns(
        generator, trainer, told, shown=shown, alarms=health.alarms, take=take, watch=watch, report=report
    )


def _use_average(sampler: Sampler, adversary: Adversary, conditions: np.ndarray, times: int) -> None:
    """Gives the sampler the averaged weights, and batch statistics that fit them."""
    study = adversary.study
    for variable, value in zip(sampler.network.trainable_variables, adversary.average.variables, strict=True):  # type: ignore[union-attr]
        variable.assign(value)
    vectors = draw(BATCHES * BATCH, study.latent_dim, SEED, study.latent).reshape(BATCHES, BATCH, -1)
    wanted = _mixed(conditions, BATCHES * BATCH, SEED).reshape(BATCHES, BATCH, conditions.shape[1])
    estimate_statistics(sampler.network, ([z, c] if c.shape[1] else z for z, c in zip(vectors, wanted, strict=True)))


def _mixed(conditions: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Returns `n` condition vectors of the training, each as often as the others: images may lie sorted by class."""
    order = np.random.default_rng(seed).permutation(len(conditions))
    return conditions[np.resize(order, n)]


def _judge(adversary: Adversary) -> Callable[..., np.ndarray]:
    """Returns the discriminator's logits of `JUDGED` images 0 to 255 and their conditions, both float32."""
    shapes = (JUDGED, *adversary.image_shape), (JUDGED, adversary.conditions)
    output = adversary.study.output
    return backend().compiled(lambda x, c: call(adversary.discriminator, to_range(x, output), c, False)[:, 0], *shapes)


def _class_scores(
    judge: Callable[..., np.ndarray], sampler: Sampler, images: np.ndarray, conditions: np.ndarray, labels: Any,
    generator: DCGAN,
) -> pd.DataFrame:  # fmt: skip
    study, n = generator.study, JUDGED
    at = np.sort(np.random.default_rng(0).permutation(len(images))[:SCORED])
    fakes = sampler.draw(draw(len(at), study.latent_dim, 0, study.latent), conditions[at])
    logits = []
    for part in (np.asarray(images[at]), fakes):
        scored = np.empty(len(at), np.float32)
        for start in range(0, len(at), n):
            rows = slice(start, start + n)
            # compiled for one shape, so the last rows are filled up
            full, wanted = (np.zeros((n, *each.shape[1:]), np.float32) for each in (part, conditions))
            k = len(part[rows])
            full[:k], wanted[:k] = part[rows], conditions[at][rows]
            scored[rows] = judge(full, wanted)[:k]
        logits.append(scored)
    assert generator.conditions is not None  # noqa: S101  for the type checker
    return by_class(study.loss, logits[0], logits[1], generator.conditions.groups(np.asarray(labels)[at]))
