import numpy as np
import pytest

from generation.dcgan import DCGAN
from generation.health import Health, diversity

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8}


def _images(n=44):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


def _varied(spread):
    return np.clip(np.random.default_rng(0).normal(128, spread, (64, 4, 4, 1)), 0, 255).astype(np.uint8)


def test_diversity_is_the_spread_of_a_pixel_over_images():
    assert diversity(np.uint8([[[[0]]], [[[10]]]])) == 5
    assert diversity(np.repeat(_images(1), 5, axis=0)) == 0


def test_falling_diversity_alarms_once():
    health = Health(real=40.0, loss="hinge", epochs=10)
    assert health.check(1, _varied(4), 1.0, 50) == []  # not trained yet
    assert health.check(2, _varied(30), 1.0, 100) == []
    assert health.check(3, _varied(4), 1.0, 150) == ["low-diversity"]
    assert health.check(4, _varied(4), 1.0, 200) == []
    assert [alarm["epoch"] for alarm in health.alarms] == [3]
    assert len(health.rows) == 4


def test_diversity_that_never_came_alarms_after_a_while():
    health = Health(real=40.0, loss="hinge", epochs=8)
    raised = [health.check(epoch, _varied(4), 1.0, 100 * epoch) for epoch in range(1, 5)]
    assert raised == [[], [], ["low-diversity"], []]


def test_a_saturated_discriminator_alarms_but_a_critic_does_not():
    assert Health(1.0, "hinge", 10).check(1, _varied(30), 0.019, 100) == ["saturated-discriminator"]
    assert Health(1.0, "hinge", 10).check(1, _varied(30), 0.021, 100) == []
    assert Health(1.0, "wasserstein-gp", 10).check(1, _varied(30), -5.0, 100) == []


class _Ill(Health):
    """Finds the third epoch ill."""

    def check(self, epoch, images, d_loss, steps):
        self.rows.append({"epoch": epoch, "d_loss": d_loss, "diversity": 1.0})
        if epoch == 3:
            self.alarms.append({"alarm": "low-diversity", "epoch": epoch, "value": 0.1, "limit": 0.25})
            return ["low-diversity"]
        return []


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("mark", ["epoch-0001", "epoch-0002", "epoch-0003", "epoch-0004"]),
        ("stop", ["epoch-0001", "epoch-0002", "epoch-0003"]),
        ("rollback", ["epoch-0001", "epoch-0002"]),
    ],
)
def test_what_the_alarm_does(monkeypatch, tmp_path, action, expected):
    from generation import fitting

    monkeypatch.setattr(fitting, "Health", _Ill)
    seen, samples = [], {}

    def keep(name, generator):
        seen.append(name)
        samples[name] = generator.sample(4)

    generator = DCGAN(**QUICK, epochs=4, display_interval=1, on_collapse=action)
    generator.fit(_images(), on_checkpoint=keep, folder=tmp_path)
    assert seen == expected
    assert np.array_equal(generator.sample(4), samples[seen[-1]]), "the generator is its last checkpoint"
    assert [alarm["alarm"] for alarm in generator.alarms] == ["low-diversity"]


def test_a_training_that_diverges_keeps_its_last_good_checkpoint(monkeypatch, tmp_path):
    from generation.trainer import Trainer

    real = Trainer._check_finite

    def poisoned(self, logs, first):
        if self.epoch == 2:
            logs = np.full_like(logs, np.nan)
        real(self, logs, first)

    monkeypatch.setattr(Trainer, "_check_finite", poisoned)
    samples = {}
    options = {**QUICK, "epochs": 4, "display_interval": 1}
    generator = DCGAN(**options).fit(
        _images(), folder=tmp_path, on_checkpoint=lambda name, g: samples.update({name: g.sample(4)})
    )
    assert list(samples) == ["epoch-0001", "epoch-0002"]
    assert np.array_equal(generator.sample(4), samples["epoch-0002"])
    assert generator.alarms[-1]["alarm"] == "diverged"
    assert "not finite at step 11" in generator.alarms[-1]["note"]
    again = DCGAN(**options).fit(_images(), folder=tmp_path)  # in a new process it is known from the folder
    assert np.array_equal(again.sample(4), samples["epoch-0002"])


def test_no_checkpoint_holds_what_is_not_a_number(monkeypatch):
    """The update behind the last finite loss may be the one that breaks the weights."""
    from generation.adversary import Adversary

    order = Adversary.order
    calls = []

    def breaking(self, rng, n):
        if calls:
            self.generator.variables[0].assign(np.full(self.generator.variables[0].shape, np.nan, np.float32))
        calls.append(n)
        return order(self, rng, n)[:1]

    monkeypatch.setattr(Adversary, "order", breaking)
    with pytest.raises(FloatingPointError, match="diverged"):
        DCGAN(**QUICK, epochs=2).fit(_images())
