"""Every broken plug-in is caught by the check that names its fault, with a message that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.plugins import check
from data.errors import UserError

PLUGINS = Path(__file__).parents[3] / "plugins"
DETECTORS = [
    ("broken_sklearn.py:WrongShape", "shape-and-dtype", r"shape \(7,\) for 7 images. Received: \(6,\). Return one"),
    ("broken_sklearn.py:Nan", "finite", "finite numbers. Received: 1 of 7 are NaN or infinite, for ordinary images"),
    ("broken_sklearn.py:Mutates", "inputs-untouched", "fit changed its `images`: copy before you write"),
    ("broken_sklearn.py:IgnoresSeed", "same-seed-same-scores", r"decision_function differs by .*default_rng"),
    ("broken_sklearn.py:RaisesInFit", "fit", r"RuntimeError: no idea how to learn this \(broken_sklearn.py, line"),
]  # fmt: skip
KERAS_DETECTORS = [
    ("broken_keras.py:WrongShape", "shape-and-dtype", r"shape \(7,\) for 7 images. Received: \(7, 3\). Return one"),
    ("broken_keras.py:Nan", "finite", "finite numbers. Received: 7 of 7 are NaN or infinite"),
    ("broken_keras.py:Mutates", "inputs-untouched", "decision_function changed its `images`: copy before you write"),
    ("broken_keras.py:IgnoresSeed", "same-seed-same-scores", "Take the keyword `random_state` in the constructor"),
    ("broken_keras.py:RaisesInFit", "fit", r"fit raised .*broken_keras.py, line \d+\), given uint8 \(48, 8, 8, 1\)"),
]
GENERATORS = [
    (
        "broken_sklearn.py:MixtureWrongShape",
        "shape-and-dtype",
        r"uint8 \(12, 8, 8, 1\).*\(12, 63\).*astype\(np.uint8\)",
    ),
    ("broken_sklearn.py:MixtureNan", "shape-and-dtype", "finite numbers. Received: 768 of 768 are NaN"),
    ("broken_sklearn.py:MixtureMutates", "inputs-untouched", "fit changed its `images`: copy before you write"),
    (
        "broken_sklearn.py:MixtureIgnoresSeed",
        "same-seed-same-samples",
        r"sample\(n, seed=5\) must give the same images",
    ),
    (
        "broken_sklearn.py:MixtureRaisesInFit",
        "fit",
        r"RuntimeError: no idea how to learn this \(broken_sklearn.py, line",
    ),
]
KERAS_GENERATORS = [
    ("broken_keras.py:GeneratorWrongShape", "shape-and-dtype", r"uint8 \(12, 8, 8, 1\).*Received: uint8 \(12, 8, 8\)"),
    ("broken_keras.py:GeneratorNan", "shape-and-dtype", r"Received: float\d+ \(12, 8, 8, 1\). Round, clip"),
    ("broken_keras.py:GeneratorMutates", "inputs-untouched", "fit changed its `labels`: copy before you write"),
    ("broken_keras.py:GeneratorIgnoresSeed", "same-seed-same-samples", "Two trainings .*Take the keyword"),
    ("broken_keras.py:GeneratorRaisesInFit", "fit", r"fit raised FloatingPointError \(broken_keras.py, line"),
]  # fmt: skip


def failures(checks: list[check.Check], verdict: str = "failed") -> dict[str, str]:
    rows = list(check.results(checks))
    assert [row.id for row in rows] == [str(one) for one in checks]
    return {row.id: row.message for row in rows if row.verdict == verdict}


def caught(checks: list[check.Check], name: str, message: str) -> None:
    (one,) = (one for one in checks if one.id == name)
    with pytest.raises(AssertionError, match=message):
        one()


@pytest.mark.parametrize(("kind", "name", "message"), DETECTORS)
def test_a_broken_estimator_fails_that_check_alone(kind, name, message):
    checks = check.detector_checks(f"{PLUGINS}/{kind}")
    assert set(failures(checks)) == {name}
    caught(checks, name, message)


@pytest.mark.parametrize(("kind", "name", "message"), GENERATORS)
def test_a_broken_density_model_fails_that_check_alone(kind, name, message):
    checks = check.generator_checks(f"{PLUGINS}/{kind}")
    assert set(failures(checks)) == {name}
    caught(checks, name, message)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name", "message"), KERAS_DETECTORS)
def test_a_broken_network_is_caught(kind, name, message):
    caught(check.detector_checks(f"{PLUGINS}/{kind}"), name, message)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name", "message"), KERAS_GENERATORS)
def test_a_broken_generating_network_is_caught(kind, name, message):
    caught(check.generator_checks(f"{PLUGINS}/{kind}"), name, message)


@pytest.mark.parametrize(
    ("code", "name", "message"),
    [
        ("return -self.right(images)", "learns", r"Received: 0.00. .*is its sign the wrong way round\?"),
        ("return np.ones(len(images))", "learns", "Scores must differ between images. Received: 1 for all 32"),
        ("return self.right(images) - self.right(images).mean()", "batch-and-order", "how many there are by up to"),
        ("return ['fake'] * len(images)", "shape-and-dtype", "must give numbers. Received: dtype <U4"),
    ],
)
def test_a_score_that_is_no_score_is_caught(tmp_path, code, name, message):
    (tmp_path / "mine.py").write_text(
        "import numpy as np\nclass Mine:\n    def fit(self, images, is_fake): return self\n"
        "    def right(self, images): return 255 - images.reshape(len(images), -1).mean(axis=1)\n"
        f"    def decision_function(self, images): {code}\n"
    )
    checks = check.detector_checks(f"{tmp_path}/mine.py:Mine")
    assert set(failures(checks)) == {name}
    caught(checks, name, message)


@pytest.mark.parametrize(
    ("fit", "more", "name", "message"),
    [
        ("Mine.w = images.std() + len(images[0])", "", "sizes-and-channels", "Another training changed the scores"),
        (
            "self.w = __import__('threading').Lock()",
            "",
            "save-load",
            "it is pickled, which it cannot be: write both, or",
        ),
        (
            "self.w = 1",
            "    def save(self, folder): pass\n    def load(self, folder): return self\n",
            "save-load",
            "A loaded detector must score as the saved one did: save everything .* AttributeError",
        ),
    ],
)
def test_what_fit_has_learned_is_in_the_detector_and_can_be_saved(tmp_path, fit, more, name, message):
    (tmp_path / "mine.py").write_text(
        f"class Mine:\n    def fit(self, images, is_fake):\n        {fit}\n        return self\n"
        "    def decision_function(self, images):\n"
        "        w = self.w if isinstance(self.w, float) else bool(self.w)\n"
        "        return w * (255 - images.reshape(len(images), -1).mean(axis=1))\n" + more
    )
    checks = check.detector_checks(f"{tmp_path}/mine.py:Mine")
    assert set(failures(checks)) == {name}
    caught(check.detector_checks(f"{tmp_path}/mine.py:Mine"), name, message)


def test_what_else_may_be_wrong_is_told(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Mine:\n    needs = ()\n    def __init__(self, **options): self.history = [1.0, 0.5]\n"
        "    def fit(self, images, is_fake): return self\n    def save(self, folder): pass\n"
        "    def explain(self, images): return images[..., 0]\n"
        "    def decision_function(self, images):\n"
        "        if images.shape[1] > 10: raise ValueError\n"
        "        return -images.reshape(len(images), -1).mean(axis=1)\n"
    )
    checks = check.detector_checks(f"{tmp_path}/mine.py:Mine")
    found, hints = failures(checks), failures(checks, "hint")
    assert set(found) == {"sizes-and-channels", "clear-errors", "explain"}
    assert set(hints) == {"save-load", "history"}, "a run works with these"
    found |= hints
    assert "It has save(folder) alone" in found["save-load"]
    assert "decision_function raised ValueError (mine.py, line 8), given uint8" in found["sizes-and-channels"]
    assert "takes any option" in found["clear-errors"]
    assert "float64 (5, 8, 8), a map per image. Received: uint8" in found["explain"]
    assert "self.history = pandas.DataFrame" in found["history"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("channels = 3", r"`channels` of .* must be a tuple of whole numbers, such as \(1, 3\). Received: 3"),
        ("needs = ('oracle',)", r"`needs` of .* out of extractor, discriminator. Received: \('oracle',\)"),
        ("__init__ = lambda self: setattr(self, 'min_size', 'x')", "must be a whole number of pixels. Received: 'x'"),
    ],
)
def test_attributes_of_a_wrong_form_are_told(tmp_path, line, message):
    (tmp_path / "mine.py").write_text(
        f"class Mine:\n    {line}\n    def fit(self, images, is_fake): return self\n"
        "    def decision_function(self, images): return images[:, 0, 0, 0]\n"
    )
    with pytest.raises(UserError, match=message):
        check.detector_checks(f"{tmp_path}/mine.py:Mine")
