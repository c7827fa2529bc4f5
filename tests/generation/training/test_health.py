import numpy as np
import pytest

from generation.dcgan.generator import DCGAN
from generation.training.health import Health, diversity

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8}


FEW = 20  # 2 steps for each epoch, and 8 in all, for which no graph is made


def _images(n=44):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


def _varied(spread):
    return np.clip(np.random.default_rng(0).normal(128, spread, (64, 4, 4, 1)), 0, 255).astype(np.uint8)


def test_diversity_is_the_spread_of_a_pixel_over_images():
    assert diversity(np.uint8([[[[0]]], [[[10]]]])) == 5
    assert diversity(np.repeat(_images(1), 5, axis=0)) == 0


def _logs(d_loss, d_real=0.5, d_fake=0.5):
    return {"d_loss": d_loss, "d_real": d_real, "d_fake": d_fake}


def test_falling_diversity_alarms_once():
    health = Health(real=40.0, loss="hinge", epochs=10)
    assert health.check(1, _varied(4), _logs(1.0), 50) == []  # not trained yet
    assert health.check(2, _varied(30), _logs(1.0), 100) == []
    assert health.check(3, _varied(4), _logs(1.0), 150) == ["low-diversity"]
    assert health.check(4, _varied(4), _logs(1.0), 200) == []
    assert [alarm["epoch"] for alarm in health.alarms] == [3]
    assert len(health.rows) == 4


def test_diversity_that_never_came_alarms_after_a_while():
    health = Health(real=40.0, loss="hinge", epochs=8)
    raised = [health.check(epoch, _varied(4), _logs(1.0), 100 * epoch) for epoch in range(1, 5)]
    assert raised == [[], [], ["low-diversity"], []]


def test_a_saturated_discriminator_alarms_but_a_critic_does_not():
    assert Health(1.0, "hinge", 10).check(1, _varied(30), _logs(0.019), 100) == ["saturated-discriminator"]
    assert Health(1.0, "hinge", 10).check(1, _varied(30), _logs(0.021), 100) == []
    assert Health(1.0, "relativistic", 10).check(1, _varied(30), _logs(0.006), 100) == ["saturated-discriminator"]
    with_penalty = {"epochs": 10, "penalty": 2.0}  # the loss says less then than the answers to pairs
    for d_real, expected in ((0.996, ["saturated-discriminator"]), (0.98, [])):
        logs = _logs(0.3, d_real, 1 - d_real)
        assert Health(1.0, "relativistic", **with_penalty).check(1, _varied(30), logs, 100) == expected
    assert Health(1.0, "wasserstein-gp", 10).check(1, _varied(30), _logs(-5.0, 1.0, 0.0), 100) == []


@pytest.mark.parametrize("loss", ["bce", "non-saturating", "least-squares"])
@pytest.mark.parametrize(("smoothing", "noise", "penalty"), [(0.1, 0, 0), (0, 0.1, 0), (0.3, 0.2, 0), (0, 0, 10.0)])
def test_saturation_shows_through_moved_targets_and_a_penalty(loss, smoothing, noise, penalty):
    """The best answers alarm, though their loss is far above the limit; answers with a hundredth of overlap do not."""
    from generation.training.health import CHANCE, SATURATED
    from generation.training.losses import discriminator_loss

    high = 1 - smoothing
    best = [(1 - noise) * high, noise * high]  # the mean targets of real and of fake images
    n = 10  # of which a share is exchanged
    at = [np.float32([high] * round(n * (1 - share)) + [0] * round(n * share)) for share in (noise, 1 - noise)]
    confident = np.clip(best, 1e-6, 1 - 1e-6)
    logits = best if loss == "least-squares" else np.log(confident / (1 - confident))
    answers = [np.full(n, logit, np.float32) for logit in logits]
    d_loss = float(discriminator_loss(loss, *answers, *at)) + penalty * 0.05
    if loss != "least-squares" or noise or penalty:
        assert d_loss > 2 * SATURATED * CHANCE[loss]
    said = [1 / (1 + np.exp(-logit)) for logit in logits]
    moved = {"smoothing": smoothing, "noise": noise, "penalty": penalty}

    def raised(d_real, d_fake):
        return Health(1.0, loss, 10, **moved).check(1, _varied(30), _logs(d_loss, d_real, d_fake), 100)

    assert raised(*said) == ["saturated-discriminator"]
    apart = said[0] - said[1]
    assert raised(said[0] - 0.008 * apart, said[1]) == ["saturated-discriminator"]
    assert raised(said[0] - 0.008 * apart, said[1] + 0.008 * apart) == []
    assert raised(said[0] + 0.05 * apart, said[1] + 0.05 * apart) == [], "bold answers to reals excuse no fooled one"
    assert raised(*[sum(said) / 2] * 2) == []


