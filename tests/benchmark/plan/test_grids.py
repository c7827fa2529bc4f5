"""Grids: one row of a spec stands for every combination of some options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.plan import planner as planning
from benchmark.plan import specs
from benchmark.plan.spec.grids import LONGEST, MOST
from benchmark.results import manifest
from data.errors import UserError
from data.names import safe

BASE = {"dataset": {"name": "digits"}}
FILE = Path(__file__).parents[2] / "plugins" / "foreign.py"


def parsed(changes: tuple[str, ...] = (), what: str = "generator", **row: Any) -> list[specs.PluginSpec]:
    """The rows of one table that a row stands for, less those that every run has."""
    spec = specs.parse(BASE | {what: [{"kind": "dcgan" if what == "generator" else "cnn"} | row]}, changes)
    return [
        one
        for one in getattr(spec, what)
        if one.id not in ("real-copy", "noise", "sentinel-format", "sentinel-content")
    ]


def ids(*changes: str, **row: Any) -> list[str]:
    return [one.id for one in parsed(changes, **row)]


def keys(spec: specs.Spec) -> list[str]:
    plan = planning.plan(spec, folders=[])
    return [stage.key for stage in plan.stages]


def test_one_row_for_each_combination_in_the_order_written():
    rows = parsed(grid={"learning_rate": [0.0002, 0.0003], "depth": [3, 4]}, width=8)
    assert [row.id for row in rows] == [
        "dcgan-learning_rate-0.0002-depth-3", "dcgan-learning_rate-0.0002-depth-4",
        "dcgan-learning_rate-0.0003-depth-3", "dcgan-learning_rate-0.0003-depth-4",
    ]  # fmt: skip
    assert rows[1].options == {"width": 8, "learning_rate": 0.0002, "depth": 4}
    assert rows[1].grid == {"learning_rate": 0.0002, "depth": 4}
    assert all(safe(row.id) == row.id for row in rows), "names of files are the ids as they stand"


def test_rows_stay_where_they_are_in_the_spec():
    rows = [{"kind": "gaussian"}, {"kind": "dcgan", "grid": {"depth": [1, 2]}}, {"kind": "noise"}]
    spec = specs.parse(BASE | {"generator": rows})
    assert [row.id for row in spec.generator] == ["gaussian", "dcgan-depth-1", "dcgan-depth-2", "noise", "real-copy"]
    assert [bool(row.grid) for row in spec.generator] == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "deep", "grid": {"depth": [3]}}, ["deep-depth-3"]),
        ({"grid": {"leaky": [True, False]}}, ["dcgan-leaky-true", "dcgan-leaky-false"]),
        ({"grid": {"loss": ["bce", "hinge"]}}, ["dcgan-loss-bce", "dcgan-loss-hinge"]),
        ({"grid": {"augment": [[], ["flip"], ["flip", "scale"]]}},
         ["dcgan-augment-none", "dcgan-augment-flip", "dcgan-augment-flip_scale"]),
        ({"grid": {"learning_rate": [2e-5, 1e20]}}, ["dcgan-learning_rate-2e-05", "dcgan-learning_rate-1e20"]),
        ({"what": "detector", "kind": "some/mine.py:Mine", "grid": {"a": [1]}}, ["mine.py:Mine-a-1"]),
        ({"what": "detector", "train_on": "all", "grid": {"epochs": [1]}}, ["cnn-all-epochs-1"]),
        ({"what": "detector", "grid": {"train_on": ["each", "all"]}}, ["cnn-train_on-each", "cnn-train_on-all"]),
        ({"grid": {}}, ["dcgan"]),
    ],
)  # fmt: skip
def test_ids_are_readable(row, expected):
    assert ids(**row) == expected


def test_ids_are_safe_short_and_distinct_whatever_the_values():
    paths = ids(kind="folder", grid={"path": ["a/b c", "a_b_c", "=1", "é" * 500, "x" * 500, "x" * 501]})
    assert len(set(paths)) == 6
    assert all(safe(name, 200) == name and len(name.encode()) <= len("folder-") + LONGEST for name in paths)
    mixed = ids(grid={"a": ["x", "x-b-y"], "b": ["y-b-z", "z"]})
    assert len(set(mixed)) == 4
    many = ids(grid={f"option_{i}": [0, 1] for i in range(9)})
    assert len(set(many)) == 512
    assert all(len(name) <= len("dcgan-") + LONGEST for name in many)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"grid": 5}, "'generator.0.grid' in the spec is not usable.*Received: 5"),
        ({"grid": [3]}, "'generator.0.grid' in the spec is not usable"),
        ({"grid": {"depth": 3}}, r"'depth' in the grid of generator 'dcgan' must be a list of values.*Received: 3\."),
        ({"grid": {"depth": {"a": [1]}}}, "must be a list of values"),
        ({"grid": {"depth": []}}, "must have at least one value"),
        ({"grid": {"depth": [3, 4, 3]}}, r"has a value twice. Received: 3 in \[3, 4, 3\]"),
        ({"grid": {"learning_rate": [1, 1.0]}}, "has a value twice"),
        ({"grid": {"augment": [["flip"], ["flip"]]}}, "has a value twice"),
        ({"grid": {"depth": [{"kind": "x"}]}}, "may not have tables"),
        ({"grid": {"depth": [[[{"kind": "x"}]]]}}, "may not have tables"),
        ({"grid": {"depth": [3, 4]}, "depth": 3}, "'depth' in the grid .* stands beside it too.*Received: depth=3"),
        ({"grid": {"kind": ["gaussian"]}}, "'kind' in the grid of generator 'dcgan' is no option"),
        ({"grid": {"id": ["a"]}}, "'id' in the grid of generator 'dcgan' is no option"),
        ({"grid": {"grid": ["a"]}}, "'grid' in the grid of generator 'dcgan' is no option"),
        ({"grid": {name: list(range(11)) for name in "abc"}}, "has 1,331 combinations. Expected at most 1,000"),
        ({"what": "detector", "grid": {"train_on": ["some"]}}, "'each' or 'all'. Received: train_on=some"),
        ({"what": "detector", "train_on": "all", "grid": {"train_on": ["each"]}}, "stands beside it too"),
    ],
)  # fmt: skip
def test_a_grid_that_is_none_is_told_in_one_sentence(row, message):
    with pytest.raises(UserError, match=message) as caught:
        parsed(**row)
    assert "\n" not in str(caught.value)


def test_the_largest_grid_is_one():
    assert len(parsed(grid={"a": list(range(MOST))})) == MOST
    with pytest.raises(UserError, match="at most"):
        parsed(grid={"a": list(range(MOST + 1))})


def test_two_rows_with_one_id_are_told():
    rows = [{"kind": "dcgan", "grid": {"depth": [1, 2]}}, {"kind": "dcgan", "id": "dcgan-depth-2"}]
    with pytest.raises(UserError, match="Two generators are called 'dcgan-depth-2'"):
        specs.parse(BASE | {"generator": rows})


def test_an_unknown_option_or_value_names_the_row():
    for what, grid, message in (
        ("generator", {"dpth": [1]}, "Unknown option 'dpth' of generator 'dcgan-dpth-1'. Did you mean 'depth'"),
        ("generator", {"depth": [1, 99]}, "Option 'depth' of generator 'dcgan-depth-99' must be .*Received: depth=99"),
        ("detector", {"epoch": [1]}, "Unknown option 'epoch' of detector 'cnn-epoch-1'"),
    ):
        kind = "dcgan" if what == "generator" else "cnn"
        with pytest.raises(UserError, match=message):
            planning.plan(specs.parse(BASE | {what: [{"kind": kind, "grid": grid}]}), folders=[])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["generator.dcgan.grid={depth=[3, 4]}"], ["dcgan-depth-3", "dcgan-depth-4"]),
        (["generator.dcgan.grid.depth=[5]"], ["dcgan-depth-5"]),
        (["generator.*.grid.depth=[5, 6]"], ["dcgan-depth-5", "dcgan-depth-6"]),
        (["generator.dcgan.grid.ema=[1.5]"], ["dcgan-depth-1-ema-1.5", "dcgan-depth-2-ema-1.5"]),
        (["generator.dcgan.id=deep"], ["deep-depth-1", "deep-depth-2"]),
        (["generator.dcgan.grid={}", "generator.dcgan.depth=3"], ["dcgan"]),
    ],
)
def test_changes_of_the_command_line_come_before_the_grid(changes, expected):
    assert ids(*changes, grid={"depth": [1, 2]}) == expected


def test_a_change_reaches_all_rows_of_a_grid():
    assert [row.options["epochs"] for row in parsed(("generator.dcgan.epochs=2",), grid={"depth": [1, 2]})] == [2, 2]
    with pytest.raises(UserError, match="stands beside it too"):
        parsed(("generator.dcgan.depth=2",), grid={"depth": [1, 2]})
    with pytest.raises(UserError, match="'grid' is not a table"):
        parsed(("generator.dcgan.grid.depth=[2]",), grid=5)


def test_a_row_of_a_grid_has_the_keys_of_one_by_hand():
    def both(generator: list[dict[str, Any]], detector: list[dict[str, Any]]) -> list[str]:
        return keys(specs.parse(BASE | {"generator": generator, "detector": detector}))

    small = {"kind": "dcgan", "architecture": "small"}
    svm = {"kind": "sklearn.svm:SVC"}
    by_grid = both([small | {"grid": {"ema": [0.5, 1.5]}}], [svm | {"grid": {"C": [1.0, 2.0]}}])
    by_hand = both(
        [small | {"id": "dcgan-ema-0.5", "ema": 0.5}, small | {"id": "other", "ema": 1.5}],
        [svm | {"id": "one", "C": 1.0}, svm | {"id": "two", "C": 2.0}],
    )
    assert by_grid == by_hand
    assert len(set(by_grid)) > len(set(both([small], [svm])))


def test_plugin_files_and_scikit_learn_have_grids(tmp_path):
    (tmp_path / "mine.py").write_text(
        FILE.read_text().replace(
            "class Contrast:", "class Contrast:\n    def __init__(self, bins=1): self.bins = bins\n"
        )
    )
    detectors = [
        {"kind": "mine.py:Contrast", "grid": {"bins": [1, 2]}},
        {"kind": "sklearn.neural_network:MLPClassifier", "grid": {"hidden_layer_sizes": [[8], [8, 8]]}},
    ]
    spec = specs.parse(BASE | {"generator": [{"kind": "gaussian"}], "detector": detectors})
    plan = planning.plan(spec, folders=[], base=tmp_path)
    found = {row.id: row for row in plan.detectors if row.grid}
    assert list(found) == [
        "mine.py:Contrast-bins-1", "mine.py:Contrast-bins-2",
        "sklearn.neural_network:MLPClassifier-hidden_layer_sizes-8",
        "sklearn.neural_network:MLPClassifier-hidden_layer_sizes-8_8",
    ]  # fmt: skip
    assert [row.options for row in found.values()] == [
        {"bins": 1}, {"bins": 2}, {"hidden_layer_sizes": [8]}, {"hidden_layer_sizes": [8, 8]},
    ]  # fmt: skip
    assert manifest._plugin(found["mine.py:Contrast-bins-2"])["grid"] == {"bins": 2}
    assert "grid" not in manifest._plugin(plan.generators[0])


def test_a_resolved_spec_says_its_grids_and_is_one_again():
    spec = specs.parse(BASE | {"generator": [{"kind": "dcgan", "grid": {"augment": [["flip"], []], "depth": [1]}}]})
    resolved = spec.resolved()
    assert [row.get("grid") for row in resolved["generator"]] == [
        {"augment": ["flip"], "depth": 1}, {"augment": [], "depth": 1}, None, None,
    ]  # fmt: skip
    assert resolved["generator"][0]["augment"] == ["flip"]
    assert not any("grid" in row for row in resolved["detector"])
    assert specs.parse(resolved).resolved() == resolved
