"""A reflow names an earlier run as a warm start does: found in its store, in the key, and held to what it has seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.plan import planner, specs, warm
from benchmark.stages import warm as stage
from data.errors import UserError

DETECTOR = [{"kind": "linear-pixel"}]


def _training(**options):
    generator = [{"kind": "flow", "id": "g", **options}]
    spec = specs.parse({"dataset": {"name": "digits"}, "generator": generator, "detector": DETECTOR})
    (found,) = [one for one in planner.plan(spec, folders=[]).stages if one.name.startswith("train_generator g ")]
    return found


def test_the_flow_of_a_run_is_found_and_another_training_than_a_warm_start(monkeypatch, tmp_path):
    asked = []

    def locate(place, base, option):
        asked.append((place, option))
        return warm.Warm(tmp_path / "checkpoint", f"digest of {place}", ["seen"])

    monkeypatch.setattr(warm, "locate", locate)
    reflowed, other, warmed = _training(reflow="a:g"), _training(reflow="b:g"), _training(warm_start="a:g")
    assert asked == [("a:g", "reflow"), ("b:g", "reflow"), ("a:g", "warm_start")]
    assert reflowed.where["options"]["reflow"] == str(tmp_path / "checkpoint")
    assert reflowed.where["seen"] == ["seen"]
    assert len({reflowed.key, other.key, warmed.key, _training().key}) == 4
    assert str(tmp_path) not in str(reflowed.params)  # it may lie elsewhere and be the same
    names = [stage.named(one.where["options"]) for one in (reflowed, warmed)]
    assert names == ["reflow", "warm_start"]


@pytest.mark.parametrize(("place", "message"), [("none", "^reflow: there is no run folder"), ("~nobody-here", "home")])
def test_what_is_no_run_is_refused_by_the_option_s_name(place, message):
    with pytest.raises(UserError, match=message) as error:
        _training(reflow=place)
    assert "\n" not in str(error.value)


def test_what_the_flow_has_seen_is_named_with_the_option(tmp_path: Path):
    images, ledger = _prepared()
    with pytest.raises(UserError, match=r"^reflow: the earlier run's images are no longer in its store"):
        stage.refuse_overlap([str(tmp_path / "gone")], images, ledger, "reflow")


def _prepared():
    from data.ledger import split
    from data.sources.digits import Digits

    images = Digits().load([])
    return images, split(images, seed=0)
