"""A training of few steps is done without a graph, and comes to the same."""

from __future__ import annotations

import numpy as np

from detection.detectors.cnn import CNN
from detection.networks import few_steps


def trained() -> tuple[CNN, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (64, 8, 8, 1), np.uint8)
    is_fake = np.arange(64) % 2 == 1
    images[is_fake] //= 2
    detector = CNN(random_state=0, epochs=2).fit(images, is_fake, validation=(images, is_fake))
    return detector, detector.decision_function(images)


def test_both_ways_come_to_the_same(monkeypatch):
    import keras

    seen = []
    compiled = keras.Model.compile

    def watched(self, *args, **options):
        seen.append(options.get("run_eagerly"))
        return compiled(self, *args, **options)

    monkeypatch.setattr(keras.Model, "compile", watched)
    quick, scores = trained()
    monkeypatch.setattr(few_steps, "FEW_STEPS", 0)
    slow, others = trained()
    assert seen == [True, False]
    np.testing.assert_allclose(scores, others, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(quick.history["loss"], slow.history["loss"], rtol=1e-3)
