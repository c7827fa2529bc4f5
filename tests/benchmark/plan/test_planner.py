"""Keys: nothing that cannot change bytes is in them, and everything that can is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.machine import runtime
from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.use import api
from data.errors import UserError

GENERATORS = [
    {"kind": "dcgan", "id": "one", "architecture": "small"},
    {"kind": "dcgan", "id": "two", "architecture": "small", "learning_rate": 0.0005},
]
DETECTORS = [{"kind": "linear-dct"}, {"kind": "spectrum"}]


def made(**changes: Any) -> planning.Plan:
    values = {"dataset": {"name": "digits"}, "generator": GENERATORS, "detector": DETECTORS, **changes}
    return api.make_plan(specs.parse(values))


def keys(plan: planning.Plan) -> dict[str, str]:
    return {stage.name: stage.key for stage in plan.stages}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if after.get(name) != before[name]}


def test_the_order_of_a_spec_changes_no_key():
    assert keys(made()) == keys(made(generator=GENERATORS[::-1], detector=DETECTORS[::-1]))


def test_stages_come_after_what_they_read():
    seen: set[str] = set()
    for stage in made().stages:
        assert {read.key for read in stage.inputs.values()} <= seen
        seen.add(stage.key)


def test_the_extractor_is_trained_next_to_the_generators():
    """Quality waits for it, and detectors do: last, it would be waited for by idle processes."""
    functions = [stage.function for stage in made().stages]
    first, last = functions.index("train_extractor"), len(functions) - 1 - functions[::-1].index("train_generator")
    assert (first, set(functions[:last])) == (last + 1, {"prepare", "audit", "train_generator"})


def test_adding_a_detector_leaves_all_other_keys():
    before, after = keys(made()), keys(made(detector=[*DETECTORS, {"kind": "linear-pixel"}]))
    assert not changed(before, after)
    assert all("linear-pixel" in name for name in set(after) - set(before))


def test_a_generator_option_changes_its_own_line_only():
    other = [GENERATORS[0], GENERATORS[1] | {"learning_rate": 0.001}]
    touched = changed(keys(made()), keys(made(generator=other)))
    assert {"train_generator two seed 0", "sample two seed 0"} <= touched
    assert all(" two " in f"{name} " for name in touched)


def test_a_detector_option_changes_its_own_cells_only():
    other = [DETECTORS[0], DETECTORS[1] | {"classifier": "svm"}]
    touched = changed(keys(made()), keys(made(detector=other)))
    assert touched
    assert all("spectrum" in name for name in touched)


@pytest.mark.parametrize(
    "protocol", [{"ledger_seed": 1}, {"parts": {"test": 100}}], ids=["ledger-seed", "sizes-of-the-parts"]
)
def test_another_ledger_changes_everything(protocol):
    before = keys(made())
    assert changed(before, keys(made(protocol=protocol))) == set(before)


def test_seeds_and_display_interval_are_in_the_keys():
    before = keys(made())
    assert "train_generator one seed 1" in keys(made(protocol={"generator_seeds": [1]}))
    assert "train_generator one seed 0" in changed(before, keys(made(protocol={"display_interval": 3})))


def test_threads_and_backend_change_every_computed_stage(monkeypatch):
    before = keys(made())
    threads = changed(before, keys(made(protocol={"threads": 2})))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    backend = changed(before, keys(made()))
    computed = {name for name in before if name.split()[0] in {"train_generator", "sample", "train_detector", "score"}}
    assert computed <= threads
    assert computed <= backend


def test_a_library_version_changes_the_keys(monkeypatch):
    before = keys(made())
    real = runtime.version
    monkeypatch.setattr(runtime, "version", lambda name: "0.0" if name == "keras" else real(name))
    assert "train_generator one seed 0" in changed(before, keys(made()))


def test_one_seed_per_cell():
    cells = made(protocol={"generator_seeds": [0, 1], "detector_seeds": [0, 1, 2]}).cells
    assert len(cells) == len({cell.name for cell in cells}) == 4 * 4 * 2 * 3  # controls and sentinels were added


PLUGIN = """
class Mine:
    def fit(self, images, is_fake):
        return self

    def decision_function(self, images):
        return images[:, 0, 0, 0] * {}
