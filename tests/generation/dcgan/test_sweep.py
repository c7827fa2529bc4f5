import numpy as np
import pytest

from data.errors import UserError
from generation.dcgan.generator import DCGAN

QUICK = {"architecture": "small", "width": 4, "discriminator_width": 4, "latent_dim": 4, "batch_size": 8, "epochs": 3}


@pytest.fixture(autouse=True)
def _on_jax():
    import keras

    if keras.backend.backend() != "jax":
        pytest.skip("needs KERAS_BACKEND=jax; test_backends.py starts these in a process of their own")


def _images(n=44):
    return np.random.default_rng(5).integers(0, 256, (n, 8, 8, 1), np.uint8)


# Two of one seed tell what the rate does, two of one rate what the seed does; with a decay both differ at once.
DIFFERING = {
    "rates": [{"random_state": 0}, {"random_state": 2**33 + 5}, {"random_state": 0, "learning_rate": 0.004}],
    "decay": [{"random_state": 2**33 + 5}, {"random_state": 0, "learning_rate": 0.004}],
}
RECIPES = {
    "rates": {"dropout": 0.2, "display_interval": 2},
    "decay": {"loss": "relativistic", "r1": 0.5, "norm": "none", "spectral_norm": True, "decay": "linear", "ema": 0.05,
              "dropout": 0.0, "display_interval": 1, "augment": ["flip"], "diffaugment": ["color"]},
}  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_sweep_trains_each_member_as_fit_does(recipe):
    from generation.dcgan.sweep import train_sweep

    differing, options = DIFFERING[recipe], {**QUICK, **RECIPES[recipe]}
    n = len(differing)
    members, names = [DCGAN(**options, **each) for each in differing], []
    lines = []
    train_sweep(
        members, _images(), on_checkpoint=lambda name, member: names.append((members.index(member), name)),
        progress=lambda *line: lines.append(line),
    )  # fmt: skip
    assert lines[-1][1] == n * 15
    assert f"{n} trainings" in lines[-1][2]
    expected = ["epoch-0002", "epoch-0003"] if recipe == "rates" else ["epoch-0001", "epoch-0002", "epoch-0003"]
    assert sorted(names) == [(at, name) for at in range(n) for name in expected]
    for member, each in zip(members, differing, strict=True):
        alone = DCGAN(**options, **each).fit(_images())
        for column in ("d_loss", "g_loss", "d_real", "d_fake"):
            np.testing.assert_allclose(member.history[column], alone.history[column], rtol=5e-3, atol=1e-3)
        difference = np.abs(member.sample(40).astype(int) - alone.sample(40))
        assert difference.mean() < 1
    for other in members[1:]:  # the learning rate counts, and so does the seed
        assert np.abs(members[0].sample(40).astype(int) - other.sample(40)).mean() > 2


def test_a_loop_on_the_device_equals_calls_one_by_one_for_a_sweep_too(monkeypatch):
    """What a GPU does, done here: all steps of a call in one program, in parts of `ROWS`."""
    from generation.dcgan.sweep import train_sweep
    from generation.training import backend_jax

    options = {**QUICK, "epochs": 2, "dropout": 0.2}
    calls = DCGAN(**options).fit(_images())
    monkeypatch.setattr(backend_jax, "one_by_one", lambda: False)
    monkeypatch.setattr(backend_jax, "ROWS", 3)
    looped, member = DCGAN(**options).fit(_images()), DCGAN(**options)
    train_sweep([member], _images())
    for other in (looped, member):
        np.testing.assert_allclose(other.history["d_loss"], calls.history["d_loss"], rtol=1e-4)
        np.testing.assert_allclose(other.history["g_loss"], calls.history["g_loss"], rtol=1e-4)
        assert np.abs(other.sample(20).astype(int) - calls.sample(20)).max() <= 1


def test_a_sweep_resumes_and_outlives_a_member_that_diverges(tmp_path):
    from generation.dcgan.sweep import train_sweep

    class Interrupted(Exception):
        pass

    def members(rate=0.001):
        chosen = [{"random_state": 1}, {"random_state": 2, "learning_rate": rate}]
        return [DCGAN(**QUICK, display_interval=1, **each) for each in chosen]

    def stop(name, member):
        if name == "epoch-0002" and member.random_state == 2:
            raise Interrupted

    folders = [tmp_path / "a", tmp_path / "b"]
    whole = members()
    train_sweep(whole, _images())
    with pytest.raises(Interrupted):
        train_sweep(members(), _images(), folders=folders, on_checkpoint=stop)
    again = members()
    train_sweep(again, _images(), folders=folders)  # the first member is an epoch ahead of the second
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_allclose(one.history["d_loss"], other.history["d_loss"], rtol=1e-5)
        assert np.abs(one.sample(20).astype(int) - other.sample(20)).max() <= 1
    wild = members(rate=1e30)
    with pytest.raises(FloatingPointError, match=r"1 of 2 trainings failed\. seed 2: .*not finite"):
        train_sweep(wild, _images())
    assert np.abs(wild[0].sample(20).astype(int) - whole[0].sample(20)).max() <= 1


def test_a_sweep_refuses_what_it_cannot_do(monkeypatch):
    from generation.dcgan.sweep import train_sweep
    from generation.training import trainer

    with pytest.raises(UserError, match=r"alone\. Received: latent_dim=4 and latent_dim=5, batch_size=8 and b.*4\.$"):
        train_sweep([DCGAN(**QUICK), DCGAN(**{**QUICK, "latent_dim": 5, "batch_size": 4})], _images())
    with pytest.raises(UserError, match="at least one member"):
        train_sweep([], _images())
    with pytest.raises(UserError, match=r"a folder for each of 1 members\. Received: 0"):
        train_sweep([DCGAN(**QUICK)], _images(), folders=[])
    monkeypatch.setattr(trainer, "RESIDENT_BYTES", 1000)
    with pytest.raises(UserError, match="keeps its images on the device"):
        train_sweep([DCGAN(**QUICK)], _images())
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(UserError, match=r"KERAS_BACKEND=jax\. Received: tensorflow"):
        train_sweep([DCGAN(**QUICK)], _images())
