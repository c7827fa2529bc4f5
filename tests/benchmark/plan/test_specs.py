"""Specs: every mistake is one sentence that says what is allowed."""

from __future__ import annotations

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from data.errors import UserError

BASE = {"dataset": {"name": "digits"}}


@pytest.mark.parametrize("name", sorted(specs.presets()))
def test_every_preset_is_a_sound_spec(name):
    spec = specs.load(name)
    assert spec.name == name
    assert {row.kind for row in spec.generator} >= {"real-copy", "noise"}
    assert spec.description


def test_controls_and_sentinels_are_added_once():
    spec = specs.parse(BASE | {"generator": [{"kind": "noise", "id": "static"}]})
    assert [row.kind for row in spec.generator] == ["noise", "real-copy"]
    assert [row.kind for row in spec.detector] == ["sentinel-format", "sentinel-content"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"datasett": {}}, "Unknown key 'datasett'.*Did you mean 'dataset'"),
        ({"protocol": {"ledger_sed": 1}}, "Unknown key.*'ledger_sed'.*Did you mean 'ledger_seed'"),
        ({"protocol": {"ledger_seed": "1"}}, "'protocol.ledger_seed' in the spec is not usable"),
        ({"protocol": {"ledger_seed": -1}}, "greater than or equal to 0. Received: -1"),
        ({"protocol": {"ledger_seed": 1, "ledger_seeds": [1]}}, "ledger_seed = N or ledger_seeds = .*Received: both"),
        ({"protocol": {"ledger_seeds": [1, 1]}}, "each seed may stand there once"),
        ({"protocol": {"ledger_seeds": []}}, "'protocol.ledger_seeds' in the spec is not usable"),
        ({"protocol": {"components": True}}, "components = true needs at least 5 seeds .*Received: 1, 1 and 1"),
        (
            {"protocol": {"components": True, "generator_seeds": [0, 1, 2, 3], "ledger_seeds": [0, 1]}},
            "at least 5 seeds .*Received: 2, 4 and 1",
        ),
        ({"protocol": {"generator_seeds": []}}, "'protocol.generator_seeds'"),
        ({"generator": [{"id": "x"}]}, "lacks 'generator.0.kind'"),
        ({"generator": [{"kind": "dcgan"}, {"kind": "dcgan"}]}, "Two generators are called 'dcgan'"),
        ({"dataset": {}}, "lacks 'dataset.name'"),
        ({"name": "a/b"}, "name must be letters"),
    ],
)
def test_a_wrong_spec_is_told_in_one_sentence(values, message):
    with pytest.raises(UserError, match=message) as caught:
        specs.parse(BASE | values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"generator": [{"kind": "dcgn"}]}, "Unknown generator 'dcgn'. Did you mean 'dcgan'"),
        ({"detector": [{"kind": "linear-dc"}]}, "Unknown detector 'linear-dc'. Did you mean 'linear-dct'"),
        ({"dataset": {"name": "digit"}}, "Unknown dataset 'digit'. Did you mean 'digits'"),
        (
            {"generator": [{"kind": "dcgan", "epoch": 3}]},
            "Unknown option 'epoch' of generator 'dcgan'. Did you mean 'epochs'",
        ),
        ({"generator": [{"kind": "dcgan", "epochs": "3"}]}, "Option 'epochs' of generator 'dcgan' must be int >= 1"),
        ({"generator": [{"kind": "dcgan", "epochs": 0}]}, "Received: epochs=0"),
        (
            {"generator": [{"kind": "flow", "steps": 0}]},
            "Option 'steps' of generator 'flow' must be .*steps=0",
        ),
        ({"generator": [{"kind": "flow", "steps": 101}]}, "<= 100.*Received: steps=101"),
        ({"generator": [{"kind": "flow", "solver": "midpoint"}]}, "'euler' or 'heun'|euler.*heun"),
        ({"generator": [{"kind": "flow", "guidance": 2.0}]}, 'give condition = "labels"'),
        ({"dataset": {"name": "digits", "classes": ["dog"]}}, "dog"),
    ],
)
def test_a_wrong_plugin_or_option_is_told_in_one_sentence(row, message):
    with pytest.raises(UserError, match=message):
        planning.plan(specs.parse(BASE | row), folders=[])


@pytest.mark.parametrize(
    ("change", "reader", "expected"),
    [
        ("protocol.ledger_seed=7", lambda s: s.protocol.ledger_seed, 7),
        ("protocol.generator_seeds=[0, 1]", lambda s: s.protocol.generator_seeds, [0, 1]),
        ("name=other", lambda s: s.name, "other"),
        ("dataset.classes=['0']", lambda s: s.dataset.model_extra["classes"], ["0"]),
        ("generator.tuned-0.0003.epochs=2", lambda s: s.generator[2].options["epochs"], 2),
        ("generator.*.epochs=2", lambda s: [row.options.get("epochs") for row in s.generator[:3]], [2, 2, 2]),
        ("detector.cnn.epochs=1", lambda s: s.detector[-1].options["epochs"], 1),
    ],
)
def test_set_changes_one_value(change, reader, expected):
    assert reader(specs.load("cifar10-dog", [change])) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epochs", "--set takes key=value"),
        ("generator.tunned.epochs=1", "Unknown generator 'tunned'"),
        ("generator.baseline=1", "generator.ID.OPTION"),
        ("name.deep=1", "'name' is not a table"),
        ("protokol.threads=2", "Unknown key 'protokol'.*Did you mean 'protocol'"),
    ],
)
def test_a_wrong_change_is_told(change, message):
    with pytest.raises(UserError, match=message):
        specs.load("cifar10-dog", [change])


def test_real_and_fake_folders_make_a_spec(tmp_path):
    for name in ("real", "a/fakes", "b/fakes"):
        (tmp_path / name).mkdir(parents=True)
    spec = specs.from_folders(tmp_path / "real", [tmp_path / "a/fakes", tmp_path / "b/fakes"])
    assert [row.id for row in spec.generator if row.kind == "folder"] == ["a-fakes", "b-fakes"]
    assert spec.dataset.name == "folder"
    with pytest.raises(UserError, match="no folder"):
        specs.from_folders(tmp_path / "nowhere", [tmp_path / "a"])
    with pytest.raises(UserError, match="twice"):
        specs.from_folders(tmp_path / "real", [tmp_path / "a/fakes", tmp_path / "a/fakes"])


def test_no_generator_is_called_all():
    with pytest.raises(UserError, match="may not be 'all'"):
        specs.parse({"dataset": {"name": "digits"}, "generator": [{"kind": "gaussian", "id": "all"}]})