"""


def test_a_plugin_file_counts_by_content_and_not_by_place(tmp_path: Path):
    for name, factor in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").write_text(PLUGIN.format(factor))

    def key(folder: str) -> str:
        row = {"kind": f"{tmp_path}/{folder}/mine.py:Mine", "id": "mine"}
        return keys(made(detector=[row]))["train_detector mine seed 0 on one seed 0"]

    assert key("a") == key("b")
    assert key("a") != key("c")


SOURCE = """
from pathlib import Path

from data.sources.digits import Digits


class Plain:
    def load(self, folders, progress=None):
        return Digits(limit=60).load([])


class Strangers(Plain):
    def strangers(self, folders, *, most):
        return None


class Wider(Plain):
    def wider(self, folders):
        return Digits().load([])


class Known(Strangers):
    def fingerprint(self, folders):
        return Path(folders[0], "others.txt").read_text()
"""


def test_a_data_set_with_images_that_load_does_not_give_must_know_all_its_files(tmp_path):
    (tmp_path / "mine.py").write_text(SOURCE)
    (tmp_path / "others.txt").write_text("one")

    def prepared(name: str) -> str:
        values = {"dataset": {"name": f"mine.py:{name}"}, "generator": GENERATORS, "detector": DETECTORS}
        return planning.plan(specs.parse(values), folders=[tmp_path], base=tmp_path).prepared.key

    assert prepared("Plain")
    for name, method in (("Strangers", "strangers"), ("Wider", "wider")):
        with pytest.raises(UserError, match=rf"'mine.py:{name}' has a method {method}, so it needs .* fingerprint"):
            prepared(name)
    before = prepared("Known")
    (tmp_path / "others.txt").write_text("two")
    assert prepared("Known") != before


def test_several_ledger_seeds_plan_everything_for_each_and_leave_the_keys_of_the_first():
    one, two = made(), made(protocol={"ledger_seeds": [0, 7]})
    assert keys(one).items() <= keys(two).items()
    assert [stage.params["ledger_seed"] for stage in two.stages if stage.function == "prepare"] == [0, 7]
    others = {name for name in keys(two) if name not in keys(one)}
    assert all(name.endswith(" ledger 7") for name in others)
    assert {name.removesuffix(" ledger 7") for name in others} >= {
        name for name in keys(one) if not name.startswith(("explain", "spectra"))
    }
    assert len({cell.name for cell in two.cells}) == len(two.cells) == 2 * len(one.cells)
    assert [cell.ledger_seeds for cell in two.cells] == [{0}] * len(one.cells) + [{7}] * len(one.cells)
    alone = made(protocol={"ledger_seed": 7})
    assert {cell.measured.key for cell in alone.cells} == {cell.measured.key for cell in two.splits[1].cells}
    assert keys(made(protocol={"ledger_seeds": [7]})) == keys(alone)


def test_a_detector_that_looks_scores_up_is_asked_for_no_others(tmp_path):
    (tmp_path / "mine.py").write_text(
        "class Listed:\n"
        "    scores_new_images = False\n"
        "    def fit(self, images, is_fake): ...\n"
        "    def decision_function(self, images): ...\n"
    )
    listed = {"kind": f"{tmp_path}/mine.py:Listed", "id": "listed"}
    names = set(keys(made(detector=[DETECTORS[0], listed])))
    assert {"score linear-dct seed 0 on one seed 0", "score listed seed 0 on one seed 0"} <= names
    asked = {name for name in names if name.startswith(("gap ", "format_bias "))}
    assert asked
    assert not any("listed" in name for name in asked)
