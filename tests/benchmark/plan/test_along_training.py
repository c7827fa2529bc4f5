"""Checkpoints that a plan knows are asked of, with matched latents; of other generators only the last is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plan.cell import LAST
from benchmark.store.checkpoints import Checkpoints
from data.errors import UserError

DCGAN = {"kind": "dcgan", "id": "gan", "architecture": "small", "epochs": 35}
SHOWN = ["epoch-0010", "epoch-0020", "epoch-0030"]
WALKED = """
class Walked:
    {said}

    def __init__(self, *, random_state=None, epochs=6, display_interval=3):
        self.epochs = epochs

    def fit(self, images):
        return self

    def sample(self, n, *, seed=0):
        return None
"""


def planned(generators: list[dict], *, smoke: bool = False, base: Path | None = None, **options: object):
    values = {
        "dataset": {"name": "digits"}, "generator": generators, "detector": [{"kind": "linear-pixel"}],
        "protocol": {"ask": ["along_training"]}, "question": {"along_training": options},
    }  # fmt: skip
    return planning.plan(specs.parse(values), folders=[], smoke=smoke, base=base)


def asked(plan) -> list:
    return [cell for cell in plan.cells if cell.question == "along_training"]


def test_every_checkpoint_but_the_last_is_asked_of_with_a_lesson_of_its_own() -> None:
    plan = planned([DCGAN, {"kind": "gaussian"}])
    cells = [cell for cell in asked(plan) if cell.detector == "linear-pixel"]
    assert [(cell.generator, cell.exam.checkpoint, cell.lesson.checkpoint) for cell in cells] == [
        ("gan", name, name) for name in SHOWN
    ]
    assert all(cell.lesson.banks[0].key == cell.exam.bank.key for cell in cells)
    assert cells[0].name == "gan/0 epoch-0010/linear-pixel/0 after gan/0 epoch-0010"
    assert {cell.detector for cell in asked(plan)} == {"linear-pixel", "sentinel-content"}


def test_all_checkpoints_make_their_fakes_of_the_same_latent_vectors() -> None:
    plan = planned([DCGAN])
    (run,) = plan.rows.mains
    first, last = (plan.rows.bank(run, name).params for name in (SHOWN[0], LAST))
    assert first["seed"] == last["seed"]
    assert {name for name in first if first[name] != last.get(name)} == {"checkpoint", "traces"}


def test_the_last_checkpoints_detector_is_tried_on_earlier_ones() -> None:
    cells = [cell for cell in asked(planned([DCGAN], lesson=["own", "last"])) if cell.detector == "linear-pixel"]
    of_last = [cell for cell in cells if cell.lesson.checkpoint == LAST]
    assert len(cells) == 6
    assert [cell.exam.checkpoint for cell in of_last] == SHOWN
    assert len({cell.trained.key for cell in of_last}) == 1, "one training"
    assert len({cell.name for cell in cells}) == 6


@pytest.mark.parametrize("kind", ["dcgan", "flow"])
def test_the_interval_is_the_protocols_unless_the_generator_has_its_own(kind: str) -> None:
    rows = planned([{"kind": kind, "epochs": 9, "display_interval": 3}]).rows
    assert rows.checkpoints(rows.mains[0]) == ["epoch-0003", "epoch-0006", LAST]
    rows = planned([{"kind": kind, "epochs": 10}]).rows
    assert rows.checkpoints(rows.mains[0]) == [LAST]
    assert not asked(planned([{"kind": kind, "epochs": 50}], smoke=True)), "one epoch"


def test_a_strangers_checkpoints_are_known_if_it_says_their_names(tmp_path: Path) -> None:
    (tmp_path / "walked.py").write_text(WALKED.format(said='checkpoint_names = "step-{}"'))
    (tmp_path / "silent.py").write_text(WALKED.format(said=""))
    (tmp_path / "wrong.py").write_text(WALKED.format(said='checkpoint_names = "step"'))
    rows = planned([{"kind": "walked.py:Walked", "id": "walked", "display_interval": 2}], base=tmp_path).rows
    assert rows.checkpoints(rows.mains[0]) == ["step-2", "step-4", LAST]
    rows = planned([{"kind": "silent.py:Walked", "id": "silent"}], base=tmp_path).rows
    assert rows.checkpoints(rows.mains[0]) == [LAST]
    row = planned([{"kind": "wrong.py:Walked", "id": "wrong"}], base=tmp_path).rows.mains[0].generator
    assert "must be text with a place for the epoch, such as 'epoch-{:04d}'. Received: 'step'" in str(row.about.broken)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lesson": ["first"]}, "'question.along_training.lesson.0' in the spec is not usable: input should be 'own'"),
        ({"lesson": []}, "'question.along_training.lesson' in the spec is not usable"),
        ({"lesson": ["own", "own"]}, "each lesson may stand there once"),
        ({"lessons": ["own"]}, "Unknown key 'lessons' of [question.along_training]"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as told:
        planned([DCGAN], **options)
    assert "\n" not in str(told.value)


def test_a_checkpoint_that_a_training_did_not_come_to_is_told(tmp_path: Path) -> None:
    made = Checkpoints(tmp_path)
    for name in ("epoch-0010", "epoch-0017"):
        with made.writing(name):
            pass
    assert made.folder("epoch-0010").name == "epoch-0010"
    assert made.folder().name == "epoch-0017"
    with pytest.raises(UserError, match=r"no checkpoint 'epoch-0020'. It has: epoch-0010, epoch-0017\."):
        made.folder("epoch-0020")