@pytest.mark.slow
@pytest.mark.parametrize("moved", [{"label_smoothing": 0.1}, {"label_noise": 0.1, "loss": "non-saturating"}])
def test_a_training_alarms_only_when_its_discriminator_saturates(moved):
    """Against a generator that stands still, and in a training as it should be."""
    rng = np.random.default_rng(0)
    easy = np.where(rng.random((200, 8, 8, 1)) < 0.5, 0, 255).astype(np.uint8)
    options = {**QUICK, "discriminator_width": 16, "epochs": 40, **moved}
    idle = DCGAN(**options | {"epochs": 20}, learning_rate=1e-9, discriminator_learning_rate=0.002).fit(easy)
    assert "saturated-discriminator" in [alarm["alarm"] for alarm in idle.alarms]
    fair = DCGAN(**options, learning_rate=0.001).fit(_images(200))
    assert "saturated-discriminator" not in [alarm["alarm"] for alarm in fair.alarms]


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
    from generation.dcgan import fitting

    monkeypatch.setattr(fitting, "Health", _Ill)
    seen, samples = [], {}

    def keep(name, generator):
        seen.append(name)
        samples[name] = generator.sample(4)

    generator = DCGAN(**QUICK, epochs=4, display_interval=1, on_collapse=action)
    generator.fit(_images(FEW), on_checkpoint=keep, folder=tmp_path)
    assert seen == expected
    assert np.array_equal(generator.sample(4), samples[seen[-1]]), "the generator is its last checkpoint"
    assert [alarm["alarm"] for alarm in generator.alarms] == ["low-diversity"]
    before, again = len(seen), DCGAN(**QUICK, epochs=4, display_interval=1, on_collapse=action)
    again.fit(
        _images(FEW), on_checkpoint=keep, folder=tmp_path
    )  # as after a kill before the state was no longer needed
    assert len(seen) == before, "an ended training goes on"
    assert np.array_equal(again.sample(4), generator.sample(4))
    assert again.alarms == generator.alarms
    assert again.history["step"].tolist() == generator.history["step"].tolist()


@pytest.mark.slow
@pytest.mark.parametrize("action", ["stop", "rollback"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_a_kill_around_an_alarm_changes_nothing(monkeypatch, tmp_path, action, epoch):
    """Killed at the checkpoint of the ill epoch, or after the state behind it was written."""
    from generation.dcgan import fitting
    from generation.training import trainer

    class Ill(_Ill):
        def check(self, at, *rest):
            return super().check(3 if at == epoch else -1, *rest)

    class Killed(Exception):
        pass

    monkeypatch.setattr(fitting, "Health", Ill)
    write = trainer.save_state

    def fit(name, on_checkpoint):
        made = DCGAN(**QUICK, epochs=4, display_interval=1, on_collapse=action)
        return made.fit(_images(FEW), folder=tmp_path / name, on_checkpoint=on_checkpoint)

    whole = []
    generator = fit("whole", lambda name, _: whole.append(name))

    def at_the_checkpoint(name, _):
        seen.append(name)
        if name == whole[-1]:
            raise Killed

    def behind_the_state(folder, state, options):
        write(folder, state, options)
        if state.ended:
            raise Killed

    seen = []
    with pytest.raises(Killed):
        fit("early", at_the_checkpoint)
    early = fit("early", lambda name, _: seen.append(name))
    assert seen == [*whole, whole[-1]]
    seen = []
    monkeypatch.setattr(trainer, "save_state", behind_the_state)
    with pytest.raises(Killed):
        fit("late", lambda name, _: seen.append(name))
    monkeypatch.setattr(trainer, "save_state", write)
    late = fit("late", lambda name, _: seen.append(name))
    assert seen == whole
    for other in (early, late):
        assert np.array_equal(other.sample(8), generator.sample(8))
        assert other.alarms == generator.alarms


def test_a_training_that_diverges_keeps_its_last_good_checkpoint(monkeypatch, tmp_path):
    from generation.training.trainer import Trainer

    real = Trainer._check_finite

    def poisoned(self, logs, first):
        if self.epoch == 2:
            logs = np.full_like(logs, np.nan)
        real(self, logs, first)

    monkeypatch.setattr(Trainer, "_check_finite", poisoned)
    samples = {}
    options = {**QUICK, "epochs": 4, "display_interval": 1}
    generator = DCGAN(**options).fit(
        _images(FEW), folder=tmp_path, on_checkpoint=lambda name, g: samples.update({name: g.sample(4)})
    )
    assert list(samples) == ["epoch-0001", "epoch-0002"]
    assert np.array_equal(generator.sample(4), samples["epoch-0002"])
    assert generator.alarms[-1]["alarm"] == "diverged"
    assert "not finite at step 5" in generator.alarms[-1]["note"]
    again = DCGAN(**options).fit(_images(FEW), folder=tmp_path)  # in a new process it is known from the folder
    assert np.array_equal(again.sample(4), samples["epoch-0002"])


def test_no_checkpoint_holds_what_is_not_a_number(monkeypatch):
    """The update behind the last finite loss may be the one that breaks the weights."""
    from generation.dcgan.adversary import Adversary

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
