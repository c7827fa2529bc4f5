"""Made-up people of two groups, other people, and generators whose swaps are known to be perfect or none at all."""

import json
from typing import ClassVar

import numpy as np

from data.imageset import ImageSet


def draw(persons, each, seed=0, *, apart=55, own=40):
    """Returns images `(n, 16, 16, 1)` and who they show.

    The lower half shows the person, as a symmetrical pattern; the upper half is different in every image and louder.
    Persons with an odd number are one group, and the others are another: their patterns are around one of two, which
    are `apart` from the middle; a person is up to `own` away from that of the group.
    """
    rng = np.random.default_rng(seed)
    group = apart * np.sign(np.random.default_rng(7).normal(size=(4, 4)))
    half = 120 + rng.uniform(-own, own, (max(persons) + 1, 4, 4))
    half += np.where(np.arange(len(half)) % 2 == 1, 1, -1)[:, None, None] * group
    identity = np.repeat(persons, each)
    pattern = np.concatenate([half, half[:, :, ::-1]], axis=2).repeat(2, axis=1).repeat(2, axis=2)[identity]
    noise = rng.uniform(0, 255, (len(identity), 4, 4)).repeat(2, axis=1).repeat(4, axis=2)
    images = np.concatenate([noise, pattern], axis=1) + rng.normal(0, 8, (len(identity), 16, 16))
    return np.clip(images, 0, 255).astype(np.uint8)[..., None], identity.astype(np.int64)


class People:
    """`persons` people with `each` images, of two groups; with `pair`, two people with images of their own.

    The groups are so far apart that whoever learns to tell persons apart finds each nearest to their own group. Were
    they less, a perfect swap would transfer as much as an embedding happens to learn of groups that it is not told of.
    """

    looks: ClassVar = {"apart": 95, "own": 27}

    def __init__(self, *, persons=70, each=6, pair=False, named=True):
        self.persons, self.each, self.pair, self.named = persons, each, pair, named

    def load(self, folders=()):
        if self.pair:
            images, identity = draw([0, 1], 60, **self.looks)
            return self._made(images, identity, ("anna", "bert"), None)
        images, identity = draw(list(range(self.persons)), self.each, **self.looks)
        return self._made(images, identity % 2, ("even", "odd"), identity if self.named else None)

    def fingerprint(self, folders):
        """All that it gives comes from this file and its options, which are known already."""
        return "made up"

    def strangers(self, folders, *, most):
        if not self.pair or not self.named:
            return None
        images, identity = draw(list(range(2, 52)), 6, seed=1, **self.looks)
        images, identity = images[:most], identity[:most]
        parts = np.where(identity < 40, "train", np.where(identity < 50, "validation", "test"))
        made = self._made(images, np.zeros(len(images), np.int64), ("other",), identity)
        return ImageSet(made.name, made.images, made.labels, made.ids, made.classes, identity, parts)

    def _made(self, images, labels, classes, groups):
        ids = np.array([f"{i:05d}" for i in range(len(images))])
        return ImageSet("people", images, labels, ids, classes, groups)


class NoSwap:
    """Gives its sources back."""

    uses_sources = True
    conditional = True

    def fit(self, images, labels=None, *, on_checkpoint=None):
        self.images, self.labels = images.copy(), labels.copy()
        for name in ("epoch-1", "epoch-2"):
            on_checkpoint(name, self)
        return self

    def sample(self, n, *, labels=None, seed=0, sources=None):
        return sources[:n].copy()

    def save(self, folder):
        np.save(folder / "images.npy", self.images)
        (folder / "labels.json").write_text(json.dumps(self.labels.tolist()))

    def load(self, folder):
        self.images = np.load(folder / "images.npy")
        self.labels = np.array(json.loads((folder / "labels.json").read_text()))


class PerfectSwap(NoSwap):
    """Gives a real image of the other group, and knows how to draw a source straight: as it is."""

    def sample(self, n, *, labels=None, seed=0, sources=None):
        rng = np.random.default_rng(seed)
        return np.stack([self.images[rng.choice(np.flatnonzero(self.labels != label))] for label in labels[:n]])

    def reconstruct(self, sources, *, labels):
        return sources.copy()
