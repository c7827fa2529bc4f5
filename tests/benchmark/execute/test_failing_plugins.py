"""Plug-ins that fail cost their own cells only, visibly; foreign and scikit-learn classes work as they are."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.cli import main as cli
from benchmark.plan import specs
from benchmark.use import api

pytestmark = pytest.mark.slow  # networks are trained

PLUGINS = Path(__file__).parents[2] / "plugins"
FAILING, FOREIGN = PLUGINS / "failing.py", PLUGINS / "foreign.py"
CONTROLS = {"real-copy", "noise"}
SENTINELS = {"sentinel-format", "sentinel-content"}

DETECTORS = {
    "RaisesInFit": "RuntimeError: no idea how to learn this",
    "ExitsInFit": "SystemExit: 3",
    "RaisesInDecision": "MemoryError",
    "Nan": "decision_function must give finite numbers. Received: 1 of",
    "WrongShape": "decision_function must give an array of shape",
    "TwoColumns": "decision_function must give an array of shape",
    "Words": "ValueError: could not convert string to float",
    "Constant": "Scores must differ between images. Received: ",
    "NoProbabilities": "predict_proba must give values in [0, 1]",
}
EXPLANATIONS = {
    "ExplainRaises": "RuntimeError: no words for it",
    "ExplainWrongShape": "explain must give an array of shape",
}
GENERATORS = {
    "GeneratorRaisesInFit": "ValueError: these are no cats",
    "GeneratorRaisesInSample": "ValueError: out of ideas",
    "GeneratorGivesFloats": "must give uint8",
    "GeneratorGivesTooFew": "must give uint8",
}


def spec(generators: list[dict], detectors: list[dict], **more: object) -> specs.Spec:
    return specs.parse(
        {
            "name": "tiny",
            "dataset": {"name": "digits", "limit": 240},
            "quality": {"enabled": False},
            "generator": generators,
            "detector": detectors,
            **more,
        }
    )


def rows(file: Path, *names: str) -> list[dict]:
    return [{"id": name, "kind": f"{file}:{name}"} for name in names]


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """One run with every failing detector and generator, and with good ones."""
    generators = rows(FAILING, "Grey", "GeneratorMutates", *GENERATORS)
    detectors = rows(FAILING, "Good", "Mutates", "Explains", "ExplainsNothing", *EXPLANATIONS, *DETECTORS)
    return api.run(spec(generators, detectors), out=tmp_path_factory.mktemp("runs") / "failed")


@pytest.mark.parametrize("detector", DETECTORS)
def test_failing_detector_costs_its_own_cells(failed: api.Run, detector: str) -> None:
    mine = failed.cells[failed.cells["detector"] == detector]
    assert set(mine["generator"]) == {"Grey", "GeneratorMutates", *GENERATORS, *CONTROLS}
    for row in mine.itertuples():
        assert row.status == "failed"
        assert (GENERATORS.get(row.generator) or DETECTORS[detector]) in row.error
        assert "\n" not in row.error
        raised = row.generator if row.generator in GENERATORS else detector
        if "RaisesIn" in raised:  # the line of its own that raised
            assert re.search(r"\(failing\.py:\d+\)", row.error), row.error
    assert not failed.scores["cell"].isin(mine["cell"]).any()
    assert not failed.metrics["cell"].isin(mine["cell"]).any()


@pytest.mark.parametrize("generator", GENERATORS)
def test_failing_generator_costs_its_own_cells(failed: api.Run, generator: str) -> None:
    mine = failed.cells[failed.cells["generator"] == generator]
    assert set(mine["detector"]) == {
        "Good",
        "Mutates",
        "Explains",
        "ExplainsNothing",
        *EXPLANATIONS,
        *DETECTORS,
        *SENTINELS,
    }
    assert (mine["status"] == "failed").all()
    assert mine["error"].str.contains(GENERATORS[generator], regex=False).all()


def test_the_other_cells_are_there(failed: api.Run) -> None:
    others = failed.cells[~failed.cells["detector"].isin(DETECTORS) & ~failed.cells["generator"].isin(GENERATORS)]
    assert len(others) == 4 * 8
    assert (others["status"] == "done").all()
    assert others["error"].isna().all()
    assert set(failed.scores["cell"]) == set(others["cell"])


@pytest.mark.parametrize("detector", EXPLANATIONS)
def test_a_failing_explanation_costs_nothing_else(failed: api.Run, detector: str) -> None:
    mine = [row for row in failed.failures if f" {detector} " in row["stage"]]
    assert [row["stage"] for row in mine] == [
        f"explain {detector} seed 0 on {g} seed 0" for g in ("Grey", "GeneratorMutates")
    ]
    assert all(EXPLANATIONS[detector] in row["error"] and row["cell"] is None for row in mine)
    cells = failed.cells[(failed.cells["detector"] == detector) & ~failed.cells["generator"].isin(GENERATORS)]
    assert list(cells["status"]) == ["done"] * 4
    index = pd.read_csv(failed.folder / "explanations" / "index.csv")
    assert detector not in set(index["detector"])


def test_what_is_explained_and_what_is_only_picked(failed: api.Run) -> None:
    folder = failed.folder / "explanations"
    index = pd.read_csv(folder / "index.csv").set_index(["generator", "detector", "kind"])
    good = index.loc["Grey"]
    assert set(good.loc["Explains"].index) == {"picks", "heat", "means"}
    assert set(good.loc["Good"].index) == set(good.loc["ExplainsNothing"].index) == {"picks"}
    assert "Constant" not in good.index, "its cell has failed"
    assert not set(index.index.get_level_values("generator")) & (CONTROLS | set(GENERATORS))
    table = pd.read_csv(folder / "picks.csv").query("generator == 'Grey' and detector == 'Explains'")
    maps = np.load(folder / good.loc[("Explains", "heat"), "data"])
    scores = table["score"].to_numpy()
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), scores, err_msg="a map is of its own image")
    kept = failed.scores.set_index(["cell", "image_id"])["score"]
    assert [kept["Grey/0/Explains/0", name] for name in table["image_id"]] == list(scores)


def test_the_manifest_names_each_failure_once(failed: api.Run) -> None:
    stages = [row["stage"] for row in failed.failures]
    assert len(stages) == len(set(stages)) > 0
    assert all(row["error"] and "Traceback" in row["traceback"] for row in failed.failures)
    statuses = pd.Series([row["status"] for row in failed.manifest["stages"]])
    assert set(statuses) == {"done", "failed", "skipped"}


def test_the_report_shows_why(failed: api.Run) -> None:
    from reports.page import write

    page = write(failed.folder).read_text(encoding="utf-8")
    for name in (*DETECTORS, *GENERATORS):
        assert name in page
    for words in ("no idea how to learn this", "these are no cats", "out of ideas"):
        assert words in page


def test_a_plugin_that_destroys_its_inputs_harms_nobody(failed: api.Run, tmp_path: Path) -> None:
    """Cells beside it are those of a run without it."""
    alone = api.run(spec(rows(FAILING, "Grey"), rows(FAILING, "Good")), out=tmp_path / "alone")
    for cell in alone.cells["cell"]:
        mine, theirs = (run.scores[run.scores["cell"] == cell].drop(columns="cell") for run in (alone, failed))
        pd.testing.assert_frame_equal(mine.reset_index(drop=True), theirs.reset_index(drop=True))
    mutated, good = (
        failed.scores[failed.scores["cell"] == f"Grey/0/{name}/0"]["score"].to_numpy() for name in ("Mutates", "Good")
    )
    np.testing.assert_array_equal(mutated, good)  # it ranks by pixels that it had set to 0 in its training


def test_exit_code_and_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.toml").write_text(
        'name = "tiny"\n[dataset]\nname = "digits"\nlimit = 150\n[quality]\nenabled = false\n'
        f'[[detector]]\nid = "bad"\nkind = "{FAILING}:ExitsInFit"\n[[detector]]\nid = "fine"\nkind = "{FAILING}:Good"\n'
    )
    monkeypatch.setattr(sys, "argv", ["fauxbench", "run", "spec.toml"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert "FAILED: SystemExit: 3" in shown.err
    assert "Traceback" not in shown.err + shown.out
    assert "2 of 8 cells failed" in shown.out


def test_a_failure_is_not_cached(tmp_path: Path) -> None:
    """The same code again, when what it lacked is there; and other code in the same file."""
    flag, file = tmp_path / "licence", tmp_path / "mine.py"
    code = (
        "from pathlib import Path\n"
        "class Mine:\n"
        "    def fit(self, images, is_fake):\n"
        f"        assert Path({str(flag)!r}).exists(), 'no licence'\n"
        "    def decision_function(self, images):\n"
        "        return images.reshape(len(images), -1).mean(axis=1)\n"
    )
    file.write_text(code)
    chosen = spec([], rows(file, "Mine"))

    def run() -> api.Run:
        return api.run(chosen, out=tmp_path / "run")

    def statuses() -> dict[str, set[str]]:
        kinds: dict[str, set[str]] = {}
        for row in run().manifest["stages"]:
            kinds.setdefault("mine" if "Mine" in row["id"] else "others", set()).add(row["status"])
        return kinds

    assert statuses() == {"others": {"done"}, "mine": {"failed", "skipped"}}
    assert statuses() == {"others": {"cached"}, "mine": {"failed", "skipped"}}
    flag.touch()
    assert statuses() == {"others": {"cached"}, "mine": {"done"}}
    flag.unlink()
    file.write_text(code.replace("assert Path", "True or Path"))
    assert statuses() == {"others": {"cached"}, "mine": {"done"}}
    assert run().failures == []
    assert set(run().cells["status"]) == {"done"}


# -- classes that need no adaptation ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    generators = [
        *rows(FOREIGN, "Shuffled"),
        {"id": "mixture", "kind": "sklearn.mixture:GaussianMixture", "n_components": 3, "covariance_type": "diag"},
    ]
    detectors = [
        *rows(FOREIGN, "Contrast"),
        {"id": "forest", "kind": "sklearn.ensemble:RandomForestClassifier", "n_estimators": 40},
        {"id": "margin", "kind": "sklearn.svm:LinearSVC"},
        *rows(FAILING, "OnlyProbabilities"),
    ]
    return api.run(spec(generators, detectors), out=tmp_path_factory.mktemp("runs") / "foreign")


def metric(run: api.Run, cell: str) -> Callable[[str], pd.Series]:
    table = run.metrics[(run.metrics["cell"] == cell) & (run.metrics["scope"] == "cell")].set_index("metric")
    return lambda name: table.loc[name]


def test_foreign_classes_work(foreign: api.Run) -> None:
    assert foreign.failures == []
    assert set(foreign.cells["status"]) == {"done"}
    assert len(foreign.cells) == 4 * 6


@pytest.mark.parametrize("cell", ["Shuffled/0/Contrast/0", "Shuffled/0/margin/0"])
def test_without_probabilities_what_needs_them_is_not_defined(foreign: api.Run, cell: str) -> None:
    of = metric(foreign, cell)
    assert 0 <= of("auc")["value"] <= 1
    for name in ("brier", "nll", "ece", "accuracy_at_half"):
        assert np.isnan(of(name)["value"])
        assert "not defined" in of(name)["note"]
    assert foreign.scores[foreign.scores["cell"] == cell]["probability"].isna().all()


@pytest.mark.parametrize("cell", ["Shuffled/0/forest/0", "Shuffled/0/OnlyProbabilities/0"])
def test_probabilities_alone_are_ranked_by(foreign: api.Run, cell: str) -> None:
    of, mine = metric(foreign, cell), foreign.scores[foreign.scores["cell"] == cell]
    np.testing.assert_array_equal(mine["score"], mine["probability"])
    assert 0 <= of("brier")["value"] <= 1
    assert 0 <= of("auc")["low"] <= of("auc")["value"] <= of("auc")["high"] <= 1


def test_the_forest_learned_something(foreign: api.Run) -> None:
    """Pixels drawn independently are no digits: the column of the fakes was not mixed up with that of the reals."""
    assert metric(foreign, "Shuffled/0/forest/0")("auc")["value"] > 0.7
    assert metric(foreign, "noise/0/forest/0")("auc")["value"] > 0.95


def test_the_mixtures_images_lie_on_the_reals_grid(foreign: api.Run) -> None:
    checks = foreign.audit.set_index("name")
    assert checks.loc["value-grid / mixture seed 0", "verdict"] == "note"  # it was moved onto the grid, and says so
    assert checks.loc["value-grid / Shuffled seed 0", "verdict"] == "pass"


def test_the_random_state_is_passed_on(foreign: api.Run, tmp_path: Path) -> None:
    detectors = [{"id": "forest", "kind": "sklearn.ensemble:RandomForestClassifier", "n_estimators": 10}]
    chosen = spec(rows(FOREIGN, "Shuffled"), detectors, protocol={"detector_seeds": [0, 1]})
    first = api.run(chosen, out=tmp_path / "a", store=tmp_path / "a-store")
    second = api.run(chosen, out=tmp_path / "b", store=tmp_path / "b-store")
    pd.testing.assert_frame_equal(first.scores, second.scores)
    scores = [first.scores[first.scores["cell"] == f"Shuffled/0/forest/{seed}"]["score"].to_numpy() for seed in (0, 1)]
    assert (scores[0] != scores[1]).any()
